"""The whole main job on real tickets: `tunewright run` on banking77 and clinc150, as a user would call it.

Usage: python benchmarks/main_job.py [banking77] [clinc150]
"""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _harness as harness

TARGET_ACCURACY = 0.92
TARGET_MINUTES = 15.0


def banking77(folder: Path) -> Path:
    """The published training file, used as it is."""
    return harness.DATA / "banking77" / "train.csv"


def clinc150(folder: Path) -> Path:
    """The in-scope rows of train and validation (150 intents), as one CSV: the run makes its own split."""
    data = json.loads((harness.DATA / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    path = folder / "clinc150.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "intent"])
        for split in ("train", "val"):
            writer.writerows(data[split])
    return path


SETS = {"banking77": banking77, "clinc150": clinc150}


def measure(name: str) -> None:
    """One run in a fresh project, its figures written to ``results/main_job_<name>.json``."""
    if not (harness.DATA / name).exists():
        print(f"{name}: skipped, {harness.DATA / name} is absent (set TUNEWRIGHT_DATA)")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tunewright = [str(Path(sys.executable).with_name("tunewright"))]
        project = folder / name
        environment = {**os.environ, "TUNEWRIGHT_OFFLINE": "1"}
        init = [*tunewright, "init", str(project), "--data", str(SETS[name](folder)), "--yes"]
        subprocess.run(init, check=True, env=environment, stdout=subprocess.DEVNULL)
        started = time.perf_counter()
        done = subprocess.run(
            [*tunewright, "run", "-C", str(project), "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            check=False,
        )
        minutes = (time.perf_counter() - started) / 60
        document = json.loads(done.stdout)
    if not document["ok"]:
        sys.exit(f"{name}: {document['error']}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    publish(name, document["data"], minutes, peak)


def publish(name: str, data: dict, minutes: float, peak: float) -> None:
    """Figures of one run, every baseline beside the tuned model."""
    evaluation = data["evaluation"]
    own, *baselines = evaluation["systems"]
    accuracy = score(own, "accuracy")
    figures = [
        harness.Figure("accuracy", accuracy["value"], "share", accuracy["high"] - accuracy["low"], evaluation["rows"]),
        harness.Figure("macro_f1", score(own, "macro_f1")["value"], "share", n=evaluation["rows"]),
        harness.Figure("minutes", round(minutes, 2), "min"),
        harness.Figure("peak_memory", round(peak, 2), "GiB"),
        harness.Figure("quality_score", data["audit"]["quality"]["value"], "points", n=data["audit"]["quality"]["n"]),
        *[harness.Figure(f"seconds_{i}_{s['step']}", s["seconds"], "s") for i, s in enumerate(data["steps"])],
    ]
    findings = {line["name"]: line["rows"] for line in data["audit"]["findings"]}
    harness.publish(
        f"main_job_{name}",
        what=f"tunewright run on {name}: accuracy on its own test split, whole-process time",
        figures=figures,
        peers={line["system"]: {"accuracy": score(line, "accuracy")["value"]} for line in baselines},
        target={"accuracy": f">= {TARGET_ACCURACY}", "minutes": f"<= {TARGET_MINUTES}"},
        met={"accuracy": accuracy["value"] >= TARGET_ACCURACY, "minutes": minutes <= TARGET_MINUTES},
        notes=[
            "The spread of accuracy is the width of its 95 % interval.",
            "Peers are baselines that need no tuning, on the same test rows in the same run.",
            f"Decision: {evaluation['decision']}. {evaluation['words']}",
            f"Findings after cleaning (rows): {json.dumps(findings)}",
        ],
    )


def score(system: dict, metric: str) -> dict:
    """One figure of one system."""
    return next(one for one in system["scores"] if one["metric"] == metric)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SETS:
        measure(wanted)
