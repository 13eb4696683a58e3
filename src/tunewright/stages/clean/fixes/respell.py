"""One spelling for a class that is written in several ways: the commonest one.

"Card Arrival", "card_arrival" and "card-arrival" are three classes to a model. The check has already decided which
spelling each row gets (`new_label`); an answer that was the label follows it.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.fixes import relabel

STAGE = 3


class Options(Frozen):
    """Nothing to choose."""


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """The commonest spelling for each row that has another."""
    return relabel.fix(corpus, finding, relabel.Options()).with_columns(
        reason=pl.lit("spelled like most rows of its class")
    )
