"""The review stage: what people say about a sample of the rows, and what that says about all of them."""
