"""How well it answers: beside baselines, class by class, where it errs, and whether its confidence holds."""

from typing import Literal

from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard, SystemScores
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.headline import against_best
from tunewright.stages.report.material import Evaluated, ReportMaterial
from tunewright.stages.report.page import Cell, Column, Figure, Hash, Quote, Ranged, Section, Table
from tunewright.stages.report.redact import label, sample
from tunewright.stages.report.sections import calibration, confusion, errors
from tunewright.stages.report.sections.data import distinct

CLASSES_SHOWN = 20
CLASSES_CHARTED = 12
#: Metrics that stand side by side; more have a line each.
MOST_COLUMNS = 5


def section(material: ReportMaterial) -> Section | None:
    """The candidate beside every baseline."""
    if material.evaluated is None:
        return None
    card = material.evaluated.scorecard
    return Section(
        id="evaluation",
        title="Beside the baselines",
        lead=tuple(_lead(card)),
        figures=tuple(_systems(card)),
        tables=(_scores(card), *((_comparisons(card),) if card.comparisons else ())),
        digests=(
            ("scorecard", Hash(card.digest)),
            ("candidate", Hash(card.candidate)),
            ("predictions", Hash(card.predictions_digest)),
        ),
    )


def classes(material: ReportMaterial) -> Section | None:
    """Precision and recall of each class, the worst first."""
    if material.evaluated is None or not material.evaluated.scorecard.classes:
        return None
    card = material.evaluated.scorecard
    return Section(
        id="classes",
        title="Class by class",
        lead=(
            "Sorted by recall, the worst first. Recall is the share of a class's rows that were recognized; "
            "precision the share of rows given this class that belong to it.",
        ),
        figures=(_worst(card, "recall"), _worst(card, "precision")),
        tables=(_classes(card),),
    )


def mistakes(material: ReportMaterial) -> Section | None:
    """Confusions, calibration and the worst errors."""
    if material.evaluated is None:
        return None
    evaluated = material.evaluated
    figures = [confusion.figure(evaluated.scorecard), calibration.figure(evaluated.scorecard)]
    tables = [
        confusion.table(evaluated.scorecard, material.settings.confusions),
        errors.table(evaluated, material.settings),
    ]
    return Section(
        id="mistakes",
        title="Where it errs",
        lead=(_wrong(evaluated),),
        figures=tuple(figure for figure in figures if figure),
        tables=tuple(table for table in tables if table),
    )


def _wrong(evaluated: Evaluated) -> str:
    """How many rows were answered wrong, in a sentence; of written answers, how many there are."""
    rows = evaluated.scorecard.rows
    if not evaluated.scorecard.predictions.height:
        return f"Measured on {fmt.plural(rows, 'row')}."
    if evaluated.scorecard.task != "classify":  # an answer in other words is not wrong
        texts = evaluated.scorecard.predictions["predicted"].drop_nulls().len()
        return (
            f"Answers to {fmt.plural(texts, 'test row')} were written; the figures above say how close they come to "
            "the desk's own."
        )
    n = errors.count_wrong(evaluated.scorecard)
    return f"{fmt.count(n)} of {fmt.plural(rows, 'test row')} were answered wrong ({fmt.share(n, rows)})."


def _lead(card: Scorecard) -> list[str]:
    """What was compared on which rows, and against the best baseline where there is one."""
    rows = fmt.plural(card.rows, "row")
    suite = "of the test split" if card.suite.startswith("sha256:") else f"of “{sample(card.suite, 60)}”"
    lead = [
        f"Every system answered the same {rows} {suite}, none of which was trained on. "
        "Baselines need no tuning: if one of them is as good, use it."
    ]
    if len(_metrics(card)) > MOST_COLUMNS:  # else the table says it
        lead += [f"{label(system.system)}: {sample(system.about, 160)}" for system in card.systems[1:]]
    best = against_best(card)
    if best:
        lead.append(
            f"Against {sample(best.baseline, 40)}, row by row: better on {fmt.count(best.wins)}, worse on "
            f"{fmt.count(best.losses)}, the same on {fmt.count(best.ties)}."
        )
    return lead


