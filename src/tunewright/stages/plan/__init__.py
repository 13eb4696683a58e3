"""The plan stage: what will be trained, how, and at what cost, before anything is spent."""
