"""The rank sweep: trials of each rank, measured and held against each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.interrupts import PartialResult
from tunewright.core.playbook import claims
from tunewright.core.progress import SILENT, Progress
from tunewright.core.score import Score
from tunewright.models.forgetting import forgetting, retention
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.results import LadderLine, RankLine, SweepResult
from tunewright.stages.train.sweep.runs import METHOD, RunMeasurement, SweepRuns
from tunewright.stages.train.sweep.search import Rule, SearchResult, Trial, exhaust, search
from tunewright.stages.train.sweep.settings import SweepSettings
from tunewright.stats.intervals import Sampling, ratio

METRIC, UNIT = "log_likelihood", "nats a token"


class SweepRequest(Frozen):
    """What one sweep is to do, beside the settings.

    Attributes:
        full: also tune every weight, where it fits.
        exhaustive: take every rank to its end.
    """

    full: bool = False
    exhaustive: bool = False


@dataclass(frozen=True)
class Judge:
    """Measures the runs of a sweep and holds them against each other.

    Attributes:
        runs: where trials come from.
        rule: whose level the comparisons have.
        sampling: how intervals are drawn.
        progress: told of each trial.
    """

    runs: SweepRuns
    rule: Rule
    sampling: Sampling
    progress: Progress = SILENT

    def trial(self, rank: int, step: int) -> Trial:
        """`rank` at `step` of its run."""
        measured = self.runs.take(rank, step)
        return Trial(rank, step, measured.step, measured.whole, self.forgotten(measured), measurement=measured)

    def say(self, trial: Trial) -> None:
        """Tell of one trial."""
        self.progress.say(
            f"Rank {trial.rank} at step {trial.step} of {_measurement(trial).steps}: log-likelihood "
            f"{self.quality(trial).value:.3f}, forgets {trial.forgetting.value:+.3f} nats a token."
        )

    def compare(self, low: Trial, high: Trial) -> Score:
        """What `high` adds to the log-likelihood of the validation rows' answers, paired by row."""
        (low_nats, tokens), (high_nats, _) = _measurement(low).losses, _measurement(high).losses
        sampling = Sampling(self.sampling.resamples, self.sampling.seed, self.rule.level)
        return ratio("gain", (low_nats - high_nats) * tokens, tokens, sampling, unit=UNIT)[0]

    def quality(self, trial: Trial) -> Score:
        """Log-likelihood of the validation rows' answers."""
        return self.quality_of(_measurement(trial))

    def quality_of(self, measured: RunMeasurement) -> Score:
        """The same of a run that is no trial."""
        nats, tokens = measured.losses
        return ratio(METRIC, -nats * tokens, tokens, self.sampling, unit=UNIT)[0]

    def forgotten(self, measured: RunMeasurement) -> Score:
        """Nats a token by which the suite's answers became less likely."""
        return forgetting(self.runs.base().recall, measured.recall, self.sampling)

    def kept(self, measured: RunMeasurement) -> Score | None:
        """Of what the base answers right, the share that is still right."""
        return retention(self.runs.base().recall, measured.recall, self.sampling)

    def line(self, rank: int | None, measured: RunMeasurement) -> RankLine:
        """All figures of one run."""
        memory, minutes = claims()["rank_memory_gb"], claims()["rank_minutes_per_1000_steps"]
        return RankLine(
            rank=rank,
            quality=self.quality_of(measured),
            forgetting=self.forgotten(measured),
            kept=self.kept(measured),
            step=measured.step,
            share=measured.step / measured.steps,
            whole=measured.whole,
            memory_gb=measured.memory_gb,
            minutes_per_1000_steps=measured.seconds / 60 / measured.step * 1000,
            playbook_memory_gb=memory.by_rank.get(rank or 0),
            playbook_minutes_per_1000_steps=minutes.by_rank.get(rank or 0),
        )