def _dot(name: str, score: Score, *, own: bool, text: str) -> dict[str, object]:
    """A row of :func:`charts.intervals`; without an interval both ends are the value."""
    low = score.value if score.low is None else score.low
    high = score.value if score.high is None else score.high
    return {"name": name, "value": score.value, "low": low, "high": high, "own": own, "text": text}


def _points(score: Score) -> Score:
    """A difference of shares in percentage points."""
    if score.unit != "share":
        return score
    ends = {name: None if end is None else 100 * end for name, end in (("low", score.low), ("high", score.high))}
    return score.model_copy(update={"value": 100 * score.value, **ends, "unit": "points"})


def _within(score: Score) -> tuple[float, float] | None:
    """The ends that a figure of this unit cannot pass, None where there are none."""
    return (0.0, 1.0) if score.unit == "share" else None


def _systems(card: Scorecard) -> list[Figure]:
    """The main figure of each system, and the gain over each baseline where there are comparisons."""
    names = distinct([label(system.system) for system in card.systems])
    scored = [(name, system.score(card.metric)) for name, system in zip(names, card.systems, strict=True)]
    ordered = [scored[0], *sorted(scored[1:], key=lambda item: -item[1].value)]
    rows = [_dot(name, score, own=index == 0, text=fmt.value(score)) for index, (name, score) in enumerate(ordered)]
    form = ".0%" if ordered[0][1].unit == "share" else ".3~g"
    values = "; ".join(f"{name} {fmt.value(score)}" for name, score in ordered)
    title = fmt.metric(card.metric)
    cells = tuple((Quote(name), fmt.value(s), fmt.interval(s) or "–", fmt.count(s.n)) for name, s in ordered)
    columns = (Column("System", head=True), Column(title, numeric=True), Column("Interval", numeric=True))
    figures = [
        Figure(
            svg=charts.intervals(
                rows,
                title=f"{title.lower()}, {fmt.level(ordered[0][1])} interval",
                form=form,
                within=_within(ordered[0][1]),
            ),
            title=f"{title} of each system",
            label=f"{title} with its interval for each system: {values}.",
            table=Table(f"{title} of each system", (*columns, Column("Rows", numeric=True)), cells),
        )
    ]
    return figures + ([_differences(card)] if card.comparisons else [])


def _differences(card: Scorecard) -> Figure:
    """The gain over each baseline, the smallest first."""
    ordered = sorted(card.comparisons, key=lambda comparison: comparison.difference.value)
    names = distinct([f"over {label(comparison.baseline)}" for comparison in ordered])
    best = against_best(card)
    rows = []
    for name, comparison in zip(names, ordered, strict=True):
        text = fmt.difference(comparison.difference.value, comparison.difference.unit)
        rows.append(_dot(name, _points(comparison.difference), own=comparison is best, text=text))
    unit = ordered[0].difference.unit
    counted = fmt.difference_unit(unit)
    cells = tuple(
        (Quote(name), fmt.difference(o.difference.value, unit), fmt.difference_interval(o.difference) or "–")
        for name, o in zip(names, ordered, strict=True)
    )
    gains = "; ".join(f"{name} {row['text']}" for name, row in zip(names, rows, strict=True))
    return Figure(
        svg=charts.intervals(rows, title=f"{counted} gained, on the same rows", form="+.3~g", bar=0.0),
        title="Gain over each baseline",
        label=f"Gain in {fmt.metric(card.metric).lower()} over each baseline, in {counted}, with its interval: "
        f"{gains}. The dashed line is no gain.",
        table=Table(
            f"Gain over each baseline, in {counted}",
            (Column("Compared", head=True), Column("Gain", numeric=True), Column("Interval", numeric=True)),
            cells,
        ),
    )


def _scores(card: Scorecard) -> Table:
    """Every figure of every system: a line for each system, or of many figures a line for each figure."""
    metrics, title = _metrics(card), "Every figure of every system"
    if len(metrics) > MOST_COLUMNS:
        names = distinct([label(system.system) for system in card.systems])
        return Table(
            title,
            (Column("Figure", head=True, wide=True), *(Column(name, numeric=True) for name in names)),
            tuple((fmt.metric(name), *(_cell(system, name) for system in card.systems)) for name in metrics),
        )
    return Table(
        title,
        (Column("System", head=True, wide=True), *(Column(fmt.metric(name), numeric=True) for name in metrics)),
        tuple((_system(system), *(_cell(system, name) for name in metrics)) for system in card.systems),
    )


