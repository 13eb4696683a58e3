"""What a run writes down and obeys: checkpoints, events, its curve, what a person asks of it, and who is told."""
