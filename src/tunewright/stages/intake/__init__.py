"""The intake room: the user's file becomes rows that keep their line numbers."""