def _metrics(card: Scorecard) -> list[str]:
    """Every metric, the main one first."""
    return list(dict.fromkeys([card.metric, *(score.metric for system in card.systems for score in system.scores)]))


def _system(system: SystemScores) -> Cell:
    """A system's name with what it is in small print."""
    return Ranged(label(system.system), sample(system.about, 160))


def _cell(system: SystemScores, metric: str) -> Cell:
    """A figure of a system with its interval; a dash where it has none of that name."""
    score = next((score for score in system.scores if score.metric == metric), None)
    return "–" if score is None else Ranged(fmt.value(score), fmt.interval(score))


def _comparisons(card: Scorecard) -> Table:
    """The paired comparison with each baseline."""
    rows = tuple(
        (
            Quote(label(comparison.baseline)),
            Ranged(
                f"{fmt.difference(comparison.difference.value, comparison.difference.unit)}",
                fmt.difference_interval(comparison.difference),
            ),
            fmt.count(comparison.wins),
            fmt.count(comparison.losses),
            fmt.count(comparison.ties),
            comparison.difference.method or "–",
        )
        for comparison in card.comparisons
    )
    return Table(
        "Paired comparison with each baseline, on the same rows",
        (
            Column("Baseline", head=True),
            Column(f"Gain, {fmt.difference_unit(card.comparisons[0].difference.unit)}", numeric=True),
            Column("Better on", numeric=True),
            Column("Worse on", numeric=True),
            Column("Same on", numeric=True),
            Column("Interval by"),
        ),
        rows,
    )


def _worst(card: Scorecard, metric: Literal["recall", "precision"]) -> Figure:
    """The classes lowest in one of the two, as dots with intervals."""
    measured = [(scores, getattr(scores, metric)) for scores in card.classes]
    ordered = sorted(measured, key=lambda item: (item[1].value, item[0].label))[:CLASSES_CHARTED]
    names = distinct([label(scores.label) for scores, _ in ordered])
    rows = [_dot(name, score, own=True, text=fmt.value(score)) for name, (_, score) in zip(names, ordered, strict=True)]
    every = len(ordered) == len(card.classes)
    whole = "all classes" if every else f"the {len(ordered)} lowest of {len(card.classes)} classes"
    title = f"{metric.capitalize()}, {whole}"
    cells = tuple(
        (Quote(name), fmt.value(score), fmt.interval(score) or "–", fmt.count(score.n))
        for name, (_, score) in zip(names, ordered, strict=True)
    )
    columns = (
        Column("Class", head=True),
        Column(metric.capitalize(), numeric=True),
        Column("Interval", numeric=True),
    )
    return Figure(
        svg=charts.intervals(rows, title=metric, form=".0%", within=(0, 1)),
        title=title,
        label=f"{title} with its interval; the lowest is {names[0]} with {rows[0]['text']}.",
        table=Table(title, (*columns, Column("Rows", numeric=True)), cells),
    )


def _classes(card: Scorecard) -> Table:
    """Precision, recall and rows of each class, the worst recall first."""
    ordered = sorted(card.classes, key=lambda c: (c.recall.value, c.precision.value, c.label))
    rows = tuple(
        (
            Quote(label(scores.label)),
            Ranged(fmt.value(scores.recall), fmt.interval(scores.recall)),
            Ranged(fmt.value(scores.precision), fmt.interval(scores.precision))
            if scores.predicted
            else "never predicted",
            fmt.count(scores.support),
            fmt.count(scores.predicted),
        )
        for scores in ordered
    )
    return Table(
        f"Precision and recall of {fmt.plural(len(ordered), 'class', 'classes')}, the worst recall first",
        (
            Column("Class", head=True, wide=True),
            Column("Recall", numeric=True),
            Column("Precision", numeric=True),
            Column("Rows of it", numeric=True),
            Column("Rows given it", numeric=True),
        ),
        rows,
        shown=CLASSES_SHOWN if len(rows) > CLASSES_SHOWN + 5 else None,
    )
