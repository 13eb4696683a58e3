"""The split room: train, validation and test, with nothing known on both sides."""
