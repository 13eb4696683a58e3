"""Every check against planted truth at 10,000 rows: seeds 0 and 1 fixed the bars, seeds 2 to 4 are reported.

    python benchmarks/golden.py [--only NAME ...]

A figure is the median over the reported seeds with its spread; a bar is met when the worst seed meets it. Each run of
an experiment is kept until the code changes, so a benchmark that was stopped goes on where it was. The table is
written when every experiment has run.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import _harness as harness

sys.path.insert(0, str(harness.ROOT))

from tests.golden.experiments import EXPERIMENTS
from tests.golden.trial import FROZEN_ON, REPORTED_ON, Figure

#: What a figure depends on.
CODE = ("src/tunewright", "tests/golden", "tests/stages/train/tiny.py")


def main() -> None:
    """Run the experiments named (all when none is) and write their table when none is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(REPORTED_ON), help=f"not {FROZEN_ON}")
    parser.add_argument("--only", nargs="+", choices=sorted(EXPERIMENTS), metavar="NAME", default=[])
    parser.add_argument("--again", action="store_true", help="run what was kept too")
    given = parser.parse_args()
    kept = harness.CACHE / "golden" / f"{_code()}-{given.rows}"
    found: dict[str, list[Figure]] = defaultdict(list)
    missing: list[str] = []
    for name in EXPERIMENTS:
        chosen = not given.only or name in given.only
        for seed in given.seeds:
            path = kept / f"{name}-{seed}.json"
            if chosen and (given.again or not path.exists()):
                _run(name, given.rows, seed, path)
            if not path.exists():
                missing.append(f"{name} (seed {seed})")
                continue
            for one in json.loads(path.read_text(encoding="utf-8")):
                figure = Figure(**one)
                found[figure.name].append(figure)
                if given.only and chosen:
                    print(f"{'met   ' if figure.met else 'MISSED'} {figure.name} {figure.value:.4f}, bar {figure.bar}")
    if missing:
        print(f"not published; still to run: {', '.join(missing)}")
        return
    _publish(found, given.rows, given.seeds)


def _run(name: str, rows: int, seed: int, path: Path) -> None:
    started = time.monotonic()
    figures = EXPERIMENTS[name](rows, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps([asdict(one) for one in figures]), encoding="utf-8")
    part.rename(path)
    print(f"{name}: seed {seed} done in {time.monotonic() - started:.1f} s", flush=True)


def _code() -> str:
    """A digest of every file that a figure depends on."""
    seen = hashlib.sha256()
    for folder in CODE:
        root = harness.ROOT / folder
        for path in sorted([root] if root.is_file() else root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                seen.update(f"{path.relative_to(harness.ROOT)}\0".encode() + path.read_bytes())
    return seen.hexdigest()[:16]


def _publish(found: dict[str, list[Figure]], rows: int, seeds: list[int]) -> None:
    barred = {name: runs for name, runs in found.items() if runs[0].bar is not None}
    harness.publish(
        "golden",
        what=f"each check against planted defects in {rows} clean rows, seeds {seeds}",
        figures=[_figure(name, runs) for name, runs in found.items()],
        target={name: f"{'<=' if runs[0].at_most else '>='} {runs[0].bar}" for name, runs in barred.items()},
        met={name: all(run.met for run in runs) for name, runs in barred.items()},
        notes=[
            "The base is ours and made to be clean (tests/golden/base.py): figures are a floor that every change must "
            "keep, not a claim about other people's data; see the tables on public data for that.",
            *_intervals(found),
        ],
    )


def _figure(name: str, runs: list[Figure]) -> harness.Figure:
    values = [run.value for run in runs]
    unit = "points" if name.endswith("quality_score") else "share"
    return harness.Figure(
        name, round(statistics.median(values), 4), unit, round(max(values) - min(values), 4), len(values)
    )


def _intervals(found: dict[str, list[Figure]]) -> list[str]:
    """The widest bootstrap interval of each figure that has one."""
    lines = []
    for name, runs in found.items():
        lows = [run.low for run in runs if run.low is not None]
        highs = [run.high for run in runs if run.high is not None]
        if lows and highs:
            lines.append(f"{name}: 95 % bootstrap intervals over rows lie within {min(lows):.4f} to {max(highs):.4f}")
    return lines


if __name__ == "__main__":
    main()
