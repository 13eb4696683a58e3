"""Which row stays for each copy, followed to its end."""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding


def copies(corpus: Corpus, finding: Finding) -> pl.DataFrame:
    """`row`, `kept`, `kept_line`: copies that may go and the row that stays for each.

    A copy of a copy goes for the row at the end of the chain; of rows that name each other, the earliest stays. Rows
    whose label is not that of the row that would stay are in no line: which of them is right, a person decides.
    """
    pairs = finding.frame.select("row", kept="other").drop_nulls().unique("row", keep="first", maintain_order=True)
    rows = corpus.scan("row", "label", "line").collect()
    pairs = pairs.join(rows.select("row"), on="row", how="semi").join(
        rows.select(kept="row"), on="kept", how="semi", maintain_order="left"
    )
    followed = _followed(pairs)
    labelled = followed.join(rows.select("row", "label"), on="row", how="left").join(
        rows.select(kept="row", kept_label="label", kept_line="line"), on="kept", how="left"
    )
    return (
        labelled.filter(pl.col("label").eq_missing(pl.col("kept_label"))).select("row", "kept", "kept_line").sort("row")
    )


def _followed(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each pair with the end of its chain; rows that stay for themselves are left out."""
    # A link never points forward, so every chain ends, and at the earliest row that it reaches.
    backward = pairs.select(row=pl.max_horizontal("row", "kept"), kept=pl.min_horizontal("row", "kept")).filter(
        pl.col("row") != pl.col("kept")
    )
    links = backward.sort("row", "kept").unique("row", keep="first", maintain_order=True)
    while True:
        jumped = links.join(links.select(kept="row", further="kept"), on="kept", how="left", maintain_order="left")
        if jumped["further"].null_count() == jumped.height:
            return links
        links = jumped.select("row", kept=pl.coalesce("further", "kept"))
