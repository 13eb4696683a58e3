"""Pre-trained models and what runs them: files, tokenizers, chats, encoders, and models that write."""
