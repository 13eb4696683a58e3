"""Rewrite dates as YYYY-MM-DD where day and month can be told.

The order is decided for each place, source and separator from all rows of the data, never from one date, and never
guessed: dates of an ambiguous or conflicting order, of two-digit years and of no calendar day stay as they were
written. Off until it is asked for: a model whose users write "3/4/2025" should learn from texts that do.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.text.dates import calendar, rewritten, with_orders, written_dates
from tunewright.text.fields import sourced_texts

STAGE = 2.8
SAFE = False


class Options(Frozen):
    """Nothing to choose."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """New texts wherever the places and sources of the finding have dates that can be told.

    The rows of the commonest format are rewritten too: a source is consistent when all of it is.
    """
    every = sourced_texts(corpus)
    dates = calendar(with_orders(written_dates(every)))
    named = [name for name in ("column", "source") if name in finding.frame.columns]
    on: list[str] = [*named] or ["row"]
    wanted = every.join(finding.frame.select(on).unique(), on=on, how="semi", nulls_equal=True, maintain_order="left")
    return rewritten(wanted, dates).select(
        "row",
        "column",
        "value",
        action=pl.lit("replace"),
        reason=pl.lit("dates written as year-month-day; their order is decided by the whole source"),
    )
