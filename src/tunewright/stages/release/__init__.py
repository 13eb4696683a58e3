"""The release stage: a candidate becomes a bundle with its proof."""
