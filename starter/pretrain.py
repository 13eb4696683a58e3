"""Pre-trains one starter model within a time budget: one command on one GPU.

    python -m starter.pretrain --size 28m --within 9 --corpus FOLDER --out FOLDER

Reads and generates the data on every core, trains with a warm-up, stable, decay schedule that always completes, writes
the weights every minute, and ends with held-out figures, right answers per task and samples in ``results.json``.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from starter import corpus, schedule, shapes
from starter.data import Data, Tokens, load, prepare
from starter.score import token_bytes
from starter.tokenizer import PAD_ID, POSITIONS

#: Peak learning rate by size, of the order that Muon and AdamW share at this width; `--compare` tries others.
RATES = {"8m": 4e-3, "28m": 3e-3, "toy": 8e-3}
CHECKPOINT_SECONDS = 60.0
#: Kept of `--within` for the figures and samples at the end.
MEASURING_SECONDS = 60.0
LOG_EVERY = 20
#: Blocks a domain for the figures taken on the way, and how often they are.
GLANCE = 48
GLANCES = 12
SOURCES = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Settings:
    """One run; the fields are the options of the command."""

    size: str
    out: Path
    corpus: Path | None = None
    tokenizer: Path | None = None
    minutes: float | None = None
    within: float | None = None
    steps: int | None = None
    batch: int = 128
    generated: int = 3_000_000
    reading: int = 200_000
    seed: int = 7
    workers: int = 0
    rate: float | None = None
    compiled: bool = True
    muon: bool = True
    each: int = 25
    compare: int = 0


def run(settings: Settings, data: Data | None = None) -> dict[str, Any]:
    """Prepare, train, measure, save; what is written to ``results.json``."""
    began = time.monotonic()
    if sum(one is not None for one in (settings.minutes, settings.within, settings.steps)) != 1:
        raise SystemExit("Give one of --minutes, --within and --steps.")
    folder = settings.tokenizer or shapes.folder(settings.size)
    workers = settings.workers or os.cpu_count() or 1
    # Processes are forked before torch starts its own threads and CUDA.
    data = data or prepare(
        settings.corpus,
        folder,
        generated=settings.generated,
        reading=settings.reading,
        seed=settings.seed,
        workers=workers,
    )
    prepared = time.monotonic() - began
    for name, tokens in data.train.items():
        say(f"{name}: {len(tokens) / 1e6:.2f} M tokens")
    say(f"data is ready after {prepared:.0f} s")
    trials: list[dict[str, Any]] = []
    if settings.compare:
        settings, trials = compared(settings, folder, data)
    return _Run(settings, folder, data, prepared, trials).all(began)


#: What `--compare` tries: whether Muon, and the peak rate as a multiple of the size's own.
TRIALS = ((True, 1.0), (True, 2.0), (False, 0.5), (False, 1.0))


def compared(settings: Settings, folder: Path, data: Data) -> tuple[Settings, list[dict[str, Any]]]:
    """Train `settings.compare` steps with each of `TRIALS`; the settings with the best of them, and every figure.

    Each trial runs a whole schedule, decay included, from the same start values over the same batches. The best has
    the lowest held-out loss over all domains, each weighing the same.
    """
    trials: list[dict[str, Any]] = []
    for muon, times in TRIALS:
        rate = times * (settings.rate or RATES[settings.size])
        aside = settings.out / "trial"
        short = replace(settings, minutes=None, within=None, steps=settings.compare, muon=muon, rate=rate, out=aside)
        found = _Run(short, folder, data, 0.0, []).trial()
        mean = float(np.mean([one["nats_a_token"] for one in found.values()]))
        trials.append({"muon": muon, "rate": rate, "steps": settings.compare, "mean_nats_a_token": round(mean, 4)})
        say(f"trial {trials[-1]}")
    shutil.rmtree(settings.out / "trial")
    best = min(trials, key=lambda one: one["mean_nats_a_token"])
    return replace(settings, muon=best["muon"], rate=best["rate"]), trials


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Feed:
    """Gives batches: each source in its own shuffled order, again from the start, with another offset, at its end."""

    def __init__(self, data: Data, seed: int, device: Any) -> None:
        import torch

        self.random = np.random.default_rng(seed)
        self.streams = {
            name: torch.from_numpy(tokens.view(np.int16)).to(device)
            for name, tokens in data.train.items()
            if len(tokens) >= POSITIONS
        }
        self.starts: dict[str, Tokens] = {name: np.empty(0, np.int64) for name in self.streams}
        self.used = dict.fromkeys(self.streams, 0)
        self.inside = torch.arange(POSITIONS, device=device)
        self.device = device

    def batch(self, rows: dict[str, int], prompt_weight: float) -> tuple[Any, Any]:
        """Ids and weights `(sum of rows, POSITIONS)`."""
        import torch

        parts = []
        for name, count in rows.items():
            if count:
                starts = torch.from_numpy(self._next(name, count)).to(self.device, non_blocking=True)
                parts.append(self.streams[name][starts[:, None] + self.inside])
        flagged = torch.cat(parts)
        ids = (flagged & 0x7FFF).long()
        # The highest bit makes a 16-bit number negative.
        weights = torch.where(flagged < 0, 1.0, prompt_weight) * (ids != PAD_ID)
        return ids, weights

    def _next(self, name: str, count: int) -> Any:
        taken = self.starts[name][:count]
        self.starts[name] = self.starts[name][count:]
        while len(taken) < count:
            length = len(self.streams[name])
            # Blocks of chats begin with a chat; a stream of text may be cut anywhere.
            free = length % POSITIONS if name in corpus.DOMAINS else 0
            offset = int(self.random.integers(0, free + 1)) if self.used[name] else 0
            whole = self.random.permutation((length - offset) // POSITIONS) * POSITIONS + offset
            need = count - len(taken)
            taken, self.starts[name] = np.concatenate([taken, whole[:need]]), whole[need:]
        self.used[name] += count
        return taken

    def epochs(self) -> dict[str, float]:
        """How often each source was read."""
        return {name: round(self.used[name] * POSITIONS / len(self.streams[name]), 3) for name in self.streams}


class _Run:
    def __init__(self, settings: Settings, folder: Path, data: Data, prepared: float, trials: list[Any]) -> None:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        from starter import forward
        from starter.optimizer import Optimizer

        self.settings, self.folder, self.data = settings, folder, data
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(settings.seed)
        torch.set_float32_matmul_precision("high")
        self.tokenizer = load(folder)
        self.sizes = token_bytes(self.tokenizer)
        config = LlamaConfig(**shapes.config(settings.size, vocabulary=self.tokenizer.get_vocab_size()))
        self.model = LlamaForCausalLM(config).float()
        _spread(self.model, config)
        self.optimizer = Optimizer(self.model.to(self.device), muon=settings.muon)
        # The optimizer keeps fp32 masters; the model itself is what ships, in bf16.
        self._to_bf16()
        cos, sin = forward.rope(POSITIONS, config.head_dim, 10000.0, self.device)
        self.loss: Callable[..., Any] = lambda ids, weights: forward.loss(self.model, ids, weights, cos, sin)
        self.losses: Callable[..., Any] = lambda ids: forward.token_losses(self.model, ids.to(self.device), cos, sin)[0]
        self.prompt_weight = forward.PROMPT_WEIGHT
        self.trials = trials
        self.curve: list[dict[str, Any]] = []
        self.times = {"prepare": round(prepared, 1)}

    def _to_bf16(self) -> None:
        import torch

        if self.device.type == "cuda":
            for weight in self.model.parameters():
                weight.data = weight.data.to(torch.bfloat16)

    def all(self, started: float) -> dict[str, Any]:
        compiled = self._compile()
        began = time.monotonic()
        if self.settings.within is not None:
            left = self.settings.within * 60 - (began - started) - MEASURING_SECONDS
            self.settings = replace(self.settings, minutes=max(left, 10.0) / 60)
            say(f"{max(left, 10.0):.0f} s are left for training")
        steps = self._train()
        self.times["train"] = round(time.monotonic() - began, 1)
        return self._finish(steps, compiled)

    def trial(self) -> dict[str, dict[str, float]]:
        """Train and give the held-out figures, nothing else."""
        from starter import measure

        self._compile()
        self._train()
        return measure.likelihood(self.losses, self.data.held_out, self.sizes, most=GLANCE)

    def _compile(self) -> bool:
        """Compile the loss and run it once; where that fails the run says so and goes on slower."""
        import torch

        began = time.monotonic()
        ids = torch.randint(16, len(self.sizes), (self.settings.batch, POSITIONS), device=self.device)
        compiled = False
        if self.settings.compiled:
            plain = self.loss
            try:
                torch.compiler.reset()
                self.loss = torch.compile(plain, fullgraph=True, dynamic=False)
                self.loss(ids, torch.ones_like(ids, dtype=torch.float32))[0].backward()
                compiled = True
            except Exception as error:  # any failure of the compiler; it is told and recorded
                say(f"NOT COMPILED, the run is slower: {type(error).__name__}: {str(error)[:500]}")
                self.loss = plain
        for weight in self.model.parameters():
            weight.grad = None
        self.times["compile"] = round(time.monotonic() - began, 1)
        say(f"compiled: {compiled}, {self.times['compile']} s")
        return compiled

    def _train(self) -> int:
        import torch

        settings = self.settings
        feed = self.feed = Feed(self.data, settings.seed, self.device)
        clock = schedule.Clock(settings.minutes * 60 if settings.minutes else None, settings.steps)
        peak = settings.rate or RATES[settings.size]
        present = set(feed.streams)
        began = saved = time.monotonic()
        marked, step, glance = began, 0, 0
        while (progress := clock.progress(step, time.monotonic() - began)) < 1.0:
            rate = peak * schedule.rate(progress, step)
            ids, weights = feed.batch(schedule.rows(progress, settings.batch, present), self.prompt_weight)
            total, mean = self.loss(ids, weights)
            total.backward()
            norm = self.optimizer.step(rate)
            step += 1
            if step == schedule.SETTLING_STEPS:
                self._wait()
                marked = time.monotonic()
            elif step == schedule.SETTLING_STEPS + schedule.MEASURED_STEPS:
                self._wait()
                each = (time.monotonic() - marked) / schedule.MEASURED_STEPS
                clock.measured(step, time.monotonic() - began, each)
                say(
                    f"{each * 1000:.1f} ms a step, {settings.batch * POSITIONS / each / 1e6:.3f} M tokens/s, "
                    f"{clock.steps} steps"
                )
            if step % LOG_EVERY == 0 or step == 1:
                self._log(step, progress, rate, float(mean), float(norm), time.monotonic() - began)
            if progress >= (glance + 1) / GLANCES:
                glance += 1
                self._glance(step)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = time.monotonic()
        if self.device.type == "cuda":
            self.times["peak_gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
        return step

    def _wait(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _log(self, step: int, progress: float, rate: float, mean: float, norm: float, seconds: float) -> None:
        if not np.isfinite(mean):
            raise SystemExit(
                f"The loss is {mean} at step {step}; the weights of the last checkpoint are in {self.settings.out}."
            )
        tokens = step * self.settings.batch * POSITIONS
        line = {
            "step": step,
            "tokens": tokens,
            "loss": round(mean, 4),
            "norm": round(norm, 3),
            "rate": round(rate, 7),
            "seconds": round(seconds, 1),
        }
        self._keep(line)
        if step % (10 * LOG_EVERY) == 0 or step == 1:
            say(f"step {step} {progress:.0%} loss {mean:.4f} norm {norm:.2f} rate {rate:.2e} {seconds:.0f} s")

    def _glance(self, step: int) -> None:
        from starter import measure

        found = measure.likelihood(self.losses, self.data.held_out, self.sizes, most=GLANCE)
        shown = {name: round(one["nats_a_token"], 4) for name, one in found.items()}
        self._keep({"step": step, "held_out": shown})
        say(f"step {step} held out {shown}")

    def _keep(self, line: dict[str, Any]) -> None:
        self.curve.append(line)
        self.settings.out.mkdir(parents=True, exist_ok=True)
        with (self.settings.out / "curve.jsonl").open("w" if len(self.curve) == 1 else "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def _save(self) -> list[str]:
        from starter import checkpoint

        return checkpoint.save(self.model, self.settings.out)

    def _finish(self, steps: int, compiled: bool) -> dict[str, Any]:
        import torch
        import transformers

        from starter import measure

        self._save()
        began = time.monotonic()
        results: dict[str, Any] = {
            "size": self.settings.size,
            "parameters": sum(w.numel() for w in self.model.parameters()),
            "steps": steps,
            "tokens": steps * self.settings.batch * POSITIONS,
            "epochs": self.feed.epochs(),
            "train_tokens": {name: len(tokens) for name, tokens in self.data.train.items()},
            "held_out_tokens": {name: len(tokens) for name, tokens in self.data.held_out.items()},
            "held_out_digest": self.data.digest(),
            "chats_left_out": self.data.left_out,
            "settings": {
                key: str(value) if isinstance(value, Path) else value for key, value in _told(self.settings).items()
            },
            "peak_rate": self.settings.rate or RATES[self.settings.size],
            "trials": self.trials,
            "compiled": compiled,
            "digests": digests(self.settings.corpus, self.folder),
            "machine": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__},
        }
        results["held_out"] = measure.likelihood(self.losses, self.data.held_out, self.sizes)
        self._write(results)
        self.model.eval()
        results["right_answers"] = measure.right_answers(
            self.model, self.tokenizer, seed=self.settings.seed, each=self.settings.each
        )
        results["samples"] = measure.samples(self.model, self.tokenizer)
        self.times["measure"] = round(time.monotonic() - began, 1)
        self._write(results)
        say(
            json.dumps(
                {key: results[key] for key in ("steps", "tokens", "epochs", "held_out", "right_answers", "seconds")},
                indent=1,
            )
        )
        for one in results["samples"]:
            say(f"--- {one['prompt']}\n>>> {one['answer']}")
        return results

    def _write(self, results: dict[str, Any]) -> None:
        results["seconds"] = self.times
        text = json.dumps(results, indent=1, ensure_ascii=False)
        (self.settings.out / "results.json").write_text(text + "\n", encoding="utf-8")


def _spread(model: Any, config: Any) -> None:
    """Start values: normal, with those that write into the residual smaller by the root of twice the layers (GPT-2)."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                weight.normal_(0.0, config.initializer_range / ((2 * config.num_hidden_layers) ** 0.5 if deep else 1.0))


