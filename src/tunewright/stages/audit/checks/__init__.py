"""The plugin folder of checks: one file finds one kind of defect."""
