"""One walk through the steps of a project: run until, resume, and stop at a gate that is shut.

The order of the steps is in ``order.py``; a gate that fails stops the walk, and nothing after it is started.
"""

from collections.abc import Callable, Mapping

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.durations import rough_duration
from tunewright.core.errors import GateFailed
from tunewright.core.gate import Gate, Override, Verdict, judge
from tunewright.core.outlook import Outlook
from tunewright.core.outputs import Outputs
from tunewright.core.score import Score
from tunewright.core.step_runner import StepNotCached
from tunewright.core.store import Step
from tunewright.order import JUDGED_AFTER, STEPS, gate, gates, steps
from tunewright.stages.review.corrected_score import outlook
from tunewright.workflow.cleaning import clean_to_rest
from tunewright.workflow.reviewed_quality import GATE, corrected_quality
from tunewright.workflow.workspace import Workspace

#: Steps that are more than one entry of the store.
WALKED_BY: dict[str, Callable[[Workspace, Outputs], None]] = {"clean": clean_to_rest}


class Flow:
    """One walk through the steps of a project.

    Args:
        workspace: the project.
        overrides: a person's decision to pass a gate, by gate.

    Attributes:
        outputs: what the steps gave so far.
    """

    def __init__(self, workspace: Workspace, overrides: Mapping[str, Override] | None = None) -> None:
        self.workspace = workspace
        self.overrides = dict(overrides or {})
        self.outputs = workspace.outputs()

    def run_until(self, last: str = STEPS[-1]) -> Outputs:
        """Walk as far as the step called `last`; what was done before is read, not done again.

        Raises:
            GateFailed: a gate on the way is shut; `self.outputs` holds what came before it.
        """
        for spec in steps()[: STEPS.index(last) + 1]:
            if spec.behind_gates:
                self.require_open_gates()
            if spec.name in WALKED_BY:
                WALKED_BY[spec.name](self.workspace, self.outputs)
            else:
                outcome = self.workspace.runner.run(spec, self.outputs)
                self.outputs.outcomes.append(outcome)
                self.outputs.add(outcome.value, data=spec.data)
            self._judge_after(spec.name)
        return self.outputs

    def cached_until(self) -> tuple[Outputs, Step | None]:
        """How far what is kept goes, and the first step that is not there; makes and records nothing."""
        try:
            return self.run_until(), None
        except StepNotCached as missing:
            return self.outputs, missing.step
        except GateFailed:
            return self.outputs, None

    def judge(self, gate: Gate) -> Verdict:
        """The verdict of one gate on what its stage gave, recorded; an override given for it is used and recorded."""
        stage = next(spec for spec in steps() if gate in spec.gates)
        measured = gate.measure(self.outputs[stage.output])
        corrected = self._corrected(gate)
        verdict = judge(
            gate.name,
            self.workspace.config.gates[gate.name],
            corrected or measured,
            override=self.overrides.get(gate.name),
            key_name=gate.former,
        )
        self.outputs.verdicts[gate.name] = verdict
        if corrected:
            rows = self.outputs.dataset.rows
            self.outputs.add(outlook(corrected, verdict.bar, rows - corrected.n))
        self._record(verdict)
        return verdict

    def require_open_gates(self) -> None:
        """Stop here unless every gate that was judged so far is open.

        Raises:
            GateFailed: E-GATE-001, exit code 3; nothing after it is started.
        """
        for verdict in self.outputs.verdicts.values():
            if not verdict.open:
                raise self._gate_failed(verdict)

    def _judge_after(self, step: str) -> None:
        for each in gates():
            if judged_after(each) == step:
                self.judge(each)

    def _corrected(self, gate: Gate) -> Score | None:
        """What people's reviews make of the gate's figure; None where there are none, or they say nothing of it."""
        if gate.name != GATE or "cleaned" not in self.outputs.data:
            return None
        return corrected_quality(self.workspace, self.outputs)

    def _record(self, verdict: Verdict) -> None:
        if self.workspace.looking:
            return
        kind = "passed" if verdict.passed else "overridden" if verdict.overridden else "failed"
        self.workspace.events.append(
            f"gate.{kind}",
            verdict.gate,
            digests={"verdict": verdict.digest},
            reason=verdict.overridden.why if verdict.overridden else "",
            detail={"judged": verdict.judged, "bar": verdict.bar},
        )

    def _gate_failed(self, verdict: Verdict) -> GateFailed:
        name = verdict.gate
        return GateFailed(
            "E-GATE-001",
            f"`{name}` is {_in_words(verdict.measured)}; the gate asks for {verdict.bar}.{self._spared()}",
            why="A gate judges the pessimistic end of the interval. Nothing after it was started; no cost.",
            fix=f'{self._advice(name)}; or go on with a reason: --override {name} --why "…".',
        )

    def _spared(self) -> str:
        """What training would have cost, where the gate stopped the walk before it."""
        plan = self.outputs.get(Plan)
        estimate = plan.estimate if plan else None
        if self.outputs.get(Candidate) is not None or estimate is None or not estimate.hours:
            return ""
        money = f" and US$ {estimate.cost_usd:,.2f}" if estimate.cost_usd is not None else ""
        return f" That saved about {rough_duration(3600 * estimate.hours)} of training{money} ({estimate.source})."

    def _advice(self, name: str) -> str:
        reviewed = self.outputs.get(Outlook) if name == GATE else None
        if reviewed is None or reviewed.outcome != "review more":
            return gate(name).advice
        more = reviewed.more
        return f"Review about {more:,} more rows: tunewright review sample --n {more} --to review.xlsx"


def judged_after(gate: Gate) -> str:
    """The step that `gate` is judged after: its own stage, or the later one that the order names."""
    return JUDGED_AFTER.get(gate.name) or next(spec.name for spec in steps() if gate in spec.gates)


def _in_words(score: Score) -> str:
    value = f"{score.value:.4g}"
    if score.low is None or score.high is None:
        return value
    return f"{value} ({100 * score.level:.0f} % interval {score.low:.4g} to {score.high:.4g})"
