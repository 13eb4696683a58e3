"""Writes the pages below ``docs/`` from the code: ``make docs``."""
