"""The stages of a run; each folder is one, and none imports another."""
