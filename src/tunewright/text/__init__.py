"""Texts and nothing but texts: how they are made comparable, what damages them, and what they claim."""
