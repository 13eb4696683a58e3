"""Baselines: one file is one way to answer without tuning."""
