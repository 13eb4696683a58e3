"""The shelf of baselines: one file is one way to answer without tuning."""
