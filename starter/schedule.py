"""How the learning rate and the mix of sources go from the start of a run (0) to its end (1).

Warm-up, stable, decay (Hägele et al. 2024, arXiv 2405.18392): the rate stays at its peak until `DECAY_FROM`, then
falls by one minus the root to zero, while the mix turns from text to chats.
"""

from dataclasses import dataclass

WARM_UP_STEPS = 100
DECAY_FROM = 0.7
#: Steps before the speed is measured: the first ones compile and fill caches.
SETTLING_STEPS = 20
MEASURED_STEPS = 40

STABLE = {
    "books": 0.42,
    "medical": 0.05,
    "dialogues": 0.04,
    "generated": 0.38,
    "reading": 0.07,
    "dialogues chats": 0.02,
    "medical chats": 0.02,
}
DECAY = {
    "books": 0.20,
    "medical": 0.02,
    "dialogues": 0.01,
    "generated": 0.55,
    "reading": 0.11,
    "dialogues chats": 0.06,
    "medical chats": 0.05,
}


def rate(progress: float, step: int) -> float:
    """The learning rate as a share of its peak."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    if progress < DECAY_FROM:
        return warm
    return warm * max(0.0, 1.0 - ((progress - DECAY_FROM) / (1.0 - DECAY_FROM)) ** 0.5)


def rows(progress: float, batch: int, present: set[str]) -> dict[str, int]:
    """How many of `batch` blocks each source gives; what is left over goes to the largest source."""
    mix = {name: share for name, share in (STABLE if progress < DECAY_FROM else DECAY).items() if name in present}
    total = sum(mix.values())
    counts = {name: int(batch * share / total) for name, share in mix.items()}
    counts[max(mix, key=lambda name: mix[name])] += batch - sum(counts.values())
    return counts


@dataclass
class Clock:
    """Says how far a run is: by its steps when they are given, else by time.

    With a time budget the number of steps is set once from the measured speed; should the machine get slower after
    that, time decides, so the decay always completes.

    Attributes:
        seconds: the budget, or None with `steps`.
        steps: the number of steps, or None until it is known.
    """

    seconds: float | None
    steps: int | None = None

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the run that is done before `step`, at most 1."""
        if self.seconds is None:
            return min(1.0, step / (self.steps or 1))
        by_time = elapsed / self.seconds
        return min(1.0, max(by_time, step / self.steps) if self.steps else by_time)

    def measured(self, step: int, elapsed: float, seconds_a_step: float) -> None:
        """Set the number of steps that fit into what is left of the budget."""
        if self.seconds is not None and self.steps is None:
            # Two in a hundred are kept for figures taken on the way.
            self.steps = step + int(0.98 * max(0.0, self.seconds - elapsed) / seconds_a_step)
