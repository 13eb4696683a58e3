"""The bundled reply desk from tickets to release, once with each starter model: minutes, memory, and what it learned.

Usage: python benchmarks/reply_desk.py [--bases starter-8m,starter-28m] [--rows 1400]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import _harness as harness

DESK = harness.ROOT / "examples" / "reply-desk"
TARGET_MINUTES, TARGET_GIB = 8.0, 4.0
#: The base that the example names; the targets are its.
OWN = "starter-8m"
FIGURES = ("log_likelihood", "category_accuracy", "priority_accuracy", "json_valid", "exact_match", "rouge_l")


class TreeMemory:
    """The most resident memory of a process and all its descendants together, sampled ten times a second, in GiB."""

    def __init__(self, pid: int) -> None:
        self.gib = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "TreeMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._over.wait(0.1):
            self.gib = max(self.gib, sum(pages for pages in self._pages()) * page / 2**30)

    def _pages(self) -> list[int]:
        parents, pages = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:  # it ended while we looked
                continue
            parents[int(entry.name)], pages[int(entry.name)] = int(stat[1]), int(stat[21])
        family = {self._pid}
        while more := {child for child, parent in parents.items() if parent in family} - family:
            family |= more
        return [pages.get(member, 0) for member in family]


def run(base: str, rows: int) -> tuple[dict[str, Any], float, float]:
    """What ``tunewright run`` says of a fresh copy, its minutes, and its peak memory."""
    with tempfile.TemporaryDirectory() as temporary:
        desk = Path(temporary) / "reply-desk"
        shutil.copytree(DESK, desk, ignore=shutil.ignore_patterns(".tunewright", "releases", "reports", "*.csv"))
        make = [sys.executable, str(desk / "generate.py"), "--rows", str(rows)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        program = str(Path(sys.executable).with_name("tunewright"))
        command = [program, "run", "-C", str(desk), "--offline", "--json", "--set", f"train.base={base}"]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process, TreeMemory(process.pid) as memory:
            said, _ = process.communicate()
        minutes = (time.perf_counter() - started) / 60
    document = json.loads(said)
    if not document["ok"]:
        sys.exit(f"{base}: {document['error']}")
    return document["data"], minutes, memory.gib


def figures_of(base: str, data: dict[str, Any], minutes: float, gib: float) -> list[harness.Figure]:
    """Figures of one run; the spread of a score is the width of its interval."""
    evaluation = data["evaluation"]
    gain, scores = evaluation["gain"], {one["metric"]: one for one in evaluation["systems"][0]["scores"]}
    return [
        harness.Figure(f"{base}_minutes", round(minutes, 2), "min"),
        harness.Figure(f"{base}_peak_memory", round(gib, 2), "GiB"),
        harness.Figure(f"{base}_gain", gain["value"], gain["unit"], gain["high"] - gain["low"], gain["n"]),
        *(
            harness.Figure(
                f"{base}_{name}",
                scores[name]["value"],
                scores[name]["unit"],
                scores[name]["high"] - scores[name]["low"],
                scores[name]["n"],
            )
            for name in FIGURES
            if name in scores
        ),
    ]


def main() -> None:
    """Every base, then ``results/reply_desk.json``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bases", default=f"{OWN},starter-28m")
    parser.add_argument("--rows", type=int, default=1400)
    given = parser.parse_args()
    figures, peers, met, notes = [], {}, {}, []
    for base in given.bases.split(","):
        data, minutes, gib = run(base, given.rows)
        evaluation = data["evaluation"]
        figures += figures_of(base, data, minutes, gib)
        for line in evaluation["systems"][1:]:
            peers[f"{line['system']}, {base}"] = {one["metric"]: one["value"] for one in line["scores"]}
        notes.append(f"{base}: {evaluation['decision']}. {evaluation['words']}")
        if base == OWN:
            met = {
                f"{base}_minutes": minutes <= TARGET_MINUTES,
                f"{base}_peak_memory": gib <= TARGET_GIB,
                f"{base}_gain": evaluation["gain"]["low"] > 0 and evaluation["decision"] == "ship",
            }
    harness.publish(
        "reply_desk",
        what=f"tunewright run on the bundled reply desk of {given.rows:,} tickets, audit, evaluation and report in it",
        figures=figures,
        target={
            f"{OWN}_minutes": f"<= {TARGET_MINUTES} on 2 quiet cores",
            f"{OWN}_peak_memory": f"<= {TARGET_GIB} GiB",
            f"{OWN}_gain": "> 0, its interval too",
        },
        met=met,
        peers=peers,
        notes=[
            *notes,
            "The gain is over the better of the untuned base and the base shown similar answered tickets first.",
            "The spread of a score is the width of its 95 % interval; memory is that of all processes together.",
        ],
    )


if __name__ == "__main__":
    main()
