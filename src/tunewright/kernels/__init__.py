"""Compiled loops over text; imported only by what is about to run them, because numba is slow to load."""
