"""How the model was trained: the plan and its reasons, and the curve."""

from typing import Any

from tunewright.core.candidate import CurvePoint, DataReport, Plan, Run
from tunewright.core.durations import page_duration
from tunewright.core.renamed_options import plan_options
from tunewright.stages.report import charts
from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Column, Figure, Hash, Quote, Section, Table
from tunewright.stages.report.redact import sample

POINTS = 200
TABLE_POINTS = 60


def section(material: ReportMaterial) -> Section | None:
    """The plan, and the run where there was one."""
    plan, run = material.plan, material.run
    if plan is None:
        return None
    figures = _figures(run) if run else ()
    tables = [_plan(plan, run)]
    if plan.refused:
        rows = tuple((refused.method, sample(refused.why, 240)) for refused in plan.refused)
        columns = (Column("Method", head=True), Column("Why not", wide=True))
        tables.append(Table("Ways of training that were not chosen", columns, rows))
    digests = [("plan", Hash(plan.digest))]
    if run:
        digests.append(("run", Hash(run.digest)))
    if material.candidate:
        digests.append(("candidate", Hash(material.candidate)))
    return Section(
        id="training",
        title="Training",
        lead=tuple(_lead(plan, run)),
        figures=figures,
        tables=tuple(tables),
        digests=tuple(digests),
    )


def _lead(plan: Plan, run: Run | None) -> list[str]:
    """Why this training was planned, which checkpoint was kept and why it ended."""
    why = " ".join(sample(reason, 300) for reason in plan.reasons)
    if run is None:
        return [why] if why else []
    best = next((p for p in run.curve if p.step == run.best_step and p.validation_metric is not None), None)
    checkpoint = f"The checkpoint of step {fmt.count(run.best_step)} was kept"
    if best is not None and best.validation_metric is not None:
        checkpoint += f": {_metric(run)} {fmt.figure(best.validation_metric, _unit(run))} on the validation rows"
    return [text for text in (why, f"{checkpoint}. Ended because: {sample(run.stopped, 200).rstrip('.')}.") if text]


def _metric(run: Run) -> str:
    """The validation metric's name within a sentence."""
    return fmt.metric(run.metric).lower()


def _unit(run: Run) -> str:
    """What the validation metric counts; a language model's is its loss turned round."""
    return "nats a token" if run.metric == "log_likelihood" else "share"


def _plan(plan: Plan, run: Run | None) -> Table:
    """The plan's values and options, and the run's figures where there was one."""
    rows: list[tuple[str, str | Quote | Hash]] = [
        ("Base model", Quote(sample(plan.base, 120))),
        ("Base model's weights", Hash(plan.base_digest) if plan.base_digest else "–"),
        ("Method", plan.method),
        ("Seed", str(plan.seed)),
    ]
    if run:
        rows += [
            ("Rows trained on", fmt.count(run.trained_rows)),
            ("Tokens the loss was taken on, one epoch", fmt.count(run.trained_tokens)),
            ("Precision", run.precision),
            ("Time", page_duration(run.seconds)),
            *(_data_report(run.receipt) if run.receipt else ()),
        ]
    options = plan_options(plan.method, plan.options)
    rows += [(f"Option: {name.replace('_', ' ')}", sample(str(value), 120)) for name, value in sorted(options.items())]
    return Table("How it was trained", (Column("Setting", head=True), Column("Value", wide=True)), tuple(rows), shown=8)


def _data_report(report: DataReport) -> tuple[tuple[str, str], ...]:
    """What became of the training rows, for a model that writes."""
    left = "; ".join(f"{fmt.count(rows)} {why}" for why, rows in report.dropped.items()) or "none"
    used = "" if report.utilization is None else f", {fmt.figure(report.utilization, 'share')} of it text"
    return (
        ("Rows left out", sample(left, 300)),
        ("Rows cut at the end", fmt.count(report.cut)),
        ("Rows that end in a trained stop token", f"{fmt.count(report.stops)} of {fmt.count(report.kept)}"),
        ("Tokens read, one epoch", fmt.count(report.read_tokens)),
        ("Batches", sample(f"{report.batching}{used}: {report.batching_why}", 300)),
    )


def _figures(run: Run) -> tuple[Figure, ...]:
    """The curves of loss and of the validation metric, each where the run has points of it."""
    losses = [("training", "train_loss"), ("validation", "validation_loss")]
    figures = []
    drawn = [(name, field) for name, field in losses if _points(run, field)]
    if drawn:
        figures.append(_curve(run, drawn, "Loss", "loss", ".2f"))
    if _points(run, "validation_metric"):
        title = f"{fmt.metric(run.metric)} on the validation rows"
        share = _unit(run) == "share"
        unit = _metric(run) if share else f"{_metric(run)}, {_unit(run)}"
        figures.append(_curve(run, [("validation", "validation_metric")], title, unit, ".0%" if share else ".2f"))
    return tuple(figures)


def _points(run: Run, field: str) -> list[CurvePoint]:
    """The points at which `field` was measured."""
    return [point for point in run.curve if getattr(point, field) is not None]


def _curve(run: Run, series: list[tuple[str, str]], title: str, unit: str, form: str) -> Figure:
    """One chart of the fields in `series` (name, field of a point), each of which has points."""
    rows: list[dict[str, Any]] = []
    ends = []
    for name, field in series:
        points = _points(run, field)
        rows += [{"step": p.step, "value": getattr(p, field), "series": name} for p in thinned(points, POINTS)]
        ends.append(f"{name} from {_number(run, points[0], field)} to {_number(run, points[-1], field)}")
    whole = [p for p in run.curve if any(getattr(p, field) is not None for _, field in series)]
    listed = thinned(whole, TABLE_POINTS)
    cells = tuple(
        (fmt.count(p.step), f"{p.epoch:.2f}", *(_number(run, p, field) for _, field in series)) for p in listed
    )
    columns = (Column("Step", numeric=True), Column("Epoch", numeric=True))
    return Figure(
        svg=charts.curve(rows, title=unit, form=form, best=run.best_step, series=[name for name, _ in series]),
        title=title,
        label=f"{title} over {fmt.count(run.curve[-1].step)} training steps: {'; '.join(ends)}. "
        f"A dashed line marks the checkpoint that was kept, step {fmt.count(run.best_step)}.",
        table=Table(title, (*columns, *(Column(name.capitalize(), numeric=True) for name, _ in series)), cells),
    )


def _number(run: Run, point: CurvePoint, field: str) -> str:
    """A figure of the curve in its unit; a dash where it was not measured at that point."""
    number = getattr(point, field)
    if number is None:
        return "–"
    return fmt.figure(number, _unit(run)) if field == "validation_metric" else f"{number:.4f}"


def thinned(points: list[CurvePoint], limit: int) -> list[CurvePoint]:
    """At most `limit` points, evenly spaced by position, the first and last always among them."""
    if len(points) <= limit:
        return points
    return [points[round(index * (len(points) - 1) / (limit - 1))] for index in range(limit)]
