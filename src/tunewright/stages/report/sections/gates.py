"""What each gate asked, what was measured, and who went on past it."""

from tunewright.core.gate import Verdict
from tunewright.stages.report.gate_words import bar_text, gate_title, measured_interval, measured_text
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Badge, Cell, Column, Quote, Ranged, Section, Table
from tunewright.stages.report.redact import sample


def section(material: ReportMaterial) -> Section | None:
    """The gates, in the order they were judged."""
    if not material.verdicts:
        return None
    columns = [Column("Gate", head=True), Column("Asked"), Column("Measured", numeric=True), Column("Result")]
    overridden = any(verdict.overridden for verdict in material.verdicts)
    if overridden:
        columns.append(Column("Decision of a person", wide=True))
    return Section(
        id="gates",
        title="Gates",
        lead=("A gate judges the pessimistic end of the interval. What fails stops the run before money is spent.",),
        tables=(
            Table(
                "Gates, what they ask and what was measured",
                tuple(columns),
                tuple(_row(material, verdict, overridden=overridden) for verdict in material.verdicts),
            ),
        ),
    )


def _row(material: ReportMaterial, verdict: Verdict, *, overridden: bool) -> tuple[Cell, ...]:
    """A line of the table; with a cell for a person's decision where any gate was `overridden`."""
    result = Badge("Passed", "good") if verdict.passed else Badge("Failed", "bad")
    if verdict.overridden:
        result = Badge("Failed, overridden", "warn")
    name = gate_title(material, verdict)
    cells: tuple[Cell, ...] = (
        name[:1].upper() + name[1:],
        bar_text(material, verdict),
        Ranged(measured_text(material, verdict), measured_interval(material, verdict)),
        result,
    )
    return (*cells, _decision(verdict)) if overridden else cells


def _decision(verdict: Verdict) -> Cell:
    """Who went on past a failed gate, when, until when and why; a dash where nobody did."""
    if verdict.overridden is None:
        return "–"
    by = verdict.overridden
    until = f", until {by.until[:10]}" if by.until else ""
    # Dates are cut, not masked: masking takes a long run of digits for a person's number.
    return Quote(f"{sample(by.who, 60)}{', ' + by.when[:10] if by.when else ''}{until}: “{sample(by.why, 300)}”")
