"""Training on a CPU beside plain transformers: tokens a second of our LoRA and full tuning of both starters.

The peer is transformers' Trainer, with PEFT for LoRA, as its documentation shows it: the same rows as token ids, the
same labels (the answers alone), the same rows a step, optimizer, learning rate and number format, padded to the longest
of a batch by its own collator. Both run in turn, each time in a fresh process with all cores. The first steps are not
counted, and only tokens of text are: padding is nobody's work.

Usage: python benchmarks/train_cpu.py [--steps 40] [--repeats 3] [--models starter-8m,starter-28m] [--methods lora,full]
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import _harness as harness

GENERATE = harness.ROOT / "examples" / "reply-desk" / "generate.py"
ROWS, BATCH, WARM, SEED = 720, 8, 5, 0
RATES = {"lora": 2e-4, "full": 2e-5}
#: No slower than the peer is the least; the issue asks for the figures side by side.
TARGET = 1.0


def pairs(folder: Path) -> list[tuple[str, str]]:
    """Tickets and answers of the bundled reply desk, always the same."""
    command = [sys.executable, str(GENERATE), "--rows", str(ROWS), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with (folder / "tickets.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["message"], row["answer"]) for row in csv.DictReader(stream)]


def rate(tokens: list[int], ends: list[float]) -> dict[str, float]:
    """Tokens a second of the steps after the warm-up, and the process's peak memory."""
    counted = sum(tokens[WARM : len(ends)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"tokens_per_s": counted / (ends[-1] - ends[WARM - 1]), "peak_gib": peak}


class Enough(Exception):
    """As many steps as were asked for are taken."""


def ours(model: str, method: str, steps: int, folder: Path) -> dict[str, Any]:
    """Our method as `tunewright train` calls it, stopped after some steps of its first epoch."""
    import polars as pl

    from tunewright.core.candidate import Plan
    from tunewright.core.corpus import Corpus
    from tunewright.core.dataset import Dataset
    from tunewright.core.digest import frame_digest
    from tunewright.core.progress import Silent
    from tunewright.models.files import find_model
    from tunewright.stages.train.api import METHODS
    from tunewright.stages.train.data.batches import Batches
    from tunewright.stages.train.machine import decide

    class Watch(Silent):
        """Notes when each step ended."""

        def __init__(self) -> None:
            self.ends: list[float] = []
            self.on = False

        def start(self, what: str, total: float | None, unit: str) -> None:
            self.on = unit == "steps"

        def advance(self, amount: float = 1, note: str = "") -> None:
            if self.on and amount:
                self.ends.append(time.perf_counter())
                if len(self.ends) >= steps:
                    raise Enough

    rows = pairs(folder)
    sides = ["validation" if at % 10 == 9 else "train" for at in range(len(rows))]
    blank = [None] * len(rows)
    frame = pl.DataFrame(
        {
            "row": range(len(rows)),
            "prompt": [prompt for prompt, _ in rows],
            "answer": [answer for _, answer in rows],
            "label": pl.Series(blank, dtype=pl.String),
            "messages": blank,
            "weight": [1.0] * len(rows),
            "split": sides,
        }
    )
    dataset = Dataset(
        table="bench", version=None, rows=len(rows), task="reply", root=frame_digest(frame.drop("messages"))
    )
    options = METHODS.options(method).model_validate({"batch": BATCH, "epochs": 1, "learning_rate": RATES[method]})
    plan = Plan(
        task="reply",
        method=method,
        options=options.model_dump(),
        base=model,
        base_digest=find_model(model).digest_of_weights,
        labels=(),
        dataset=dataset.digest,
        seed=SEED,
    )
    watch, work = Watch(), folder / "work"
    work.mkdir()
    try:
        METHODS.load(method).train(Corpus(dataset, frame.lazy()), plan, options, work, watch, 1e9)
    except Enough:
        lengths = [len(chat.ids) for chat, side in zip(coded(model, rows), sides, strict=True) if side == "train"]
        batches = Batches(np_array(lengths), size=BATCH, epochs=1, seed=SEED)
        tokens = [sum(lengths[at] for at in batches.rows(step)) for step in range(len(watch.ends))]
        return {**rate(tokens, watch.ends), "precision": decide(work).precision, "why": decide(work).why}
    raise SystemExit(f"fewer than {steps} steps in {ROWS} rows")


def theirs(model: str, method: str, steps: int, folder: Path, precision: str) -> dict[str, Any]:
    """transformers' Trainer, with PEFT's adapters where asked."""
    import torch
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    from tunewright.models.files import find_model

    torch.manual_seed(SEED)
    home = find_model(model).folder
    tokenizer = AutoTokenizer.from_pretrained(home)
    loaded = AutoModelForCausalLM.from_pretrained(home, dtype=torch.float32)
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        loaded = get_peft_model(loaded, config)
    chats = [chat for at, chat in enumerate(coded(model, pairs(folder))) if at % 10 != 9]
    rows = [
        {
            "input_ids": chat.ids,
            "attention_mask": [1] * len(chat.ids),
            "labels": [one if trained else -100 for one, trained in zip(chat.ids, chat.trained, strict=True)],
        }
        for chat in chats
    ]
    collate, tokens, padded, ends = DataCollatorForSeq2Seq(tokenizer, padding=True), [], [], []

    def counted(some: list[dict[str, Any]]) -> Any:
        made = collate(some)
        tokens.append(int(made["attention_mask"].sum()))
        padded.append(made["attention_mask"].numel())
        return made

    class Watch(TrainerCallback):  # type: ignore[misc]
        """Notes when each step ended."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            ends.append(time.perf_counter())

    arguments = TrainingArguments(
        output_dir=str(folder / "peer"),
        max_steps=steps,
        per_device_train_batch_size=BATCH,
        learning_rate=RATES[method],
        lr_scheduler_type="cosine",
        warmup_steps=2,
        weight_decay=0.0 if method == "lora" else 0.01,
        use_cpu=True,
        bf16=precision == "bf16",
        seed=SEED,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
        logging_strategy="no",
        save_strategy="no",
    )
    Trainer(model=loaded, args=arguments, train_dataset=rows, data_collator=counted, callbacks=[Watch()]).train()
    return {**rate(tokens, ends), "text_share": sum(tokens[:steps]) / sum(padded[:steps])}


def coded(model: str, rows: list[tuple[str, str]]) -> list[Any]:
    """The rows as chats in token ids, the answers marked."""
    from transformers import AutoTokenizer

    from tunewright.models.chat import answered_each, messages_of
    from tunewright.models.files import find_model

    tokenizer = AutoTokenizer.from_pretrained(find_model(model).folder)
    return answered_each(tokenizer, [messages_of(prompt, answer) for prompt, answer in rows])


def np_array(values: list[int]) -> Any:
    """As the trainer counts them."""
    import numpy as np

    return np.array(values, dtype=np.int64)


def worker(who: str, model: str, method: str, steps: int, precision: str) -> None:
    """One measurement in this process, printed as JSON."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if who == "ours":
            print(json.dumps(ours(model, method, steps, folder)))
        else:
            print(json.dumps(theirs(model, method, steps, folder, precision)))


def measured(who: str, model: str, method: str, steps: int, precision: str = "fp32") -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--worker", who, model, method, str(steps), precision]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command[2:])} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compare(model: str, method: str, steps: int, repeats: int) -> tuple[list[harness.Figure], dict[str, Any], str]:
    """Both in turn; our figures, the peer's, and a note on the number format."""
    mine, other = [], []
    for _ in range(repeats):
        mine.append(measured("ours", model, method, steps))
        other.append(measured("theirs", model, method, steps, mine[-1]["precision"]))
    name = f"{model}_{method}"
    own, peer = ([one["tokens_per_s"] for one in some] for some in (mine, other))
    ratios = [one / another for one, another in zip(own, peer, strict=True)]
    figures = [
        harness.figure(f"{name}_ratio", ratios, "× the peer"),
        harness.figure(f"{name}_tokens", own, "tokens/s"),
        harness.figure(f"{name}_memory", [one["peak_gib"] for one in mine], "GiB"),
    ]
    told = {
        "tokens_per_s": round(statistics.median(peer), 1),
        "peak_gib": round(statistics.median(one["peak_gib"] for one in other), 2),
        "text_share": round(other[-1]["text_share"], 3),
    }
    return figures, {f"transformers Trainer, {name}": told}, f"{name}: {mine[-1]['precision']}, {mine[-1]['why']}"


def main() -> None:
    """Every model and method, then ``results/train_cpu.json``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", default="starter-8m,starter-28m")
    parser.add_argument("--methods", default="lora,full")
    parser.add_argument("--worker", nargs=5, metavar=("WHO", "MODEL", "METHOD", "STEPS", "PRECISION"))
    given = parser.parse_args()
    if given.worker:
        who, model, method, steps, precision = given.worker
        worker(who, model, method, int(steps), precision)
        return
    if given.steps <= WARM:
        sys.exit(f"The first {WARM} steps are not counted; ask for more.")
    figures, peers, notes = [], {}, []
    for model in given.models.split(","):
        for method in given.methods.split(","):
            some, theirs_, note = compare(model, method, given.steps, given.repeats)
            figures, peers, notes = [*figures, *some], {**peers, **theirs_}, [*notes, note]
    ratios = {one.name: one.value for one in figures if one.name.endswith("_ratio")}
    harness.publish(
        "train_cpu",
        what=f"Tokens of text trained a second on this CPU, {BATCH} chats a step, after {WARM} of {given.steps} steps.",
        figures=figures,
        target=dict.fromkeys(ratios, TARGET),
        met={name: value >= TARGET for name, value in ratios.items()},
        peers=peers,
        notes=[*notes, "Of two runs side by side the ratio is taken in each pair, and its median is given."],
    )


if __name__ == "__main__":
    main()
