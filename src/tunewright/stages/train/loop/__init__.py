"""The loop that fits a model: its job, its trainer, and what comes after each step."""
