"""The plugin folder of fixes: one file mends one kind of defect."""
