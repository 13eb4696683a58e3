"""One small plugin for each of Tunewright's groups."""
