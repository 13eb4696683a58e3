"""From a walk to what its report may show."""

from datetime import UTC, datetime

from tunewright.core.audit_report import AuditReport
from tunewright.core.divided import Division
from tunewright.core.machine import machine
from tunewright.core.version import __version__
from tunewright.stages.report.material import Audited, Divided, ReportMaterial, StepCost, Swept, SweptRank, Tested
from tunewright.stages.train.sweep.results import RankLine, SweepResult
from tunewright.stages.train.sweep.runs import METHOD
from tunewright.workflow.flow import Walk
from tunewright.workflow.steps import Steps
from tunewright.workflow.sweeping import sweepable


def material(walk: Walk, steps: Steps, *, stopped: str = "") -> ReportMaterial:
    """Everything `walk` has, with the few rows that illustrate it."""
    divided, candidate = walk.divided, walk.candidate
    seconds = sum(outcome.seconds for outcome in walk.outcomes)
    price = steps.config.plan.usd_per_hour
    return ReportMaterial(
        project=steps.config.name,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings=steps.config.report,
        ingested=walk.ingested,
        before=_audited(walk.raw_report, steps),
        cleaned=walk.cleaned,
        after=_audited(walk.report, steps),
        divided=_divided(divided.dataset.digest, divided.division) if divided else None,
        plan=walk.plan,
        swept=_swept(walk, steps),
        run=candidate.run if candidate else None,
        candidate=candidate.digest if candidate else None,
        tested=_tested(walk, steps),
        verdicts=tuple(walk.verdicts.values()),
        release=walk.release,
        costs=tuple(
            StepCost(step=outcome.step.name, seconds=outcome.seconds, hit=outcome.hit) for outcome in walk.outcomes
        ),
        usd=seconds / 3600 * price if price else None,
        machine=machine(),
        stopped=stopped,
    )


def _audited(report: AuditReport | None, steps: Steps) -> Audited | None:
    return Audited.of(report, steps.corpus(report.dataset), steps.config.report) if report else None


def _tested(walk: Walk, steps: Steps) -> Tested | None:
    if walk.scorecard is None or walk.divided is None:
        return None
    return Tested.of(walk.scorecard, steps.corpus(walk.divided.dataset), steps.config.report)


def _swept(walk: Walk, steps: Steps) -> Swept | None:
    """The newest sweep of these rows and this base, whatever rank was chosen after it."""
    if walk.divided is None or walk.plan is None or walk.plan.method != METHOD:
        return None
    wanted = {"dataset": walk.divided.dataset.digest, "plan": sweepable(walk.plan).digest}
    for step in steps.store.previous("sweep"):
        kept = steps.store.get(step, SweepResult) if wanted.items() <= step.inputs.items() else None
        if kept is not None:
            found = kept.value
            lines = (*found.ranks, *((found.full,) if found.full else ()))
            ranks = tuple(_swept_rank(line, found.winner) for line in lines)
            return Swept(ranks, found.untuned, found.winner, found.why, found.cost)
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


def _divided(digest: str, division: Division) -> Divided:
    return Divided(
        digest=digest, rows=division.rows, classes=division.classes, groups=division.groups, given=division.given
    )
