"""What every benchmark shares: repeats with their spread, the machine, the commit, and one JSON file per benchmark.

A result file holds ``what, command, commit, date, machine, figures, peers, target, met``; a figure is
``name, value, unit, spread, n``: the median of `n` runs and the distance between the slowest and the fastest.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
CACHE = Path(os.environ.get("TUNEWRIGHT_BENCH_CACHE", ROOT / ".bench-cache"))
DATA = Path(os.environ.get("TUNEWRIGHT_DATA", ROOT.parent / "shared" / "data"))
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"


@dataclass(frozen=True)
class Figure:
    """One measured number: a median of `n` runs; `spread` is slowest minus fastest, in the same unit."""

    name: str
    value: float
    unit: str
    spread: float = 0.0
    n: int = 1


def timed(run: Callable[[], Any], repeats: int) -> tuple[list[float], Any]:
    """Seconds of each of `repeats` runs, and what the last run returned."""
    seconds, last = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        last = run()
        seconds.append(time.perf_counter() - start)
    return seconds, last


def figure(name: str, values: list[float], unit: str) -> Figure:
    """The median of `values` with their spread."""
    return Figure(name, round(statistics.median(values), 4), unit, round(max(values) - min(values), 4), len(values))


class PeakMemory:
    """The highest resident memory of this process while the block runs, sampled every 20 ms, in GiB."""

    def __enter__(self) -> "PeakMemory":
        self.gib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while True:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            self.gib = max(self.gib, pages * page / 2**30)
            if self._stop.wait(0.02):
                return


def machine() -> dict[str, Any]:
    """The processor, its cores in use, memory, load and versions, a GPU that was used; nothing that names the host."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory, 1),
        "load_1m": round(os.getloadavg()[0], 1),
        "os": platform.system(),
        "python": platform.python_version(),
        **_gpu(),
    }


def _gpu() -> dict[str, str]:
    """The GPU's name where a benchmark has loaded torch and there is one."""
    torch = sys.modules.get("torch")
    return {"gpu": torch.cuda.get_device_name()} if torch is not None and torch.cuda.is_available() else {}


def commit() -> str:
    """The commit that was measured, with a mark when tracked files differ from it.

    On a machine that has a copy of the files and no checkout of its own, TUNEWRIGHT_COMMIT says which it is.
    """
    if said := os.environ.get("TUNEWRIGHT_COMMIT"):
        return said
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode:
        return "not a checkout"
    dirty = subprocess.run([*git, "status", "--porcelain", "-uno", "--", "src", "benchmarks/*.py"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    return head.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")


def publish(
    name: str,
    *,
    what: str,
    figures: list[Figure],
    target: dict[str, Any],
    met: bool | dict[str, bool] | None,
    peers: dict[str, Any] | None = None,
    notes: list[str] | None = None,
) -> Path:
    """Write ``benchmarks/results/<name>.json`` and print its figures.

    Args:
        name: the file's name without suffix.
        what: one sentence on what was measured.
        figures: our own numbers.
        target: the promised numbers, by figure.
        met: whether they were reached, in all or by figure; None when it could not be told.
        peers: what others measured in the same run on the same rows, by peer.
        notes: what a reader must know to compare honestly.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    value = {
        "what": what,
        "command": "python " + " ".join(["benchmarks/" + Path(sys.argv[0]).name, *sys.argv[1:]]),
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "figures": [asdict(item) for item in figures],
        "peers": peers or {},
        "target": target,
        "met": met,
        "notes": notes or [],
    }
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for item in figures:
        print(f"{item.name:<44} {item.value:>12g} {item.unit}  (±{item.spread / 2:g}, n={item.n})")
    print(f"{path.relative_to(ROOT)}: met={met}")
    return path


def peer(script: str, *arguments: str, timeout_s: float = 1800) -> dict[str, Any]:
    """Run Python source in ``.venv-peers``; its last line of output is JSON. A failure is recorded, not raised."""
    if not PEERS_PYTHON.exists():
        return {"not_run": "no .venv-peers; make it with: python benchmarks/peers.py"}
    try:
        done = subprocess.run([str(PEERS_PYTHON), "-c", script, *arguments], capture_output=True, text=True,
                              timeout=timeout_s, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"not_finished_in_s": timeout_s}
    if done.returncode != 0:
        return {"failed": done.stderr.strip().splitlines()[-1:] or ["no message"]}
    last: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return last
