"""Metrics: one file measures one thing about a system's answers."""
