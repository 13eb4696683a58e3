"""tunewright.yaml as one frozen value, composed from the settings that each stage declares."""
