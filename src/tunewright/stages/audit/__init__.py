"""The audit stage: what is wrong with the rows, row by row, and one score."""
