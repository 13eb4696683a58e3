"""How the tagger of names, places and addresses was trained: sentences of ours, invented values, a perceptron."""
