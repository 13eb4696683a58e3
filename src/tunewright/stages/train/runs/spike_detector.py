"""When a training loss has gone wrong: not a number, or far above what it was for too long.

A step's loss is a spike when it lies above the running median of the last sound losses by more than `size` times their
spread, and by more than a tenth of the loss at the start. The spread is the median absolute deviation times 1.4826,
which is the standard deviation of normal noise and hardly moves for the odd outlier; the second bar keeps a loss near 0
from being called a spike for its last decimals. Spikes do not join the losses that later ones are held against, so a
run that has diverged goes on being one, and only `patience` spikes in a row are a divergence.

Measured (tests/stages/train/test_spike_detector.py): no run of 3,000 steps in 200 stopped on falling curves with
normal, log-normal and Student-t noise (df 3); a loss that trebles or blows up is stopped after exactly `patience`
steps.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

#: Sound losses that a new one is held against, and how many of them must be there.
WINDOW = 64
LEAST = 16
#: Times the median absolute deviation of normal noise to give its standard deviation.
NORMAL = 1.4826
#: Share of the first losses' median by which a spike must at least stick out.
FLOOR = 0.1


class SpikeDetector:
    """Follows the losses of one run.

    Args:
        size: how many standard deviations above the median a spike begins; 0 sees none.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self._sound: deque[float] = deque(maxlen=WINDOW)
        self._start: float | None = None
        self.count = 0

    def add(self, loss: float) -> float | None:
        """Take in the loss of one step; what it should have stayed below when it is a spike, else None."""
        bar = self._bar()
        if bar is not None and loss > bar:
            self.count += 1
            return bar
        self.count = 0
        self._sound.append(loss)
        if self._start is None and len(self._sound) == LEAST:
            self._start = _median(self._sound)
        return None

    def _bar(self) -> float | None:
        """What a loss has to lie above to be a spike; None while too few were seen."""
        if not self._size or self._start is None:
            return None
        middle = _median(self._sound)
        spread = NORMAL * _median([abs(loss - middle) for loss in self._sound])
        return middle + max(self._size * spread, FLOOR * self._start)

    def state(self) -> dict[str, Any]:
        """What :meth:`load_state` goes on from, for a checkpoint."""
        return {"sound": list(self._sound), "start": self._start, "spikes": self.count}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self._sound = deque(state["sound"], maxlen=WINDOW)
        self._start, self.count = state["start"], state["spikes"]


def _median(values: "deque[float] | list[float]") -> float:
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
