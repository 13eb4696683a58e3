"""Every benchmark, one after the other, then the table in ``benchmarks/README.md``: ``make bench``.

Usage: python benchmarks/all.py [--table]   (--table only rewrites the table from the results that are there)
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: With more bars than this, a benchmark has one line, and one for each that was missed.
MANY = 20
HEAD = """# Benchmarks

Each file here measures one thing and writes `results/<name>.json`: what, command, commit, date, machine, figures with
units and spread, peers measured in the same run, target, met or not. `make bench` runs them all; those that need public
data look for it in `TUNEWRIGHT_DATA` and say so when they skip. This table is made from the results
(`python benchmarks/all.py --table`). A bar of `golden` is met when the worst of its seeds meets it; shown is the median.

| Benchmark | Figure | Measured | Target | Met | Peers in the same run | Machine, date |
|---|---|---|---|---|---|---|
"""
TAIL = """
## Ten million rows

`python benchmarks/audit.py --rows 10000000 --structural` runs the structural tier over 10 M generated tickets (3.9 GB of
text) and prints time and memory. It does not fit in 8 GiB: the peak was 0.58 GiB at 100,000 rows and 1.61 GiB at
1,000,000, which is 1.15 GiB more for each further million and about 12 GiB for ten. Near-duplicates stream, batch by batch,
and keep 300 bytes a row; what does not stream is the table itself. Of each million rows 0.37 GiB are the texts, 0.39 GiB
the same texts as turns of a conversation, 0.09 GiB ids and digests, 0.05 GiB the other columns, and the rest are copies
while the rows are read, digested and normalized. To fit, rows would have to be read by row group into a file that
checks scan, the turns of flat tables made only where they are asked for, and digests and dictionaries fed in slices.
"""
SKIPPED = {"all.py", "peers.py", "generate_tickets.py"}


def main() -> None:
    """Run, unless only the table is wanted."""
    if "--table" not in sys.argv:
        for script in sorted(HERE.glob("*.py")):
            if not script.name.startswith("_") and script.name not in SKIPPED:
                print(f"== {script.name}", flush=True)
                subprocess.run([sys.executable, str(script)], check=False)
    (HERE / "README.md").write_text(HEAD + "".join(rows()) + TAIL, encoding="utf-8")


def rows() -> list[str]:
    """A line for each figure that has a target, and the first figure of each benchmark."""
    lines = []
    for path in sorted((HERE / "results").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        where = f"{result['machine'].get('gpu') or result['machine']['cpu']}, {result['date']}"
        shown = [f for f in result["figures"] if f["name"] in result["target"]] or result["figures"][:1]
        if len(shown) > MANY:
            missed = [f for f in shown if not result["met"][f["name"]]]
            told = f"{len(shown)} figures with a bar, {len(shown) - len(missed)} met"
            lines.append(f"| [{path.stem}](results/{path.name}) | {told} | – | – | – |  | {where} |\n")
            shown = missed
        for index, figure in enumerate(shown):
            target = result["target"].get(figure["name"], "–")
            peers = peers_in_words(result["peers"]) if index == 0 else ""
            name = f"[{path.stem}](results/{path.name})" if index == 0 else ""
            value = f"{figure['value']:g} {figure['unit']}"
            lines.append(
                f"| {name} | {figure['name']} | {value} | {target} | {met(result, figure['name'])} | {peers} | {where} |\n"
            )
    return lines


def met(result: dict, name: str) -> str:
    """``yes``, ``missed`` or ``–`` for one figure."""
    value = result["met"].get(name) if isinstance(result["met"], dict) else result["met"]
    return {True: "yes", False: "**missed**", None: "–"}[value]


def peers_in_words(peers: dict) -> str:
    """Each peer with its first number."""
    told = []
    for name, figures in peers.items():
        numbers = [f"{key} {value:g}" for key, value in figures.items() if isinstance(value, int | float)]
        told.append(f"{name}: {numbers[0]}" if numbers else name)
    return "; ".join(told)


if __name__ == "__main__":
    main()
