"""The corridor: the order of the rooms and the gates between them. The only file that knows it.

intake → audit → clean → audit → ⟨audit.quality_score⟩ → split → plan → train → evaluate → ⟨evaluate.gain⟩
→ ⟨evaluate.verdict⟩ → release

A gate that fails stops the walk; nothing after it is started.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from tunewright.core.audit_report import AuditReport
from tunewright.core.candidate import Candidate, Plan
from tunewright.core.divided import Divided
from tunewright.core.durations import rough_duration
from tunewright.core.edit import Cleaned
from tunewright.core.errors import GateFailed
from tunewright.core.gate import Override, Verdict, judge
from tunewright.core.ingested import Ingested
from tunewright.core.outlook import Outlook
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard
from tunewright.core.store import Outcome, Step
from tunewright.stages.review.corrected_score import outlook
from tunewright.stages.train.results import LaunchResult
from tunewright.stages.train.sweep.results import SweepResult
from tunewright.stages.train.sweep.settings import SweepSettings
from tunewright.workflow.steps import NotKept, Steps
from tunewright.workflow.sweeping import Asked, sweepable

Stop = Literal["intake", "audit", "clean", "split", "plan", "train", "evaluate", "release"]
ORDER: tuple[Stop, ...] = get_args(Stop)

#: Rounds of cleaning: the first mends, the second removes what mending made equal, the third is for what we did not
#: foresee. Audit and cleaning come to rest (docs/decisions/003).
ROUNDS = 3

WHAT_NOW = {
    "audit.quality_score": "See `tunewright report` for the rows to mend, correct them, and run again",
    "evaluate.verdict": "The scorecard says what speaks against shipping; gather rows of the classes it names",
    "evaluate.gain": "Keep the baseline named in the scorecard, or gather rows of the classes it misses",
}


@dataclass
class Walk:
    """How far a walk came and what each room gave."""

    ingested: Ingested | None = None
    raw_report: AuditReport | None = None
    cleaned: Cleaned | None = None
    report: AuditReport | None = None
    divided: Divided | None = None
    plan: Plan | None = None
    candidate: Candidate | None = None
    scorecard: Scorecard | None = None
    release: Release | None = None
    outlook: Outlook | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    outcomes: list[Outcome[Any]] = field(default_factory=list)

    def last_key(self) -> str:
        """Key of the last step that was reached."""
        return self.outcomes[-1].step.key if self.outcomes else ""

    def data_digests(self) -> dict[str, str]:
        """Digests of the data at each stage, by stage."""
        stages = {
            "raw": self.ingested and self.ingested.dataset,
            "cleaned": self.cleaned and self.cleaned.after,
            "split": self.divided and self.divided.dataset,
        }
        return {name: dataset.digest for name, dataset in stages.items() if dataset}


class Flow:
    """One walk through the rooms of a project.

    Args:
        steps: the rooms, kept by content.
        overrides: a person's decision to pass a gate, by gate.
    """

    def __init__(self, steps: Steps, overrides: Mapping[str, Override] | None = None) -> None:
        self.steps = steps
        self.overrides = dict(overrides or {})
        self.walk = Walk()

    def go(self, until: Stop = "release") -> Walk:
        """Walk as far as `until`; what was done before is found, not done again.

        Raises:
            GateFailed: a gate on the way is shut; `self.walk` holds what came before it.
        """
        for stop in ORDER[: ORDER.index(until) + 1]:
            getattr(self, f"_{stop}")()
        return self.walk

    def sweep(self, settings: SweepSettings, asked: Asked) -> SweepResult:
        """A side room of training, behind the same gate: compare ranks before one is trained.

        Raises:
            GateFailed: the data is below the bar.
            UserError: E-SWEEP-001 when the plan has no rank that can be swept.
        """
        self.go("plan")
        assert self.walk.divided and self.walk.plan
        sweepable(self.walk.plan)
        self.require("audit.quality_score")
        result: SweepResult = self._keep(self.steps.sweep(self.walk.divided.dataset, self.walk.plan, settings, asked))
        return result

    def reach(self) -> tuple[Walk, Step | None]:
        """How far what is kept goes, and the first step that is not there; makes and records nothing."""
        try:
            return self.go("release"), None
        except NotKept as missing:
            return self.walk, missing.step
        except GateFailed:
            return self.walk, None

    def _intake(self) -> None:
        self.walk.ingested = self._keep(self.steps.intake())

    def _audit(self) -> None:
        assert self.walk.ingested
        self.walk.raw_report = self._keep(self.steps.audit(self.walk.ingested.dataset))

    def _clean(self) -> None:
        assert self.walk.ingested and self.walk.raw_report
        cleaned: Cleaned = self._keep(self.steps.clean(self.walk.ingested.dataset, self.walk.raw_report))
        # The gate judges what would be trained on, so the cleaned rows are audited again.
        report: AuditReport = self._keep(self.steps.audit(cleaned.after))
        for _ in range(ROUNDS - 1):
            again = self._mended_again(cleaned, report)
            if again is None:
                break
            cleaned, report = again, self._keep(self.steps.audit(again.after))
        self.walk.cleaned, self.walk.report = cleaned, report
        reviewed = self.steps.corrected(cleaned, report)
        verdict = self.gate("audit.quality_score", reviewed or report.quality)
        if reviewed:
            self.walk.outlook = outlook(reviewed, verdict.bar, report.dataset.rows - reviewed.n)

    def _mended_again(self, cleaned: Cleaned, report: AuditReport) -> Cleaned | None:
        """Another round of cleaning where mended texts call for one, such as two that redaction made equal."""
        if not cleaned.edits or not any(finding.fix and finding.rows for finding in report.findings):
            return None
        more: Cleaned = self._keep(self.steps.clean(cleaned.after, report))
        if not more.edits:
            return None
        return Cleaned(before=cleaned.before, after=more.after, edits=(*cleaned.edits, *more.edits))

    def _split(self) -> None:
        assert self.walk.cleaned
        self.walk.divided = self._keep(self.steps.split(self.walk.cleaned.after))

    def _plan(self) -> None:
        assert self.walk.divided
        self.walk.plan = self._keep(self.steps.plan(self.walk.divided.dataset))

    def _train(self) -> None:
        assert self.walk.divided and self.walk.plan
        self.require("audit.quality_score")
        self.walk.candidate = self._keep(self.steps.train(self.walk.divided.dataset, self.walk.plan))

    def would_start(self) -> LaunchResult:
        """What training would start, once the steps before it are done and their gate is open."""
        self.go("plan")
        assert self.walk.divided and self.walk.plan
        self.require("audit.quality_score")
        return self.steps.would_start(self.walk.divided.dataset, self.walk.plan)

    def _evaluate(self) -> None:
        assert self.walk.divided and self.walk.candidate
        self.walk.scorecard = self._keep(self.steps.evaluate(self.walk.divided.dataset, self.walk.candidate))
        self.gate("evaluate.gain", gain(self.walk.scorecard))
        self.gate("evaluate.verdict", shippable(self.walk.scorecard))

    def _release(self) -> None:
        assert self.walk.divided and self.walk.candidate and self.walk.scorecard
        for gate in self.walk.verdicts:
            self.require(gate)
        verdicts = tuple(self.walk.verdicts[gate] for gate in sorted(self.walk.verdicts))
        self.walk.release = self._keep(
            self.steps.release(
                self.walk.candidate,
                self.walk.scorecard,
                verdicts,
                self.walk.data_digests(),
                tested=self.walk.divided.dataset,
            )
        )

    def gate(self, name: str, measured: Score) -> Verdict:
        """The verdict of one gate, recorded; an override given for it is used and recorded with its reason."""
        bar = self.steps.config.gates[name]
        verdict = judge(name, bar, measured, override=self.overrides.get(name))
        self.walk.verdicts[name] = verdict
        if self.steps.looking:
            return verdict
        kind = "passed" if verdict.passed else "overridden" if verdict.overridden else "failed"
        self.steps.events.append(
            f"gate.{kind}",
            name,
            digests={"verdict": verdict.digest},
            reason=verdict.overridden.why if verdict.overridden else "",
            detail={"judged": verdict.judged, "bar": verdict.bar},
        )
        return verdict

    def require(self, name: str) -> None:
        """Stop here unless the gate called `name` is open.

        Raises:
            GateFailed: E-GATE-001, exit code 3; nothing after it is started.
        """
        verdict = self.walk.verdicts[name]
        if verdict.open:
            return
        raise GateFailed(
            "E-GATE-001",
            f"`{name}` is {_in_words(verdict.measured)}; the gate asks for {verdict.bar}.{self._spared()}",
            why="A gate judges the pessimistic end of the interval. Nothing after it was started; no cost.",
            fix=f'{self._what_now(name)}; or go on with a reason: --override {name} --why "…".',
        )

    def _spared(self) -> str:
        """What training would have cost, where the gate stopped the walk before it."""
        estimate = self.walk.plan.estimate if self.walk.plan else None
        if self.walk.candidate is not None or estimate is None or not estimate.hours:
            return ""
        money = f" and US$ {estimate.cost_usd:,.2f}" if estimate.cost_usd is not None else ""
        return f" That saved about {rough_duration(3600 * estimate.hours)} of training{money} ({estimate.source})."

    def _what_now(self, name: str) -> str:
        told = self.walk.outlook if name == "audit.quality_score" else None
        if told is None or told.outcome != "review more":
            return WHAT_NOW[name]
        return f"Review about {told.more:,} more rows: tunewright review sample --n {told.more} --to review.xlsx"

    def _keep(self, outcome: Outcome[Any]) -> Any:
        self.walk.outcomes.append(outcome)
        return outcome.value


def gain(scorecard: Scorecard) -> Score:
    """What tuning added: the paired difference to the best baseline that needs none."""
    best = scorecard.best_baseline.system
    return next(one.difference for one in scorecard.comparisons if one.baseline == best)


def shippable(scorecard: Scorecard) -> Score:
    """1 unless the evaluation said in words that this candidate must not ship."""
    value = 0.0 if scorecard.decision == "do not ship" else 1.0
    return Score(metric="verdict", value=value, n=scorecard.rows, unit="yes or no")


def _in_words(score: Score) -> str:
    value = f"{score.value:.4g}"
    if score.low is None or score.high is None:
        return value
    return f"{value} ({100 * score.level:.0f} % interval {score.low:.4g} to {score.high:.4g})"
