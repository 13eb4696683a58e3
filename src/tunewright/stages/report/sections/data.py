"""What came in, what cleaning changed, and how the rows were divided."""

from collections.abc import Mapping

import polars as pl

from tunewright.core.divided import Division
from tunewright.core.edit import Edit
from tunewright.core.ingested import Ingested
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Column, Figure, Hash, Quote, Section, Table
from tunewright.stages.report.redact import label, sample

Counts = tuple[str, Mapping[str, int]]
SIDES = ("train", "validation", "test")
#: Up to so many classes are drawn in one chart; of more, the largest and the smallest so many.
CHARTED, ENDS = 20, 12


def intake(material: ReportMaterial) -> Section | None:
    """The user's file and what could not be read."""
    ingested = material.ingested
    if ingested is None:
        return None
    tables = (_quarantine(ingested),) if ingested.reasons else ()
    mapping = "; ".join(f"{sample(theirs, 40)} → {ours}" for ours, theirs in ingested.mapping.items())
    return Section(
        id="intake",
        title="What came in",
        lead=(
            f"{sample(ingested.file, 80)} was read as {ingested.format}: {fmt.plural(ingested.records, 'record')}, "
            f"{fmt.count(ingested.records - ingested.quarantined)} of them usable, "
            f"{fmt.count(ingested.quarantined)} set aside.",
            f"Columns: {mapping}." if mapping else "",
        ),
        tables=tables,
        digests=(("file", Hash(ingested.file_digest)), ("rows as read", Hash(ingested.dataset.digest))),
    )


def _quarantine(ingested: Ingested) -> Table:
    """The records set aside by reason, the most frequent first."""
    rows = sorted(ingested.reasons.items(), key=lambda item: (-item[1], item[0]))
    return Table(
        "Records set aside, by reason",
        (Column("Reason", head=True, wide=True), Column("Records", numeric=True), Column("Share", numeric=True)),
        tuple((sample(why, 200), fmt.count(n), fmt.share(n, ingested.records)) for why, n in rows),
    )


def cleaning(material: ReportMaterial) -> Section | None:
    """The edits, by fix and reason."""
    cleaned = material.cleaned
    if cleaned is None:
        return None
    before, after = cleaned.before.rows, cleaned.after.rows
    if not cleaned.edits:
        lead = "Nothing was changed."
    else:
        lead = (
            f"{fmt.plural(before, 'row')} became {fmt.count(after)}: {fmt.count(before - after)} dropped. "
            "Each change is kept with its reason, and the version before it is still there."
        )
    return Section(
        id="cleaning",
        title="Cleaning",
        lead=(lead,),
        tables=(_edits(cleaned.edits),) if cleaned.edits else (),
        digests=(("before", Hash(cleaned.before.digest)), ("after", Hash(cleaned.after.digest))),
    )


def _edits(edits: tuple[Edit, ...]) -> Table:
    """A row for each edit: its fix and finding, rows by action, its first reason, who made it."""
    rows = []
    for edit in edits:
        counts = edit.frame.group_by("action").agg(pl.col("row").n_unique()).sort("action")
        actions = dict(zip(counts["action"].to_list(), counts["row"].to_list(), strict=True))
        reason = edit.frame["reason"].drop_nulls().head(1).to_list()
        rows.append(
            (
                edit.fix.replace("_", " "),
                edit.finding.replace(".", ", ").replace("_", " "),
                *(fmt.count(actions.get(action, 0)) for action in ("drop", "replace", "reweight")),
                Quote(sample(reason[0], 160)) if reason else "–",
                sample(edit.who, 40),
                Hash(edit.frame_digest),
            )
        )
    return Table(
        "Edits by fix, with the first reason given",
        (
            Column("Fix", head=True),
            Column("For the finding"),
            Column("Dropped", numeric=True),
            Column("Replaced", numeric=True),
            Column("Reweighted", numeric=True),
            Column("Reason, for example", wide=True),
            Column("Who"),
            Column("Digest"),
        ),
        tuple(rows),
    )


def split(material: ReportMaterial) -> Section | None:
    """Rows by split, and by class."""
    if material.divided is None:
        return None
    division = material.divided.division
    total = sum(division.rows.values())
    sides = [side for side in SIDES if side in division.rows]
    parts = fmt.listed([f"{fmt.count(division.rows[s])} {s} ({fmt.share(division.rows[s], total)})" for s in sides])
    drawn = "stratified by class" if division.classes else "drawn at random"
    how = "as the file itself divides them" if division.given else drawn
    together = (
        f" Copies and near-identical texts stay together: {fmt.count(division.groups)} groups."
        if division.groups
        else ""
    )
    return Section(
        id="split",
        title="Split",
        lead=(f"{parts}, {how}.{together}",),
        figures=_figures(division, sides) if division.classes else (),
        digests=(("rows as divided", Hash(material.divided.dataset.digest)),),
    )


def _figures(division: Division, sides: list[str]) -> tuple[Figure, ...]:
    """One chart of all classes, or of many one of the largest and one of the smallest ``ENDS``."""
    by_size = sorted(division.classes.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    names = distinct([label(name) for name, _ in by_size])
    classes = [(name, counts) for name, (_, counts) in zip(names, by_size, strict=True)]
    if len(classes) <= CHARTED:
        return (_classes(classes, classes, sides, "all classes"),)
    whole = f"of {len(classes)} classes"
    return (
        _classes(classes[:ENDS], classes, sides, f"the {ENDS} largest {whole}"),
        _classes(classes[-ENDS:], classes[-ENDS:], sides, f"the {ENDS} smallest {whole}"),
    )


def _classes(drawn: list[Counts], listed: list[Counts], sides: list[str], whole: str) -> Figure:
    """The chart of the classes `drawn`, the largest first, with a table of those `listed`."""
    rows = [{"name": name, "group": side, "value": counts.get(side, 0)} for name, counts in drawn for side in sides]
    largest, smallest = sum(drawn[0][1].values()), sum(drawn[-1][1].values())
    return Figure(
        svg=charts.bars(rows, title="rows", groups=sides),
        title=f"Rows of each class ({whole})",
        label=f"Rows of each class by split, {whole}; from {fmt.plural(largest, 'row')} of {drawn[0][0]} down to "
        f"{fmt.count(smallest)} of {drawn[-1][0]}.",
        table=Table(
            "Rows of each class by split",
            (
                Column("Class", head=True),
                *(Column(side.capitalize(), numeric=True) for side in sides),
                Column("All", numeric=True),
            ),
            tuple(
                (Quote(name), *(fmt.count(counts.get(s, 0)) for s in sides), fmt.count(sum(counts.values())))
                for name, counts in listed
            ),
        ),
    )


def distinct(names: list[str]) -> list[str]:
    """Names that stay apart in a chart although cutting or masking made some of them the same."""
    counts: dict[str, int] = {}
    distinct_names = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        distinct_names.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return distinct_names
