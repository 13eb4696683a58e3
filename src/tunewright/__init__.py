"""Tunewright takes a business from raw tickets to a proven, packaged fine-tuned model."""

__version__ = "0.1.0"
