"""The shelf of checks: one file finds one kind of defect."""
