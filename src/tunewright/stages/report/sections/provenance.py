"""Where every number comes from: the digests of what went in and came out, whole."""

from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Column, Hash, Quote, Section, Table
from tunewright.stages.report.redact import sample

ENVIRONMENT = 40


def section(material: ReportMaterial) -> Section:
    """Digests of data, values and weights, and the environment of the training."""
    tables = [_digests(material)] if _values(material) else []
    if material.release:
        files = tuple(
            (Quote(sample(name, 120)), Hash(digest)) for name, digest in sorted(material.release.weights.items())
        )
        columns = (Column("File", head=True, wide=True), Column("SHA-256"))
        tables.append(Table(f"Files of release {sample(material.release.name, 80)}", columns, files))
    if material.run and material.run.environment:
        pairs = sorted(material.run.environment.items())[:ENVIRONMENT]
        rows = tuple((sample(name, 60), sample(text, 120)) for name, text in pairs)
        tables.append(
            Table("Environment of the training", (Column("Name", head=True), Column("Value", wide=True)), rows, 6)
        )
    lead = [
        "Each digest is the SHA-256 of a value's canonical JSON, of a table's columns, or of a file's bytes: "
        "the same input gives the same digest. The parts of this report name the short ones."
    ]
    if material.release:
        lead.append(
            f"The release gave, on {material.release.parity_rows:,} test rows, the very bits that evaluation saw."
        )
    return Section(id="provenance", title="Where the numbers come from", lead=tuple(lead), tables=tuple(tables))


def _values(material: ReportMaterial) -> list[tuple[str, str, str]]:
    """Name, section of this report and digest of every value that the report is made from."""
    values: list[tuple[str, str, str]] = []
    if material.ingested:
        values.append(("File", "bytes of the user's file", material.ingested.file_digest))
        values.append(("Rows as read", "What came in", material.ingested.dataset.digest))
    if material.before:
        values.append(("Audit of the rows as read", "Data audit", material.before.report.digest))
        if material.ingested is None:
            values.append(("Rows as read", "Data audit", material.before.report.dataset.digest))
    if material.cleaned:
        values.append(("Rows after cleaning", "Cleaning", material.cleaned.after.digest))
        values.append(("Edits", "Cleaning", material.cleaned.digest))
    if material.after:
        values.append(("Audit after cleaning", "Data audit", material.after.report.digest))
    if material.divided:
        values.append(("Rows as divided", "Split", material.divided.dataset.digest))
    if material.plan:
        values.append(("Plan", "Training", material.plan.digest))
    if material.run:
        values.append(("Run", "Training", material.run.digest))
    if material.evaluated:
        card = material.evaluated.scorecard
        values.append(("Candidate", "Training", card.candidate))
        values.append(("Predictions", "Where it errs", card.predictions_digest))
        values.append(("Scorecard", "Beside the baselines", card.digest))
    elif material.candidate:
        values.append(("Candidate", "Training", material.candidate))
    values += [(f"Verdict on {verdict.gate}", "Gates", verdict.digest) for verdict in material.verdicts]
    if material.release:
        values.append((f"Release {sample(material.release.name, 80)}", "", material.release.digest))
    return values


def _digests(material: ReportMaterial) -> Table:
    """The digests of :func:`_values`, whole."""
    rows = tuple((name, where, Hash(digest)) for name, where, digest in _values(material))
    columns = (Column("What", head=True), Column("Used in"), Column("Digest", wide=True))
    return Table("Digests of everything this report is made from", columns, rows)
