"""The train stage: a plan carried out, from a pre-trained model to a candidate that answers."""
