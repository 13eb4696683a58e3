"""tunewright.yaml as one frozen value, composed from each room's own settings."""
