"""What several processes that train together need of each other: who they are, sums over all, a divided model."""
