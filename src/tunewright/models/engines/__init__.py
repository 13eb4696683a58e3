"""Engines: one file is one way to have a model answer."""
