"""The intake stage: the user's file becomes rows that keep their line numbers."""
