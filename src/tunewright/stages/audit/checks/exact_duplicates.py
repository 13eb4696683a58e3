"""Rows that repeat an earlier row once case, spaces and punctuation are put aside.

Kinds: ``both`` repeats prompt and answer or label, and blocks: it adds nothing and would leak across the split.
``prompt`` repeats only the prompt (the conflicts check judges those), ``answer`` only the answer; both are counted for
information, since tickets may well ask the same and a desk may well answer the same.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.similarity.exact import Side, exact_groups


class Options(Frozen):
    """Which sides are compared."""

    sides: tuple[Side, ...] = Field(("both", "prompt", "answer"), description="Sides compared: both, prompt, answer.")


MESSAGES = {
    "both": "repeats line {other_line}, answer and all",
    "prompt": "asks the same as line {other_line}",
    "answer": "answers the same as line {other_line}",
}


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Copies of earlier rows, each with the row and the line that it repeats."""
    lines = corpus.scan("row", "line").collect()
    whole = _copies(corpus, "both", lines)
    findings = []
    for side in options.sides:
        copies = whole if side == "both" else _copies(corpus, side, lines).join(whole, on="row", how="anti")
        if copies.height:
            findings.append(
                Finding.of(
                    copies,
                    check="exact_duplicates",
                    kind=side,
                    severity="blocking" if side == "both" else "info",
                    message=MESSAGES[side],
                    fix="keep_one" if side == "both" else None,
                )
            )
    return tuple(findings)


def _copies(corpus: Corpus, side: Side, lines: pl.DataFrame) -> pl.DataFrame:
    groups = exact_groups(corpus, side).filter(pl.col("row") != pl.col("representative"))
    return groups.join(lines, left_on="representative", right_on="row", how="left", maintain_order="left").select(
        "row", other="representative", other_line="line"
    )
