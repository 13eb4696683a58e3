"""Which rank to train: rungs that most ranks leave early, a ladder that is climbed while it helps, and where it ends.

Every rank is one and the same run as `tunewright train` would make, paused at rungs and gone on with only while it can
still win (successive halving: Jamieson and Talwalkar 2016, arXiv 1502.07943). A rung is the first steps of the full
run, learning rate included, so nothing is trained twice and what is compared has seen the very same batches.

The ladder is climbed from rank 8 as the playbook says: a step up counts when the paired gain on the validation rows is
above the least gain with its whole interval. The steps are tested in one fixed order and the first that fails ends it,
so their number needs no correction (Maurer, Hothorn and Lehmacher 1995; Westfall and Krishen 2001, J. Stat. Plan.
Inference 99:25); a step may be looked at on several rungs, so each look takes its part of the error (Bonferroni).

Pure logic: what a rank gives and how two are compared is handed in. docs/decisions/022 has the measurements.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score

#: Ranks that go on beyond each rung but the first, and the share of the full run at which they stand.
RUNGS = ((3, 1 / 4), (2, 1 / 2), (1, 1.0))
#: Looks at one step of the ladder: the first rung, and those at a quarter and a half.
LOOKS = 3
#: Rungs on which two ranks must have been seen before it can be said how their difference goes on.
LEAST_RUNGS = 2


class Rule(Frozen):
    """When to climb and when to stop.

    Attributes:
        start: rank at which the ladder begins.
        least_gain: nats a token that a step up must bring to be worth it.
        error: chance of climbing one step too far, over all steps and looks.
        ceiling: nats a token that may be forgotten at most; None sets no ceiling.
    """

    start: int = 8
    least_gain: float = 0.02
    error: float = 0.05
    ceiling: float | None = None

    @property
    def level(self) -> float:
        """Confidence of the two-sided interval whose lower end is one look's one-sided test."""
        return 1 - 2 * self.error / LOOKS


@dataclass(frozen=True)
class Rung:
    """How far into the full run it stands, in optimizer steps, and how many ranks come to it at most."""

    step: int
    most: int


@dataclass(frozen=True)
class Trial:
    """One rank as it is on one rung.

    Attributes:
        rank: its rank.
        rung: the step of its rung; trials of the same rung are compared.
        step: steps of the full run that were taken, fewer than its rung where it ended by itself.
        full: whether that is the whole run.
        forgetting: nats a token that its answers to the retention suite lost, with interval.
        measurement: whatever else was measured, for whoever asked.
    """

    rank: int
    rung: int
    step: int
    full: bool
    forgetting: Score
    measurement: Any = None


#: What a higher rank gains over a lower one, paired by row, with an interval of `Rule.level`.
Compare = Callable[[Trial, Trial], Score]
Measure = Callable[[int, int], Trial]


@dataclass(frozen=True)
class Step:
    """One step of the ladder.

    Attributes:
        low: rank it leaves.
        high: rank it leads to.
        at: step of the rung on which it was last tested.
        gain: what the higher rank added there.
        helps: whether that is enough, with what is likely to be left of it at the end of the run.
        left: of the gain, the share that is likely to be left.
    """

    low: int
    high: int
    at: int
    gain: Score
    helps: bool
    left: float = 1.0


@dataclass(frozen=True)
class Climb:
    """How far the ladder was climbed: the steps tested, the rank it ended on, and why, as a clause."""

    steps: tuple[Step, ...]
    rank: int | None
    why: str


@dataclass
class SearchResult:
    """What a sweep found.

    Attributes:
        climb: the climb.
        trials: every trial of each rank, in order.
        steps: optimizer steps that were computed.
        on_trial: told of each trial once it is among them.
    """

    climb: Climb = Climb((), None, "")
    trials: dict[int, list[Trial]] = field(default_factory=dict)
    steps: int = 0
    on_trial: Callable[[Trial], None] = lambda _: None