def sweepable(plan: Plan) -> Plan:
    """`plan` without its rank and what is said of it, so that a sweep outlives the choice that it leads to.

    Raises:
        UserError: E-SWEEP-001 when the plan has no rank that can be swept.
    """
    if plan.method != METHOD:
        raise UserError(
            "E-SWEEP-001",
            f"The method is {plan.method}; a sweep compares ranks of {METHOD}.",
            why="All ranks share one base that is loaded once and never changed, which only these adapters do.",
            fix="train.method: lora, with data.task: reply or extract; the rank that wins there is a start for qlora.",
        )
    options = {name: value for name, value in plan.options.items() if name != "rank"}
    return plan.model_copy(update={"options": options, "estimate": None, "reasons": (), "refused": ()})


def sweep(
    corpus: Corpus,
    plan: Plan,
    work: Path,
    *,
    settings: SweepSettings,
    train: TrainSettings,
    request: SweepRequest,
    sampling: Sampling,
    progress: Progress,
) -> SweepResult:
    """Find the rank to train by the ladder; a sweep that was ended goes on in the same `work`.

    Args:
        corpus: rows with their split.
        plan: from :func:`sweepable`.
        work: folder of the sweep; survives a kill.
        settings: the ladder.
        train: how each run is made.
        request: what is done besides.
        sampling: how intervals are drawn.
        progress: hears each trial.

    Raises:
        PartialResult: Ctrl-C, with what is measured.
        UserError: E-SWEEP-003, and what training raises.
    """
    runs = SweepRuns(corpus, plan, work, train, progress, settings.items, settings.full_learning_rate)
    judge = Judge(runs, settings.rule, sampling, progress)
    searched = SearchResult(on_trial=judge.say)
    outcome = _Outcome(judge, searched, request, train)
    try:
        (exhaust if request.exhaustive else search)(
            settings.ranks, runs.steps, settings.rule, judge.trial, judge.compare, searched
        )
        if request.full:
            outcome.full_missing = runs.full_lacks()
            outcome.full = None if outcome.full_missing else judge.line(None, runs.take_full())
    except KeyboardInterrupt as stopped:
        if not searched.trials:
            raise
        raise PartialResult(outcome.result(interrupted=True)) from stopped
    runs.tidy()
    return outcome.result()


@dataclass
class _Outcome:
    """A sweep on its way to its result."""

    judge: Judge
    searched: SearchResult
    request: SweepRequest
    train: TrainSettings
    full: RankLine | None = None
    full_missing: str = ""

    def result(self, *, interrupted: bool = False) -> SweepResult:
        """What was found until now; without a winner where it was interrupted."""
        runs, searched, base = self.judge.runs, self.searched, self.judge.runs.base()
        winner = None if interrupted else searched.climb.rank
        return SweepResult(
            base=runs.plan.base,
            ranks=tuple(
                self.judge.line(rank, _measurement(trials[-1])) for rank, trials in sorted(searched.trials.items())
            ),
            full=self.full,
            full_missing=self.full_missing,
            untuned=self.judge.quality_of(base),
            ladder=tuple(
                LadderLine(low=step.low, high=step.high, step=step.at, gain=step.gain, helps=step.helps, left=step.left)
                for step in searched.climb.steps
            ),
            winner=winner,
            why="it was interrupted; the same command goes on" if interrupted else searched.climb.why,
            cost=searched.steps / runs.steps,
            steps=runs.steps,
            rows=len(base.nats),
            items=len(base.suite_nats),
            exhaustive=self.request.exhaustive,
            interrupted=interrupted,
            setting="" if winner is None else _setting(self.train, winner),
        )


def _setting(train: TrainSettings, rank: int) -> str:
    """The line for `rank` under ``train:``, with the options that are given there."""
    import yaml

    options: dict[str, Any] = {**train.method_options, "rank": rank}
    line = yaml.safe_dump({"method": {METHOD: options}}, default_flow_style=True, sort_keys=False, width=10**6)
    return line.strip().removeprefix("{").removesuffix("}")


def _measurement(trial: Trial) -> RunMeasurement:
    """What was measured of a trial that :meth:`Judge.trial` made."""
    return cast("RunMeasurement", trial.measurement)
