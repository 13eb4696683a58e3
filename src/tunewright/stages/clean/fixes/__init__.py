"""The shelf of fixes: one file mends one kind of defect."""
