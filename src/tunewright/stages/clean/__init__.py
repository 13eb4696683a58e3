"""The clean stage: safe fixes, each an edit with a reason, on a new version of the data."""
