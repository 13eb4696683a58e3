"""The report room: one HTML file that a manager can forward."""
