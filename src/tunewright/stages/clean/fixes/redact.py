"""Replace personal data by the name of its kind, such as [EMAIL].

For findings whose rows are spans (`column`, `start`, `end`, `type`). What the text says stays readable, and nobody
can be told apart; to keep people apart without naming them, take surrogate.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.spans import label_of, replaced, spans

STAGE = 1
SAFE = False


class Options(Frozen):
    """Nothing to choose."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """A replacement for each span of the finding."""
    parts = spans(corpus, finding)
    kinds = parts["type"].unique().sort().to_list()
    names = [f"[{label_of(kind)}]" for kind in kinds]
    return replaced(parts.with_columns(value=pl.col("type").replace_strict(kinds, names, return_dtype=pl.String)))
