"""Time and energy of a training run over all its attempts, a killed one included."""

import json
import time
from pathlib import Path
from types import TracebackType

from tunewright.core.files import publish_text
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup

FILE = "clock.json"
#: Between two times that the sums are forced to disk, which takes milliseconds in which a GPU would wait.
KEPT_SECONDS = 10.0
#: Intel's and AMD's energy counters as Linux shows them; often readable by root only.
RAPL = Path("/sys/class/powercap")


class Clock:
    """Seconds and watt-hours spent in a work folder; a kill loses at most the last ten seconds.

    Args:
        work: folder where the sums are kept between attempts.
        group: the processes of the run, of which the leader alone writes.
    """

    def __init__(self, work: Path, group: ProcessGroup = ALONE) -> None:
        self._path = work / FILE
        self._writes = group.is_leader
        sums = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        self._seconds_before: float = sums.get("seconds", 0.0)
        self._joules: float | None = sums.get("joules", 0.0 if not sums else None)
        self._started = self._ticked = time.monotonic()
        self._counters = _counters()

    def __enter__(self) -> "Clock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write()

    @property
    def seconds(self) -> float:
        """Seconds of all attempts so far."""
        return self._seconds_before + time.monotonic() - self._started

    @property
    def energy_wh(self) -> float | None:
        """Watt-hours of the processor packages meanwhile, other programs included; None when not readable."""
        return None if self._joules is None or not self._counters else self._joules / 3600

    def tick(self) -> None:
        """Write the sums now and then."""
        if time.monotonic() - self._ticked >= KEPT_SECONDS:
            self._write()

    def _write(self) -> None:
        """Add what was spent since the last time, and write the sums."""
        self._ticked = time.monotonic()
        if not self._writes:
            return
        now = _counters()
        if self._joules is not None and now and set(now) == set(self._counters):
            self._joules += sum(
                (microjoules - self._counters[zone][0]) % limit / 1e6 for zone, (microjoules, limit) in now.items()
            )
        else:
            self._joules = None
        self._counters = now
        publish_text(self._path, json.dumps({"seconds": round(self.seconds, 3), "joules": self._joules}))


def _counters() -> dict[str, tuple[int, int]]:
    """Microjoules of each package and where its counter wraps; empty when one of them cannot be read."""
    counters = {}
    for zone in sorted(RAPL.glob("intel-rapl:?")):
        try:
            energy = int((zone / "energy_uj").read_text())
            limit = int((zone / "max_energy_range_uj").read_text())
        except OSError:
            return {}
        counters[zone.name] = (energy, limit)
    return counters
