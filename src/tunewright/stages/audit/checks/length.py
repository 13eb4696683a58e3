"""Rows longer than the model to be tuned will read, and rows that leave it nothing to learn from.

Counted with that model's own tokenizer and, for a causal model, in its own chat template, exactly as training does.
An encoder's text is cut at its limit (kind ``cut``). A causal model's row is left out when it is too long
(``too_long``; cutting would teach it to stop in the middle of an answer), and its loss is taken on answers alone:
``nothing_trained`` is a row without a token of one, ``not_rendered`` one that the template refuses or shows otherwise,
``answers_skipped`` one whose earlier answers the template no longer shows as they were given. ``tokens`` tells how the
lengths are spread.
"""

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding, NotChecked, Severity
from tunewright.core.frozen import Frozen
from tunewright.models.token_counts import TokenCounts, reads_prompts, token_counts

NEEDS = ("transformers", "tokenizers")
EXTRA = "train"
#: The model cannot be had here: the bundled one is not installed, or a name is no folder and not on the Hub.
NOT_HERE = {"E-TRAIN-001", "E-TRAIN-003"}


class Options(Frozen):
    """Nothing to choose: the limit is that of the training method, ``train.options.max_tokens``."""


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows that training will cut or leave out, and how long all of them are."""
    target = corpus.context.target
    if target is None:
        raise NotChecked("no model to tune is named; give it with train.base, and rows are counted in its tokens")
    try:
        counts = token_counts(corpus, target)
    except UserError as missing:
        if missing.code not in NOT_HERE:
            raise
        raise NotChecked(f"{missing.what} {missing.fix}") from missing
    counted = counts.rows.drop_nulls("tokens")
    findings = [_cut(counts)] if reads_prompts(target) else _left_out(counts)
    return (*(finding for finding in findings if finding.rows), *([_spread(counts)] if counted.height else []))


def _cut(counts: TokenCounts) -> Finding:
    tokens = pl.col("tokens")
    return _finding(
        counts.rows.filter(tokens > counts.limit).select(
            "row", "tokens", limit=pl.lit(counts.limit), lost=1 - counts.limit / tokens
        ),
        "cut",
        "warning",
        "is {tokens} tokens long and read up to token {limit}: the last {lost:.0%} of it is lost",
    )


def _left_out(counts: TokenCounts) -> list[Finding]:
    rows, limit = counts.rows, counts.limit
    trained, tokens = pl.col("trained"), pl.col("tokens")
    return [
        _finding(
            rows.filter((trained > 0) & (tokens > limit)).select(
                "row", "tokens", limit=pl.lit(limit), answer="trained", answer_beyond="lost"
            ),
            "too_long",
            "warning",
            "is {tokens} tokens long and {limit} are read, so it is left out of training "
            "({answer_beyond} of its answer's {answer} tokens are beyond)",
        ),
        _finding(
            rows.filter(trained == 0).select("row", "tokens"),
            "nothing_trained",
            "blocking",
            "has no answer to learn from: none of its {tokens} tokens is trained",
        ),
        _finding(
            rows.drop_nulls("refused").select("row", why="refused"),
            "not_rendered",
            "blocking",
            "{why}",
        ),
        _finding(
            rows.filter(pl.col("skipped") > 0).select("row", answers="skipped"),
            "answers_skipped",
            "info",
            "{answers} earlier answers are not trained: the chat template shows them otherwise once the chat goes on",
        ),
    ]


def _finding(rows: pl.DataFrame, kind: str, severity: Severity, message: str) -> Finding:
    return Finding.of(rows, check="length", kind=kind, severity=severity, message=message)


def _spread(counts: TokenCounts) -> Finding:
    """A statement of how long the rows are; a quantile is the smallest length that this share of rows keeps to."""
    tokens = counts.rows["tokens"].drop_nulls()

    def within(share: float) -> int:
        return int(tokens.quantile(share, "higher") or 0)

    over = int((tokens > counts.limit).sum())
    return Finding.about(
        check="length",
        kind="tokens",
        severity="info",
        message=(
            "half of the rows are within {median} tokens, 95 % within {p95}, 99 % within {p99}, the longest is {max}; "
            "{share_over:.1%} are over the {limit} that are read"
        ),
        facts={
            "rows": len(tokens),
            "median": within(0.5),
            "p95": within(0.95),
            "p99": within(0.99),
            "max": int(tokens.max() or 0),  # type: ignore[arg-type]
            "limit": counts.limit,
            "over": over,
            "share_over": over / len(tokens),
            "total": int(tokens.sum()),
        },
    )
