"""How long `tunewright --help` takes, as a whole process, and that nothing heavy is loaded on the way."""

import subprocess
import sys
import time
from pathlib import Path

import _harness as harness

TARGET_S = 0.3
RUNS = 15


def main() -> None:
    """Time the program beside a bare interpreter in the same run."""
    tunewright = [str(Path(sys.executable).with_name("tunewright")), "--help"]
    bare = [sys.executable, "-c", "pass"]
    ours, interpreter = [], []
    for _ in range(RUNS):
        ours.append(seconds(tunewright))
        interpreter.append(seconds(bare))
    figure = harness.figure("help", ours[1:], "s")
    harness.publish(
        "startup",
        what="tunewright --help, whole process",
        figures=[figure],
        peers={"bare python": {"seconds": harness.figure("bare", interpreter[1:], "s").value}},
        target={"help": f"<= {TARGET_S} s"},
        met=figure.value <= TARGET_S,
    )


def seconds(command: list[str]) -> float:
    """One run of `command`."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
