"""The rank sweep against the exhaustive grid: six ranks of starter-8m on the reply desk's tickets, and what each costs.

Every rank is trained to the end and measured on every rung on its way, so the sweep's decisions are taken on the very
trials that it would have made itself; that a run which pauses has the bits of one that does not is a test. Cost is
counted in optimizer steps and in tokens, not in seconds.

Usage: python benchmarks/sweep.py [--rows 480] [--rate 1e-3] [--epochs 3] [--items 200] [--seeds 0 1] [--keep FOLDER]
"""

import argparse
import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import _harness as harness
from _desk import desk
from tunewright.core.candidate import Plan
from tunewright.core.corpus import Corpus
from tunewright.core.progress import SILENT
from tunewright.models.files import find_model
from tunewright.stages.train.methods.lora import Options
from tunewright.stages.train.settings import TrainSettings
from tunewright.stages.train.sweep.judge import Judge
from tunewright.stages.train.sweep.runs import SweepRuns
from tunewright.stages.train.sweep.search import Rule, climb, rungs, search
from tunewright.stats.intervals import Sampling

BASE = "starter-8m"
RANKS = (4, 8, 16, 32, 64, 128)


def plan_of(corpus: Corpus, options: Options, seed: int) -> Plan:
    """The plan of one run, whatever its rank."""
    return Plan(
        task="reply", method="lora", options=options.model_dump(mode="json"), base=BASE,
        base_digest=find_model(BASE).digest_of_weights, labels=(), dataset=corpus.dataset.digest, seed=seed,
    )  # fmt: skip


def one_seed(seed: int, given: argparse.Namespace, folder: Path) -> dict:
    """The grid of one seed, and the sweep on its trials."""
    corpus = desk(given.rows, 11 + seed)
    options = Options(learning_rate=given.rate, epochs=given.epochs, patience=0)
    runs = SweepRuns(
        corpus, plan_of(corpus, options, seed), folder / f"seed-{seed}", TrainSettings(), SILENT, given.items
    )
    rule, sampling = Rule(), Sampling(seed=seed)
    judge = Judge(runs, rule, sampling)
    path = [rung.step for rung in rungs(runs.steps, len(RANKS))]
    grid = {}
    for rank in RANKS:
        started = time.perf_counter()
        grid[rank] = [judge.trial(rank, step) for step in path]
        last = grid[rank][-1]
        print(f"seed {seed} rank {rank:>3}: {judge.quality(last).value:.4f} forgets {last.forgetting.value:.3f} "
              f"({time.perf_counter() - started:.0f} s)", flush=True)  # fmt: skip
    exhaustive = climb({rank: [trials[-1]] for rank, trials in grid.items()}, rule, judge.compare)
    found = search(RANKS, runs.steps, rule, judge.trial, judge.compare)
    return {
        "steps_of_one_run": runs.steps,
        "validation_rows": len(runs.base().nats),
        "exhaustive_winner": exhaustive.rank,
        "sweep_winner": found.climb.rank,
        "exhaustive_steps": len(RANKS) * runs.steps,
        "sweep_steps": found.steps,
        "ratio": found.steps / runs.steps,
        "base_log_likelihood": round(judge.quality_of(runs.base()).value, 4),
        "rungs": [
            {
                "step": step,
                "log_likelihood": {rank: round(judge.quality(grid[rank][at]).value, 4) for rank in RANKS},
                "gain": {
                    f"{low}-{high}": [round(v, 4) for v in (gain.low, gain.value, gain.high)]
                    for low, high in pairwise(RANKS)
                    for gain in [judge.compare(grid[low][at], grid[high][at])]
                },
                "forgetting": {rank: round(grid[rank][at].forgetting.value, 3) for rank in RANKS},
                "would_stop_at": climb({rank: [grid[rank][at]] for rank in RANKS}, rule, judge.compare).rank,
            }
            for at, step in enumerate(path)
        ],
        "memory_gb": {rank: round(grid[rank][-1].measurement.memory_gb or 0, 2) for rank in RANKS},
        "why": found.climb.why,
    }


def main() -> None:
    """Every seed, then one result file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=480)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--items", type=int, default=200, help="items of the retention suite")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it, to go on after a kill")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        done = {seed: one_seed(seed, given, given.keep or Path(temporary)) for seed in given.seeds}
    print(json.dumps(done, indent=1))
    harness.publish(
        "sweep",
        what=f"the rank sweep against the exhaustive grid: six ranks of {BASE} on {given.rows} reply-desk tickets",
        figures=[
            harness.Figure("same_winner", sum(one["sweep_winner"] == one["exhaustive_winner"] for one in done.values())
                           / len(done), "share of seeds", n=len(done)),
            harness.figure("sweep_cost_in_full_runs", [one["ratio"] for one in done.values()], "full runs"),
            harness.figure("grid_cost_in_full_runs", [float(len(RANKS))] * len(done), "full runs"),
        ],
        peers={f"seed {seed}": one for seed, one in done.items()},
        target={"same_winner": "1", "sweep_cost_in_full_runs": "<= 2"},
        met={
            "same_winner": all(one["sweep_winner"] == one["exhaustive_winner"] for one in done.values()),
            "sweep_cost_in_full_runs": all(one["ratio"] <= 2 for one in done.values()),
        },
        notes=[
            "Cost is optimizer steps; every run has the same rows in the same order, so tokens have the same ratio.",
            "Under peers: each seed's trials on every rung; gains are low, value, high of the test's own interval.",
            "Seeds draw other tickets, another order of rows and other first adapters.",
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
