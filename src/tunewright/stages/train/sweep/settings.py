"""Settings of the rank sweep: the ``sweep:`` section of tunewright.yaml."""

from collections.abc import Sequence

from pydantic import Field, ValidationError, field_validator

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.stages.train.sweep.search import Rule

#: Ranks that a ladder may have: with one there is nothing to compare, and beyond these nothing is a linear layer's.
LEAST, LARGEST = 2, 4096


class SweepSettings(Frozen):
    """Which ranks are tried, what makes a higher one worth it, and how much may be forgotten for it."""

    ranks: tuple[int, ...] = Field((4, 8, 16, 32, 64, 128), description="Ranks that are tried.")
    start: int = Field(8, ge=1, description="Rank at which the ladder begins; lower ones are for the ceiling.")
    least_gain: float = Field(
        0.02, ge=0, description="Nats a token on the validation rows that a step up must surely bring to be worth it."
    )
    error: float = Field(0.05, gt=0, lt=0.5, description="Chance of climbing a step that brings less.")
    ceiling: float | None = Field(
        None, description="Nats a token of the retention suite that may be forgotten at most; empty: no ceiling."
    )
    full_learning_rate: float = Field(
        2e-5, gt=0, description="Peak of the learning rate where --full tunes every weight beside the ranks."
    )
    items: int = Field(0, ge=0, description="Items of the retention suite that are measured, of all kinds; 0: all 400.")

    @field_validator("ranks")
    @classmethod
    def _a_ladder(cls, ranks: tuple[int, ...]) -> tuple[int, ...]:
        ladder = tuple(sorted(set(ranks)))
        if len(ladder) < LEAST or ladder[0] < 1 or ladder[-1] > LARGEST:
            raise ValueError(f"give at least {LEAST} different ranks between 1 and {LARGEST:,}, such as [4, 8, 16]")
        return ladder

    @property
    def rule(self) -> Rule:
        """When to climb and when to stop."""
        return Rule(start=self.start, least_gain=self.least_gain, error=self.error, ceiling=self.ceiling)


def with_ranks(settings: SweepSettings, ranks: Sequence[int]) -> SweepSettings:
    """`settings` with other ranks; none leaves them as they are.

    Raises:
        UserError: E-SWEEP-002 for ranks that are no ladder.
    """
    if not ranks:
        return settings
    try:
        return SweepSettings.model_validate({**settings.model_dump(), "ranks": tuple(ranks)})
    except ValidationError:
        raise wrong_ranks(", ".join(map(str, ranks))) from None


def parsed_ranks(text: str) -> tuple[int, ...]:
    """The ranks in ``4,8,16``; empty text has none.

    Raises:
        UserError: E-SWEEP-002 where one is no number.
    """
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise wrong_ranks(text) from None


def wrong_ranks(text: str) -> UserError:
    """The error that `text` is no ladder."""
    return UserError(
        "E-SWEEP-002",
        f"{text!r} is no list of ranks.",
        why=f"A sweep compares at least {LEAST} different ranks between 1 and {LARGEST:,}.",
        fix="--rank 4,8,16,32,64,128",
    )
