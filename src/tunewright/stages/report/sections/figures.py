"""Stages that the report knows nothing else of: the figures that they give of themselves."""

from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Column, Section, Table
from tunewright.stages.report.redact import sample

WORDS = 200


def section(material: ReportMaterial) -> Section | None:
    """A table for each stage that gives figures; None where no stage does."""
    if not material.figures:
        return None
    columns = (Column("Figure", head=True), Column("Value", numeric=True), Column("Note", wide=True))
    tables = tuple(
        Table(
            stage[:1].upper() + stage[1:].replace("_", " "),
            columns,
            tuple((sample(each.label, WORDS), sample(each.value, WORDS), sample(each.note, WORDS)) for each in figures),
        )
        for stage, figures in material.figures.items()
    )
    return Section(id="figures", title="More figures", tables=tables)
