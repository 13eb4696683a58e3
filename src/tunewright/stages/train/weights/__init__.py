"""What is trained and what it is written as: adapters, 4- and 8-bit bases, grids, and merges with their proof."""
