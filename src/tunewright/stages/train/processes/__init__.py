"""Training in a process of its own, or in several that hold the rows or the model together."""
