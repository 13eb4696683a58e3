"""Which classes are taken for which: a heat map of the classes most confused, and the pairs in a table."""

import polars as pl

from tunewright.core.scorecard import Scorecard
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.page import Cell, Column, Figure, Quote, Table
from tunewright.stages.report.redact import label
from tunewright.stages.report.sections.data import distinct

CLASSES = 12


def figure(card: Scorecard) -> Figure | None:
    """The confusion matrix of at most ``CLASSES`` classes, each row as shares of that class."""
    pairs = _answer_pairs(card)
    if pairs.is_empty() or not card.classes:
        return None
    keys = _most_confused(card, pairs)
    if len(keys) < 2:
        return None
    names = dict(zip(keys, distinct([label(key) for key in keys]), strict=True))
    support = {scores.label: scores.support for scores in card.classes}
    counts = {(truth, predicted): n for truth, predicted, n in pairs.rows()}
    rows: list[dict[str, object]] = []
    for truth in keys:
        for predicted in keys:
            n = counts.get((truth, predicted), 0)
            part = n / support[truth] if support.get(truth) else 0.0
            # A tenth of a class going astray must be seen; drawn to the same scale as the diagonal it is not.
            shade = part if truth == predicted or not n else min(0.5, 0.1 + 2 * part)
            text = str(n) if n else ""
            rows.append({"truth": names[truth], "predicted": names[predicted], "shade": shade, "text": text})
    whole = (
        f"the {len(keys)} most confused of {len(card.classes)} classes"
        if len(card.classes) > len(keys)
        else "all classes"
    )
    worst = max(((k, n) for k, n in counts.items() if k[0] != k[1]), key=lambda item: (item[1], item[0]), default=None)
    worst_text = ""
    if worst:
        (truth, wrong), n = worst
        worst_text = f" The most frequent confusion: {label(truth)} taken for {label(wrong)}, {fmt.plural(n, 'row')}."
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (Quote(names[truth]), *(fmt.count(counts.get((truth, other), 0)) for other in keys)) for truth in keys
    )
    return Figure(
        svg=charts.heat(rows, list(names.values())),
        title=f"Confusion matrix ({whole})",
        label=f"Rows of each true class by predicted class, {whole}; right answers on the diagonal.{worst_text}",
        table=Table(
            "Rows of each true class (down) by predicted class (across)",
            (Column("True class", head=True), *(Column(name, numeric=True) for name in names.values())),
            cells,
        ),
    )


def table(card: Scorecard, limit: int) -> Table | None:
    """The pairs most often confused."""
    pairs = sorted(card.confusions, key=lambda p: (-p.rows, p.truth, p.predicted))[:limit]
    if not pairs:
        return None
    support = {scores.label: scores.support for scores in card.classes}
    rows = tuple(
        (
            Quote(label(pair.truth)),
            Quote(label(pair.predicted)),
            fmt.count(pair.rows),
            fmt.share(pair.rows, support.get(pair.truth, 0)),
        )
        for pair in pairs
    )
    return Table(
        "Classes most often taken for another",
        (
            Column("True class", head=True),
            Column("Taken for", wide=True),
            Column("Rows", numeric=True),
            Column("Share of the class", numeric=True),
        ),
        rows,
    )


def _answer_pairs(card: Scorecard) -> pl.DataFrame:
    """`truth`, `predicted`, `len`: rows of each pair; empty where no predictions were stored."""
    if not card.predictions.height or not {"truth", "predicted"} <= set(card.predictions.columns):
        return pl.DataFrame()
    answered = card.predictions.select("truth", "predicted").drop_nulls()
    return answered.group_by("truth", "predicted").len().sort("truth", "predicted")


def _most_confused(card: Scorecard, pairs: pl.DataFrame) -> list[str]:
    """All classes, or of many the ``CLASSES`` in the most frequent confusions."""
    known = {scores.label for scores in card.classes}
    if len(known) <= CLASSES:
        return sorted(known)
    wrong = pairs.filter(pl.col("truth") != pl.col("predicted")).sort(
        "len", "truth", "predicted", descending=[True, False, False]
    )
    chosen: list[str] = []
    for truth, predicted in zip(wrong["truth"].to_list(), wrong["predicted"].to_list(), strict=True):
        new = [name for name in (truth, predicted) if name not in chosen and name in known]
        if len(chosen) + len(new) > CLASSES:
            break
        chosen += new
    return chosen
