"""Computing fast on one GPU: products, attention and loss of a model with a frozen base, and what of a step is kept."""
