"""Which texts are alike: exact, near and semantic copies, neighbors, domains, and the vectors that show it."""
