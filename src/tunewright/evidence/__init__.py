"""What several rooms need to know of a corpus, computed once and kept by content."""
