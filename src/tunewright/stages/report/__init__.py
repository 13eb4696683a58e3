"""The report stage: one HTML file that a manager can forward."""
