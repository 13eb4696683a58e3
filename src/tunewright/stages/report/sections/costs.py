"""What it cost: time by step, energy and money where they are known, and how fast it answers."""

from tunewright.core.durations import page_duration
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Column, Figure, Section, Table
from tunewright.stages.report.redact import sample


def section(material: ReportMaterial) -> Section | None:
    """Time by step, energy, money, latency."""
    latency = material.evaluated.scorecard.latency if material.evaluated else ()
    if not material.costs and not latency:
        return None
    tables = []
    if latency:
        rows = tuple((fmt.metric(s.metric), fmt.value(s), fmt.interval(s) or "–", fmt.count(s.n)) for s in latency)
        columns = (
            Column("", head=True),
            Column("Measured", numeric=True),
            Column("Interval", numeric=True),
            Column("Over", numeric=True),
        )
        tables.append(Table("How fast it answers, on this machine", columns, rows))
    return Section(
        id="costs",
        title="Costs",
        lead=tuple(_lead(material)),
        figures=(_steps(material),) if material.costs else (),
        tables=tuple(tables),
    )


def _lead(material: ReportMaterial) -> list[str]:
    """Time, energy, money and machine in one paragraph, as far as they are known."""
    lead = []
    if material.costs:
        lead.append(f"All steps together took {page_duration(sum(step.seconds for step in material.costs))}.")
    energy = material.run.energy_wh if material.run else None
    if energy is not None:
        lead.append(f"Training used {energy:.1f} Wh.")
    elif material.run:
        lead.append("Energy is not known: this machine offers no meter that could be read.")
    if material.usd is not None:
        lead.append(f"At the price set for this machine, that is US$ {material.usd:,.2f}.")
    if material.machine:
        lead.append(f"Measured on {sample(material.machine, 160)}.")
    return [" ".join(lead)] if lead else []


def _steps(material: ReportMaterial) -> Figure:
    """The time of each step."""
    names = [step.step for step in material.costs]
    total = sum(step.seconds for step in material.costs)
    # A step that runs twice, as the audit does, is told apart by its turn.
    turns = [f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)]
    rows = [
        {"name": name, "value": step.seconds, "text": page_duration(step.seconds)}
        for name, step in zip(turns, material.costs, strict=True)
    ]
    longest = max(zip(turns, material.costs, strict=True), key=lambda item: item[1].seconds)
    cells = tuple(
        (
            name,
            page_duration(step.seconds),
            fmt.share(step.seconds, total),
            "found, done before" if step.hit else "done now",
        )
        for name, step in zip(turns, material.costs, strict=True)
    )
    return Figure(
        svg=charts.bars(rows, title="seconds", form=",.0f"),
        title="Time by step",
        label=f"Time each step took when it was done; the longest is {longest[0]} with "
        f"{page_duration(longest[1].seconds)}.",
        table=Table(
            "Time by step",
            (
                Column("Step", head=True),
                Column("Time", numeric=True),
                Column("Share", numeric=True),
                Column("In this run"),
            ),
            cells,
        ),
    )