def _told(settings: Settings) -> dict[str, Any]:
    """The settings that a rerun needs; where files lay is nobody's business."""
    return {key: value for key, value in vars(settings).items() if key not in ("out", "corpus", "tokenizer")}


def digests(folder: Path | None, tokenizer: Path) -> dict[str, str]:
    """SHA-256 of the corpus files, the tokenizer and everything in ``starter`` that makes data or trains."""
    state = hashlib.sha256()
    for path in sorted([*SOURCES.glob("*.py"), *SOURCES.glob("instructions/*")]):
        if path.is_file():
            state.update(path.name.encode() + path.read_bytes())
    return {
        **(corpus.digests(folder) if folder else {}),
        "tokenizer.json": hashlib.sha256((tokenizer / "tokenizer.json").read_bytes()).hexdigest(),
        "recipe": state.hexdigest(),
    }


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="Pre-train a starter language model.")
    parser.add_argument("--size", choices=sorted(shapes.SIZES), required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with the three .xz files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json; the package's own when not given")
    parser.add_argument("--minutes", type=float, help="training time; data, compilation and figures come on top")
    parser.add_argument("--within", type=float, help="minutes for everything; training gets what the rest leaves")
    parser.add_argument("--steps", type=int, help="exact number of steps, to repeat a run")
    for name, kind in (
        ("batch", int),
        ("generated", int),
        ("reading", int),
        ("seed", int),
        ("workers", int),
        ("rate", float),
        ("each", int),
        ("compare", int),
    ):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Settings, name))
    parser.add_argument("--no-compile", dest="compiled", action="store_false")
    parser.add_argument("--adamw", dest="muon", action="store_false", help="AdamW for every weight")
    run(Settings(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
