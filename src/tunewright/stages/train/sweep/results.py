"""What `sweep` gives back."""

from typing import ClassVar

from tunewright.core.frozen import Frozen
from tunewright.core.score import Score


class RankLine(Frozen):
    """One rank of a sweep, or every weight tuned, as far as it was taken.

    Attributes:
        rank: its rank; None is every weight, without adapters.
        quality: log-likelihood of the validation rows' answers.
        forgetting: nats a token that its answers to the retention suite lost.
        kept: of the suite's items that the base answers right, the share that is still right.
        step: optimizer steps taken.
        share: of one full run.
        whole: whether its run is over.
        memory_gb: most memory while it trained; None where it cannot be told.
        minutes_per_1000_steps: time that 1,000 steps of it take here, validations included.
        playbook_memory_gb: what the playbook says, where it names this rank.
        playbook_minutes_per_1000_steps: the same of the time.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"memory_gb", "minutes_per_1000_steps"})

    rank: int | None
    quality: Score
    forgetting: Score
    kept: Score | None
    step: int
    share: float
    whole: bool
    memory_gb: float | None
    minutes_per_1000_steps: float
    playbook_memory_gb: float | None = None
    playbook_minutes_per_1000_steps: float | None = None


class LadderLine(Frozen):
    """One step up the ladder: where it was last tested, what it gained, and whether that was enough.

    `left` is the share of the gain that is likely to be left at the end of a run, from how it shrank so far.
    """

    low: int
    high: int
    step: int
    gain: Score
    helps: bool
    left: float


class SweepResult(Frozen):
    """What `sweep` found.

    Attributes:
        base: the model that every rank adapts.
        ranks: each rank, as far as it was taken.
        full: every weight tuned, where that was asked for and fits.
        full_missing: why it is absent although it was asked for.
        untuned: log-likelihood of the validation rows' answers before any training.
        ladder: the steps that were tested, from the start up.
        winner: the rank to train; None where there is none, or not yet.
        why: why the ladder ended there.
        cost: optimizer steps of all ranks together, in full runs.
        steps: optimizer steps of one full run.
        rows: validation rows.
        items: items of the retention suite.
        exhaustive: whether every rank had its full run.
        interrupted: whether it was ended before it was done.
        setting: the line to put under ``train:`` in tunewright.yaml.
    """

    base: str
    ranks: tuple[RankLine, ...]
    full: RankLine | None
    full_missing: str
    untuned: Score
    ladder: tuple[LadderLine, ...]
    winner: int | None
    why: str
    cost: float
    steps: int
    rows: int
    items: int
    exhaustive: bool
    interrupted: bool
    setting: str
