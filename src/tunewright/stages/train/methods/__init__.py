"""Training methods: one file is one recipe."""
