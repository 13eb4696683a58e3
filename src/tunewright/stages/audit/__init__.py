"""The audit room: what is wrong with the rows, row by row, and one score."""
