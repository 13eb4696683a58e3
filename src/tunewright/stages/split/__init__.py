"""The split stage: train, validation and test, with nothing known on both sides."""
