"""What 8-bit products cost in quality: starter-28m tuned on the reply desk in five ways, several seeds, one GPU.

bf16 is what the others are held against, NF4 (QLoRA) the yardstick: everybody trains on it. The rows are the same for
all; a seed draws the adapters and the order of the rows, the same for every way. Judged are the loss curve, the held-out
log-likelihood, the share of held-out answers that greedy writing gives to the last token, and all of that again for the
adapter on a plain bf16 base in plain PEFT. Gradients alone are compared in fp8_gradients.py.

    python benchmarks/fp8_quality.py [--seeds 0 1 2 3 4] [--rows 1500] [--epochs 4] [--at-once 3]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import _harness as harness
from _desk import HELD_OUT, desk
from tunewright.core.candidate import Plan
from tunewright.core.progress import SILENT
from tunewright.models.files import find_model

BASE, RANK, RATE = "starter-28m", 16, 5e-4
#: A plus means that saved activations are in 8 bits too.
WAYS = ("bf16", "fp8-backward", "fp8", "nf4", "fp8+keep-fp8")
SMOOTHED = 25
#: Held-out rows that are judged.
JUDGED = 160
DESK_SEED = 11


def options_of(way: str, epochs: int):
    """The options of one way, and its method."""
    from tunewright.stages.train.methods import lora, qlora

    shared = {"rank": RANK, "epochs": epochs, "learning_rate": RATE, "patience": 0}
    if way == "nf4":
        return "qlora", qlora.Options(**shared)
    precision, _, memory = way.partition("+")
    return "lora", lora.Options(**shared, precision=precision, memory=memory or "auto")


def begun(way: str, corpus, seed: int, epochs: int, work: Path):
    """Base, rows, adapters and job of one run."""
    from tunewright.stages.train.causal import Trainee, begin, job_and_report
    from tunewright.stages.train.machine import decide
    from tunewright.stages.train.weights.adapters import adapted, groups_of
    from tunewright.stages.train.weights.quantized import load_quantized

    method, options = options_of(way, epochs)
    plan = Plan(
        task="reply", method=method, options=options.model_dump(mode="json"), base=BASE,
        base_digest=find_model(BASE).digest_of_weights, labels=(), dataset=corpus.dataset.digest, seed=seed,
    )  # fmt: skip
    machine = decide(work)
    load = partial(load_quantized, bits=4, max_tokens=options.max_tokens) if way == "nf4" else None
    start = begin(corpus, plan, options, machine, SILENT, frozen=True, load=load)
    model = adapted(start.base.model, plan, options)
    trainee = Trainee(model, groups=lambda: groups_of(model, options))
    job, _ = job_and_report(trainee, start, plan, options, machine)
    return machine, start, model, job


def one(way: str, corpus, seed: int, epochs: int, work: Path) -> dict:
    """One run, and its adapter on a plain base."""
    import torch
    from peft import PeftModel

    from tunewright.models.causal_lm import CausalLM
    from tunewright.stages.train.gpu.acceleration import autocast
    from tunewright.stages.train.loop.fit import fit
    from tunewright.stages.train.machine import computing
    from tunewright.stages.train.runs.clock import Clock
    from tunewright.stages.train.runs.job_events import events_of

    work.mkdir(parents=True)
    machine, start, model, job = begun(way, corpus, seed, epochs, work)
    began = time.perf_counter()
    with Clock(work) as clock, computing(machine):
        fit(job, machine, work, clock=clock, progress=SILENT, checkpoint_seconds=1e9)
    seconds = time.perf_counter() - began
    losses = [event.data["train_loss"] for event in events_of(work) if "train_loss" in event.data]
    with autocast(machine):
        nats, exact = start.base.score_and_match(start.held_out.chats[:JUDGED])
    model.save_pretrained(work / "adapter")
    plain = CausalLM.load(start.files.folder, device=machine.device, loading={"dtype": torch.bfloat16})
    plain.model = PeftModel.from_pretrained(plain.model, work / "adapter").eval()
    apart, exact_apart = plain.score_and_match(start.held_out.chats[:JUDGED])
    return {
        "steps": len(losses), "seconds": round(seconds, 1), "precision": job.precision,
        "curve": [round(statistics.mean(losses[at : at + SMOOTHED]), 4) for at in range(0, len(losses), SMOOTHED)],
        "nats": round(float(nats.mean()), 5), "exact": round(float(exact.mean()), 4),
        "nats_on_plain_base": round(float(apart.mean()), 5), "exact_on_plain_base": round(float(exact_apart.mean()), 4),
        "held_out": len(nats),
    }  # fmt: skip


def apart(way: str, seed: int, given: argparse.Namespace, folder: Path) -> dict:
    """One run in a process of its own."""
    command = [sys.executable, __file__, "--one", way, "--seeds", str(seed), "--folder", str(folder)]
    sizes = ["--rows", str(given.rows), "--epochs", str(given.epochs)]
    done = subprocess.run([*command, *sizes], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"{way}, seed {seed}:\n{done.stderr[-3000:]}")
    told = json.loads(lines[-1].removeprefix("RESULT "))
    print(seed, way, json.dumps({name: value for name, value in told.items() if name != "curve"}), flush=True)
    return told


def publish(found: dict[str, list[dict]], given: argparse.Namespace) -> None:
    """Write the result file, of the ways whose runs have come to an end."""
    spread = statistics.stdev(one["nats"] for one in found["bf16"]) if len(given.seeds) > 1 else float("nan")
    gaps = {
        way: [round(a["nats"] - b["nats"], 5) for a, b in zip(runs, found["bf16"], strict=True)]
        for way, runs in found.items()
    }
    harness.publish(
        "fp8_quality",
        what=f"{BASE} tuned on {given.rows} reply-desk tickets in {', '.join(found)}, one GPU",
        figures=[
            *(harness.figure(f"{way}: {name}", [one[name] for one in runs], unit) for way, runs in found.items()
              for name, unit in (("nats", "nats a token"), ("exact", "share"), ("nats_on_plain_base", "nats a token"),
                                 ("exact_on_plain_base", "share"))),
            harness.Figure("bf16: standard deviation between seeds", round(spread, 5), "nats a token", n=len(given.seeds)),
        ],
        peers={},
        target={
            f"{way}: nats": "differs from bf16 on average by no more than a standard deviation of bf16's seeds"
            for way in found if "fp8" in way
        },
        met={f"{way}: nats": abs(statistics.mean(gaps[way])) <= spread for way in found if "fp8" in way},
        notes=[
            f"one row in {HELD_OUT} is held out; every run has the same rows in the same order for its seed",
            f"nats of each seed minus bf16's: {json.dumps(gaps)}",
            *(f"{way}, seed {seed}: {json.dumps(one)}" for way, runs in found.items()
              for seed, one in zip(given.seeds, runs, strict=True)),
        ],
    )  # fmt: skip


def main() -> None:
    """Every seed and way, then one result file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--ways", nargs="+", default=WAYS)
    parser.add_argument("--at-once", type=int, default=3, help="runs side by side; small kernels take turns on a GPU")
    parser.add_argument("--one", help="one way, in this process")
    parser.add_argument("--folder", type=Path, help="where that one leaves its adapter")
    given = parser.parse_args()
    if not given.one and "bf16" not in given.ways:
        parser.error("--ways needs bf16, which the others are held against")
    import torch

    if given.one:
        (seed,) = given.seeds
        told = one(given.one, desk(given.rows, DESK_SEED), seed, given.epochs, given.folder / f"{given.one}-{seed}")
        print("RESULT " + json.dumps(told), flush=True)
        return
    if not torch.cuda.is_available() and any("fp8" in way for way in given.ways):
        print("skipped: there is no GPU here")
        return
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(given.at_once) as pool:
        folder = Path(temporary)
        runs = {way: [pool.submit(apart, way, seed, given, folder) for seed in given.seeds] for way in given.ways}
        found: dict[str, list[dict]] = {}
        for way, several in runs.items():
            found[way] = [run.result() for run in several]
            publish(found, given)  # what came to its end stays, whatever becomes of the next way


if __name__ == "__main__":
    main()