def rungs(steps: int, ranks: int) -> tuple[Rung, ...]:
    """The rungs of a full run of `steps` for so many ranks; together they cost at most two full runs.

    With n ranks up to a fraction f of the run, 3 of them on to 1/4, 2 to 1/2 and 1 to its end that is (n - 3)·f + 7/4
    runs, so f = 1/4(n - 3): a twelfth for six ranks.

    Raises:
        UserError: E-SWEEP-003 when the run has too few steps to be cut so.
    """
    first = [Rung(steps // (4 * (ranks - 3)), ranks)] if ranks > RUNGS[0][0] else []
    later = [Rung(int(steps * share), most) for most, share in RUNGS if most <= ranks]
    kept_rungs: list[Rung] = []
    for rung in (*first, *later):
        if not kept_rungs or rung.step > kept_rungs[-1].step:
            kept_rungs.append(rung)
    if kept_rungs[0].step == 0:
        least = 4 * (ranks - 3) if ranks > RUNGS[0][0] else 2 * (ranks - 1)
        raise UserError(
            "E-SWEEP-003",
            f"One run has {steps} optimizer steps; a sweep of {ranks} ranks needs at least {least}.",
            why="Most ranks are left after the first few steps of a run; here that would be before the first one.",
            fix="Train on more rows or epochs, lower the batch, or try fewer ranks.",
        )
    return tuple(kept_rungs)


def search(
    ranks: Iterable[int], steps: int, rule: Rule, measure: Measure, compare: Compare, result: SearchResult | None = None
) -> SearchResult:
    """Take every rank to the first rung and the contenders on, until the one that wins has had the full run.

    A rank that was left stays left, so the cost is bounded. Only the ceiling can call one back, when it strikes out
    what stood above it; where it does so at the end of a run, what is called back costs up to a run more.

    Args:
        ranks: at least two.
        steps: optimizer steps of one full run.
        rule: when to climb.
        measure: takes a rank to a step of its run, from where it stood, and measures it there.
        compare: the paired gain of the second trial over the first.
        result: filled as it goes, for whoever wants to know when it is interrupted.
    """
    every = sorted(set(ranks))
    result = SearchResult() if result is None else result
    going: Sequence[int] = every
    for rung, after in pairwise(rungs(steps, len(every))):
        for rank in going:
            _take(result, rank, rung.step, measure)
        result.climb = climb(result.trials, rule, compare, highest=going[-1])
        if result.climb.rank is None:
            return result
        going = contenders([rank for rank in ladder(every, rule) if rank in going], result.climb.rank, after.most)
    # The ceiling may strike out at its full length what was below it on the way; then the next one has its turn.
    while result.climb.rank is not None and not result.trials[result.climb.rank][-1].full:
        _take(result, result.climb.rank, steps, measure)
        result.climb = climb(result.trials, rule, compare, highest=going[-1])
    return result


def exhaust(
    ranks: Iterable[int], steps: int, rule: Rule, measure: Measure, compare: Compare, result: SearchResult | None = None
) -> SearchResult:
    """Take every rank to the end of its run and climb by that: what :func:`search` saves, and is held against."""
    result = SearchResult() if result is None else result
    for rank in sorted(set(ranks)):
        _take(result, rank, steps, measure)
    result.climb = climb(result.trials, rule, compare)
    return result


def climb(trials: Mapping[int, Sequence[Trial]], rule: Rule, compare: Compare, highest: int | None = None) -> Climb:
    """Up the ladder from the start while each step helps, by each pair's newest trials of the same rung.

    Args:
        trials: of each rank, in the order of their rungs.
        rule: when to climb.
        compare: the paired gain of the second trial over the first.
        highest: ranks above it were left, and are not climbed to; None: none was.
    """
    every = sorted(trials)
    known = ladder(every, rule)
    struck = {rank for rank in every if over(trials[rank][-1].forgetting, rule)}
    if known[0] in struck:
        lower = [rank for rank in every if rank < known[0] and rank not in struck]
        if not lower:
            return Climb((), None, f"every rank up to {known[0]} forgets more than the ceiling allows")
        return Climb((), lower[-1], f"rank {known[0]} forgets more than the ceiling allows")
    steps: list[Step] = []
    for low, high in pairwise(known):
        first, second = _together(trials[low], trials[high])
        gain = compare(first, second)
        assert gain.low is not None
        left = _left(trials[low], trials[high], compare)
        steps.append(Step(low, high, second.rung, gain, helps=left * gain.low > rule.least_gain, left=left))
        if high in struck:
            return Climb(tuple(steps), low, f"rank {high} forgets more than the ceiling allows")
        if not steps[-1].helps:
            return Climb(tuple(steps), low, _not_enough(steps[-1], rule))
        if highest is not None and low >= highest:
            return Climb(
                tuple(steps), low, f"rank {high} was left at step {second.rung}, when a step below it did not help"
            )
    return Climb(tuple(steps), known[-1], f"every step up to {known[-1]}, the largest tried, still helped")


def contenders(known: Sequence[int], reached: int, most: int) -> list[int]:
    """At most `most` neighbors on the ladder around the rank that was reached, those below it first.

    Gains of a higher rank shrink as training goes on, because it learns faster at first; so the step that was just
    climbed is the one to test again.
    """
    if reached not in known:
        return [reached]
    at = known.index(reached)
    first = min(max(at - 1, 0), max(len(known) - most, 0)) if most > 1 else at
    return list(known[first : first + most])


def ladder(ranks: Sequence[int], rule: Rule) -> list[int]:
    """The ranks from the start up; all of them where every rank is below the start."""
    return [rank for rank in ranks if rank >= rule.start] or list(ranks)


def over(forgetting: Score, rule: Rule) -> bool:
    """Whether more may be forgotten than the ceiling allows, judged by the pessimistic end."""
    high = forgetting.value if forgetting.high is None else forgetting.high
    return rule.ceiling is not None and high > rule.ceiling


def _take(result: SearchResult, rank: int, step: int, measure: Measure) -> None:
    """Go on with one rank; a run that ended by itself stands on every later rung as it is."""
    before = result.trials.get(rank, [])
    last = before[-1] if before else None
    trial = replace(last, rung=step) if last is not None and last.full else measure(rank, step)
    result.steps += trial.step - (last.step if last else 0)
    result.trials[rank] = [*before, trial]
    result.on_trial(trial)


def _together(low: Sequence[Trial], high: Sequence[Trial]) -> tuple[Trial, Trial]:
    """The newest trials of two ranks that stand on the same rung; all stood on the first."""
    rungs_of = [{trial.rung: trial for trial in trials} for trials in (low, high)]
    newest = max(rungs_of[0].keys() & rungs_of[1].keys())
    return rungs_of[0][newest], rungs_of[1][newest]


def _left(low: Sequence[Trial], high: Sequence[Trial], compare: Compare) -> float:
    """Of the gain on the newest rung two ranks share, what is likely to be left at the end, from how it shrank before.

    A larger adapter learns faster at first and is caught up with. Rungs double, so what the last one took off a gain
    is taken off once more; a gain that grew is taken as it is, and so is one between runs that are over.
    """
    rungs_of = [{trial.rung: trial for trial in trials} for trials in (low, high)]
    shared = sorted(rungs_of[0].keys() & rungs_of[1].keys())
    if len(shared) < LEAST_RUNGS or all(of[shared[-1]].full for of in rungs_of):
        return 1.0
    before, now = (compare(rungs_of[0][at], rungs_of[1][at]).value for at in shared[-2:])
    return now / before if 0 < now < before else 1.0


def _not_enough(step: Step, rule: Rule) -> str:
    gain = step.gain
    assert gain.low is not None
    assert gain.high is not None
    shrinks = f" at step {step.at}, of which {step.left:.0%} may be left at the end" if step.left < 1 else ""
    return (
        f"rank {step.high} adds {gain.value:+.3f} nats a token ({gain.low:+.3f} to {gain.high:+.3f}){shrinks}, "
        + ("which is less than" if step.left * gain.high <= rule.least_gain else "not surely more than")
        + f" the {rule.least_gain:g} that is worth a step"
    )
