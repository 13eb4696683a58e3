"""The plan room: what will be trained, how, and at what cost, before anything is spent."""
