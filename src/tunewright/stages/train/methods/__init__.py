"""The shelf of training methods: one file is one recipe."""
