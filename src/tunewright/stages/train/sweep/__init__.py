"""Which rank of adapters is worth training: the runs, the search among them, and its settings."""
