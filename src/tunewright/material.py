"""From a walk to what its report may show."""

from datetime import UTC, datetime

import tunewright
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.environment import machine
from tunewright.flow import Walk
from tunewright.report.material import Audited, Divided, ReportMaterial, StepCost, Tested
from tunewright.steps import Steps


def material(walk: Walk, steps: Steps, *, stopped: str = "") -> ReportMaterial:
    """Everything `walk` has, with the few rows that illustrate it."""
    settings = steps.config.report

    def corpus(dataset: Dataset) -> Corpus:
        return steps.corpus(dataset)

    divided, candidate = walk.divided, walk.candidate
    seconds = sum(outcome.seconds for outcome in walk.outcomes)
    price = steps.config.plan.usd_per_hour
    return ReportMaterial(
        project=steps.config.name,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=tunewright.__version__,
        settings=settings,
        ingested=walk.ingested,
        before=walk.raw_report and Audited.of(walk.raw_report, corpus(walk.raw_report.dataset), settings),
        cleaned=walk.cleaned,
        after=walk.report and Audited.of(walk.report, corpus(walk.report.dataset), settings),
        divided=divided
        and Divided(
            digest=divided.dataset.digest,
            rows=divided.division.rows,
            classes=divided.division.classes,
            groups=divided.division.groups,
            given=divided.division.given,
        ),
        plan=walk.plan,
        run=candidate and candidate.run,
        candidate=candidate and candidate.digest,
        tested=(walk.scorecard and divided and Tested.of(walk.scorecard, corpus(divided.dataset), settings)) or None,
        verdicts=tuple(walk.verdicts.values()),
        release=walk.release,
        costs=tuple(
            StepCost(step=outcome.step.name, seconds=outcome.seconds, hit=outcome.hit) for outcome in walk.outcomes
        ),
        usd=seconds / 3600 * price if price else None,
        machine=machine(),
        stopped=stopped,
    )
