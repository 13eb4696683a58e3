"""From what the steps gave to what the report may show."""

from datetime import UTC, datetime

from tunewright.core.audit_report import AuditReport
from tunewright.core.candidate import Candidate, Plan
from tunewright.core.divided import Divided
from tunewright.core.edit import Cleaned
from tunewright.core.figure import Figure
from tunewright.core.ingested import Ingested
from tunewright.core.machine import machine
from tunewright.core.outputs import Outputs
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.core.version import __version__
from tunewright.order import gates, steps
from tunewright.stages.audit.gates import QUALITY
from tunewright.stages.plan.settings import PlanSettings
from tunewright.stages.report.material import Audited, Evaluated, ReportMaterial, StepCost, Swept, SweptRank
from tunewright.stages.report.settings import ReportSettings
from tunewright.stages.train.sweep.judge import sweepable
from tunewright.stages.train.sweep.results import RankLine, SweepResult
from tunewright.stages.train.sweep.runs import METHOD
from tunewright.workflow.workspace import Workspace


def material(outputs: Outputs, workspace: Workspace, *, stopped: str = "") -> ReportMaterial:
    """Everything the steps gave, with the few rows that illustrate it."""
    candidate = outputs.get(Candidate)
    audits = outputs.count(AuditReport)
    seconds = sum(outcome.seconds for outcome in outputs.outcomes)
    price = workspace.config.section(PlanSettings).usd_per_hour
    return ReportMaterial(
        project=workspace.config.name,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings=workspace.config.section(ReportSettings),
        ingested=outputs.get(Ingested),
        before=_audited(outputs.first(AuditReport), workspace),
        cleaned=outputs.get(Cleaned),
        after=_audited(outputs.get(AuditReport) if audits > 1 else None, workspace),
        divided=outputs.get(Divided),
        plan=outputs.get(Plan),
        swept=_swept(outputs, workspace),
        run=candidate.run if candidate else None,
        candidate=candidate.digest if candidate else None,
        evaluated=_evaluated(outputs, workspace),
        verdicts=tuple(outputs.verdicts.values()),
        gates={name: gate for gate in gates() for name in (gate.name, gate.former) if name},
        quality_gate=QUALITY.name,
        release=outputs.get(Release),
        figures=_figures(outputs),
        costs=tuple(
            StepCost(step=outcome.step.name, seconds=outcome.seconds, hit=outcome.hit) for outcome in outputs.outcomes
        ),
        usd=seconds / 3600 * price if price else None,
        machine=machine(),
        stopped=stopped,
    )


def _figures(outputs: Outputs) -> dict[str, tuple[Figure, ...]]:
    """What the steps that give figures say of themselves, by step."""
    reached = {spec.name: (spec, outputs.get(spec.output)) for spec in steps()}
    figures = {name: tuple(spec.figures(output)) for name, (spec, output) in reached.items() if output is not None}
    return {name: each for name, each in figures.items() if each}


def _audited(report: AuditReport | None, workspace: Workspace) -> Audited | None:
    if report is None:
        return None
    return Audited.of(report, workspace.corpus(report.dataset), workspace.config.section(ReportSettings))


def _evaluated(outputs: Outputs, workspace: Workspace) -> Evaluated | None:
    scorecard = outputs.get(Scorecard)
    if scorecard is None:
        return None
    return Evaluated.of(scorecard, workspace.corpus(outputs.dataset), workspace.config.section(ReportSettings))


def _swept(outputs: Outputs, workspace: Workspace) -> Swept | None:
    """The newest sweep of these rows and this base, whatever rank was chosen after it; None where there is none."""
    plan = outputs.get(Plan)
    if plan is None or plan.method != METHOD:
        return None
    wanted = {"dataset": outputs.dataset.digest, "plan": sweepable(plan).digest}
    for step in workspace.store.previous("sweep"):
        outcome = workspace.store.get(step, SweepResult) if wanted.items() <= step.inputs.items() else None
        if outcome is not None:
            sweep = outcome.value
            lines = (*sweep.ranks, *((sweep.full,) if sweep.full else ()))
            ranks = tuple(_swept_rank(line, sweep.winner) for line in lines)
            return Swept(ranks, sweep.untuned, sweep.winner, sweep.why, sweep.cost)
    return None


def _swept_rank(line: RankLine, winner: int | None) -> SweptRank:
    claims = ((line.playbook_memory_gb, "GB"), (line.playbook_minutes_per_1000_steps, "min"))
    return SweptRank(
        name="every weight" if line.rank is None else str(line.rank),
        quality=line.quality,
        forgetting=line.forgetting,
        memory_gb=line.memory_gb,
        minutes=line.minutes_per_1000_steps,
        claimed=", ".join(f"{figure:g} {unit}" for figure, unit in claims if figure is not None),
        share=line.share,
        chosen=line.rank is not None and line.rank == winner,
    )
