"""The release room: a candidate becomes a bundle with its proof."""
