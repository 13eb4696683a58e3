"""Mirrors of a run's figures to other programs: one file adds one; none is needed."""
