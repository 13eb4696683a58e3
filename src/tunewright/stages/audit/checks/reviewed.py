"""Rows that a person read and called defective, or gave another label or answer.

What a person said of a row holds while the row says what it said then: an edited row is judged anew. Kinds:
``defective`` rows are dropped by cleaning; ``label`` and ``answer`` hold what most reviewers of the row wrote instead,
which cleaning puts there. All three block: a model must not learn what people have read and refused.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen


class Options(Frozen):
    """Nothing to choose."""


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Reviewed rows that are not fine as they are, with who said so."""
    reviews = corpus.context.reviews
    if reviews is None:
        raise NotChecked("nobody has reviewed rows yet; `tunewright review sample` draws some for people to read")
    rows = corpus.scan("row", "example_id", "content_digest", "label", "answer").collect()
    defective = rows.join(reviews, on=["example_id", "content_digest"]).filter(pl.col("verdict") == "defective")
    note = pl.when(pl.col("note").fill_null("") != "").then(pl.format(": {}", "note")).otherwise(pl.lit(""))
    defective = defective.with_columns(seen=pl.format("reviewed by {}{}", "reviewer", note))
    by_kind = {
        "label": defective.filter(pl.col("new_label").is_not_null()).select(
            "row", "label", "new_label", "reviewer", "seen"
        ),
        "answer": defective.filter(pl.col("new_answer").is_not_null()).select("row", "new_answer", "reviewer", "seen"),
        "defective": defective.filter(pl.col("new_label").is_null() & pl.col("new_answer").is_null()).select(
            "row", "reviewer", "seen"
        ),
    }
    message = {
        "label": "labelled {label!r}; {reviewer} says {new_label!r}",
        "answer": "{reviewer} wrote another answer",
        "defective": "defective, {seen}",
    }
    return tuple(
        Finding.of(
            frame,
            check="reviewed",
            kind=kind,
            message=message[kind],
            fix="drop" if kind == "defective" else "relabel",
        )
        for kind, frame in by_kind.items()
        if frame.height
    )
