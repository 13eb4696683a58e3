"""Programs that made or check parts of the package; none of them is in the wheel."""
