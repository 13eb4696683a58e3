"""What a model is fed: rows, chats with their trained tokens, packed or padded, in the order of the steps."""
