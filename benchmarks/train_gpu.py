"""LoRA on an 8-billion-parameter Llama shape on one GPU: our trainer beside TRL + PEFT + Liger and beside Unsloth.

Random weights, 8 × 2048 random tokens a step, rank 16 on all projections, AdamW, no dropout; each case in a process of
its own. Ours runs through the product's own Trainer, its checks and its history included; steps are timed from end to
end, the first ones left out.

    python benchmarks/train_gpu.py                    # every case
    python benchmarks/train_gpu.py --cases ours:fp8:keep trl:keep
    python benchmarks/train_gpu.py --ceiling          # only what products alone reach
    python benchmarks/train_gpu.py --trace FOLDER     # and a Chrome trace of one step of each of ours
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

ROWS, LENGTH, RANK = 8, 2048, 16
STEPS, SKIPPED = 10, 3
#: Steps of ours that are taken after those: the last one is told at its end, all others while the next one is computed;
#: and so many where one of them is traced.
LAST, TRACED = 1, 3
SHAPE = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
}  # fmt: skip
CASES = (
    "ours:fp8:keep", "ours:fp8:keep-fp8", "ours:fp8-backward:keep", "ours:bf16:keep", "ours:fp8:selective",
    "ours:bf16:selective", "ours:fp8:recompute", "ours:nf4:recompute", "trl:keep", "trl:recompute", "trl:nf4",
    "unsloth:keep", "unsloth:recompute",
)  # fmt: skip
#: Tokens a second that each case is to reach, and the GiB that it may take for it.
TARGETS = {
    "ours:fp8:keep": (26_000, None), "ours:fp8-backward:keep": (20_000, None), "ours:bf16:keep": (17_000, None),
    "ours:fp8:selective": (18_000, 25), "ours:nf4:recompute": (12_000, 13),
}  # fmt: skip


def base(attention: str, layers: int = SHAPE["num_hidden_layers"]):
    """The model, in bf16 on the GPU."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        **{**SHAPE, "num_hidden_layers": layers}, rope_parameters={"rope_type": "default", "rope_theta": 500000.0}
    )
    config._attn_implementation = attention
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    return model


def in_nf4(model):
    """`model` with its layers' products in double-quantized NF4."""
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit

    kind = {"quant_type": "nf4", "compress_statistics": True}
    for parent in list(model.model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is torch.nn.Linear:
                sizes = layer.in_features, layer.out_features
                four = Linear4bit(*sizes, bias=False, compute_dtype=torch.bfloat16, device="meta", **kind)
                four.weight = Params4bit(layer.weight.data, requires_grad=False, **kind).to("cuda")
                setattr(parent, name, four)
    model.is_loaded_in_4bit = True  # as transformers says of what it loads so
    return model


def random_chats(rows: int, length: int = LENGTH):
    """Chats of random words, all of them trained, as the product holds them."""
    import numpy as np

    from tunewright.core.candidate import DataReport
    from tunewright.models.chat import Chat
    from tunewright.stages.train.data.chats import Chats

    ids = np.random.default_rng(0).integers(0, SHAPE["vocab_size"], (rows, length)).tolist()
    made = [Chat(one, [True] * length) for one in ids]
    receipt = DataReport(
        rows=rows, kept=rows, read_tokens=rows * length, trained_tokens=rows * (length - 1), stops=rows
    )
    return Chats(made, np.ones(rows, dtype=np.float32), receipt, np.arange(rows))


class Ticks:
    """Progress that notes when each step ends, and traces one more step where it is told into which file."""

    def __init__(self, trace: Path | None) -> None:
        self.at: list[float] = []
        self._trace, self._tracing = trace, None

    def start(self, what: str, total: float | None, unit: str) -> None:
        """Nothing to note."""

    def advance(self, amount: float = 1, note: str = "") -> None:
        """A step is told, which is once in the time that the GPU takes for one."""
        if not note:
            return
        self.at.append(time.perf_counter())
        if self._trace and len(self.at) == STEPS + 1:
            from torch.profiler import ProfilerActivity, profile

            self._tracing = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
            self._tracing.start()
        elif self._tracing:
            self._tracing.stop()
            self._tracing.export_chrome_trace(str(self._trace))
            self._tracing = None

    def finish(self) -> None:
        """Nothing to note."""

    def say(self, line: str) -> None:
        """Show it."""
        print(line, flush=True)


def ours(precision: str, memory: str, trace: Path | None) -> dict:
    """One case of ours: the recipe's own functions around a model that is not read from disk."""
    import torch

    from tunewright.core.candidate import Plan
    from tunewright.models.causal_lm import CausalLM
    from tunewright.stages.train.causal import Trainee, job_and_report
    from tunewright.stages.train.data.inputs import Start
    from tunewright.stages.train.gpu import acceleration, attention
    from tunewright.stages.train.loop.fit import fit
    from tunewright.stages.train.machine import computing, decide
    from tunewright.stages.train.methods import lora, qlora
    from tunewright.stages.train.runs.clock import Clock
    from tunewright.stages.train.weights.adapters import adapted, groups_of

    acceleration.COMPILE_FLOP = 0.0  # a real run of such a model is long enough
    attention.install()
    shared = {"rank": RANK, "epochs": 1, "batch": ROWS, "max_tokens": LENGTH, "memory": memory}
    four = precision == "nf4"
    options = qlora.Options(**shared) if four else lora.Options(**shared, precision=precision)
    plan = Plan(
        task="reply", method="lora", options=options.model_dump(mode="json"), base="random", base_digest="", labels=(),
        dataset="", seed=0,
    )  # fmt: skip
    start = Start(
        files=None, rows=random_chats(ROWS * (STEPS + (TRACED if trace else LAST))),
        base=CausalLM(in_nf4(base(attention.NAME)) if four else base(attention.NAME), None, "cuda", False),
        held_out=random_chats(1), longest=LENGTH, template=SimpleNamespace(digest=""), again=None,
    )  # fmt: skip
    ticks = Ticks(trace and trace / f"{precision}-{memory}.json.gz")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        machine = decide(work)
        model = adapted(start.base.model, plan, options)
        held = torch.cuda.memory_allocated()
        began = time.perf_counter()
        with Clock(work) as clock, computing(machine):
            trainee = Trainee(model, groups=lambda: groups_of(model, options))
            job, _ = job_and_report(trainee, start, plan, options, machine, progress=ticks)
            settled = time.perf_counter() - began
            torch.cuda.reset_peak_memory_stats()
            fitted = fit(job, machine, work, clock=clock, progress=ticks, checkpoint_seconds=1e9)
    return {
        **figures(ticks.at[:STEPS]), "settling_s": round(settled, 1), "weights_gib": round(held / 2**30, 1),
        "loss": [round(point.train_loss, 4) for point in fitted.curve], "decisions": dict(job.decisions),
    }  # fmt: skip


def trl(memory: str) -> dict:
    """TRL's SFTTrainer with PEFT and Liger's kernels; `nf4` is QLoRA with recomputation."""
    from peft import LoraConfig

    model = base("sdpa")
    return by_trl(
        in_nf4(model) if memory == "nf4" else model,
        peft_config=LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"),
        gradient_checkpointing=memory != "keep",
        use_liger_kernel=True,
    )


def unsloth(memory: str) -> dict:
    """Unsloth's model in TRL's SFTTrainer; `recompute` is its own way of checkpointing, which offloads."""
    folder = Path("/dev/shm/random-llama")
    if not folder.exists():  # it loads from disk only, and is to be imported before transformers
        subprocess.run([sys.executable, __file__, "--write", str(folder)], check=True)
    import torch
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(
        str(folder), max_seq_length=LENGTH, dtype=torch.bfloat16, load_in_4bit=False
    )
    parts = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = FastLanguageModel.get_peft_model(
        model, r=RANK, lora_alpha=2 * RANK, lora_dropout=0, bias="none", target_modules=parts,
        use_gradient_checkpointing="unsloth" if memory == "recompute" else False,
    )  # fmt: skip
    return by_trl(model)


def write(folder: Path) -> None:
    """Save the model with a tokenizer of bytes."""
    from tests.stages.train.tiny import CHATML, byte_tokenizer

    base("sdpa").save_pretrained(folder)
    byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>").save_pretrained(folder)


def by_trl(model, *, peft_config=None, **settings) -> dict:
    """Steps of TRL's trainer on the same rows."""
    import datasets
    import torch
    from tests.stages.train.tiny import CHATML, byte_tokenizer
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    chats = random_chats(ROWS * STEPS).chats
    rows = datasets.Dataset.from_dict({"input_ids": [chat.ids for chat in chats]})
    at: list[float] = []

    class Timer(TrainerCallback):
        def on_step_end(self, *_, **__) -> None:
            torch.cuda.synchronize()
            at.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=model,
            processing_class=byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>"),
            args=SFTConfig(
                output_dir=folder, per_device_train_batch_size=ROWS, gradient_accumulation_steps=1, max_steps=STEPS,
                bf16=True, learning_rate=2e-4,
                max_length=LENGTH, packing=False, dataset_kwargs={"skip_prepare_dataset": True}, logging_steps=1,
                save_strategy="no", report_to="none", completion_only_loss=False,
                **{"gradient_checkpointing": False, **settings},
            ),
            train_dataset=rows,
            peft_config=peft_config,
            callbacks=[Timer()],
        )  # fmt: skip
        torch.cuda.reset_peak_memory_stats()
        trainer.train()
    return figures(at)


def figures(at: list[float]) -> dict:
    """Median, fastest and slowest step, and the peak of memory."""
    import torch

    steps = [later - earlier for earlier, later in zip(at[SKIPPED - 1 :], at[SKIPPED:], strict=False)]
    tokens = ROWS * LENGTH
    return {
        "tokens_per_s": round(tokens / statistics.median(steps)),
        "slowest": round(tokens / max(steps)),
        "fastest": round(tokens / min(steps)),
        "steps": len(steps),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1),
    }


def ceiling() -> dict:
    """Rates of the products that a step is made of, in TFLOP/s, and what they alone would give."""
    import torch
    from triton.testing import do_bench

    from tunewright.stages.train.gpu import fp8

    tokens, wide, hidden = ROWS * LENGTH, 2 * SHAPE["intermediate_size"], SHAPE["hidden_size"]
    rows = torch.randn(tokens, hidden, device="cuda", dtype=torch.bfloat16)
    weight = torch.randn(wide, hidden, device="cuda", dtype=torch.bfloat16)
    flop = 2 * tokens * wide * hidden
    one, other = fp8.rounded(rows), fp8.rounded(weight)
    bf16 = flop / do_bench(lambda: rows @ weight.t(), return_mode="median") / 1e9
    eight = flop / do_bench(lambda: fp8.product(*one, *other, torch.bfloat16), return_mode="median") / 1e9
    linear, head = 6_979_321_856, SHAPE["vocab_size"] * hidden
    return {
        "bf16_tflops": round(bf16),
        "fp8_tflops": round(eight),
        "bf16_tokens_per_s": round(bf16 * 1e12 / (4 * (linear + head))),
        "fp8_tokens_per_s": round(1 / (4 * linear / eight / 1e12 + 4 * head / bf16 / 1e12)),
    }


def one(case: str, trace: Path | None) -> dict:
    """A case in this process."""
    kind, *rest = case.split(":")
    return ours(*rest, trace) if kind == "ours" else {"trl": trl, "unsloth": unsloth}[kind](*rest)


def apart(case: str, trace: Path | None) -> dict:
    """A case in a process of its own; what went wrong where it did."""
    # Unsloth wants other versions than TRL does; it may stand in a folder of its own, which this variable names.
    beside = os.environ.get("UNSLOTH_PATH", "") if case.startswith("unsloth") else ""
    paths = [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", ""), beside]
    environment = {
        **os.environ, "PYTORCH_ALLOC_CONF": "expandable_segments:True", "PYTHONPATH": ":".join(filter(None, paths))
    }  # fmt: skip
    command = [sys.executable, __file__, "--case", case, *(["--trace", str(trace)] if trace else [])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if lines:
        return json.loads(lines[-1].removeprefix("RESULT "))
    return {"failed": "\n".join([*done.stdout.splitlines()[-4:], *done.stderr.splitlines()[-14:]])}


def publish(found: dict[str, dict], limits: dict) -> None:
    """Write the result file."""
    import torch
    import transformers

    import _harness as harness

    def reached(case: str) -> bool:
        told, (bar, most) = found[case], TARGETS[case]
        return told.get("tokens_per_s", 0) >= bar and (most is None or told["peak_gib"] <= most)

    aimed = [case for case in TARGETS if case in found]
    harness.publish(
        "train_gpu",
        what="LoRA r=16 on an 8.03B-parameter Llama shape, random weights, 8 x 2048 tokens a step, one GPU",
        figures=[
            harness.Figure(f"{case}: {name}", told[name], unit, n=told["steps"])
            for case, told in found.items() if case.startswith("ours") and "failed" not in told
            for name, unit in (("tokens_per_s", "tokens/s"), ("peak_gib", "GiB"), ("settling_s", "s"))
        ],
        peers={case: told for case, told in found.items() if not case.startswith("ours")},
        target={
            f"{case}: tokens_per_s": f">= {bar}" + (f" within {most} GiB" if most else "")
            for case in aimed for bar, most in [TARGETS[case]]
        },
        met={f"{case}: tokens_per_s": reached(case) for case in aimed},
        notes=[
            f"{torch.cuda.get_device_name()}, torch {torch.__version__}, transformers {transformers.__version__}",
            f"products alone: {json.dumps(limits)}",
            *(f"{case}: {json.dumps(told)}" for case, told in found.items()),
        ],
    )  # fmt: skip


def main() -> None:
    """Every case, then one result file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--case", help="run one case in this process")
    parser.add_argument("--ceiling", action="store_true")
    parser.add_argument("--trace", type=Path, help="a folder for a Chrome trace of one step of each case of ours")
    parser.add_argument("--write", type=Path, help="save the model into a folder, for a peer that reads it from there")
    given = parser.parse_args()
    if given.write:
        write(given.write)
        return
    if given.case:
        print("RESULT " + json.dumps(one(given.case, given.trace)), flush=True)
        return
    import torch

    if not torch.cuda.is_available():
        print("skipped: there is no GPU here")
        return
    limits = ceiling()
    print(json.dumps(limits), flush=True)
    if given.ceiling:
        return
    found = {}
    for case in given.cases:
        found[case] = apart(case, given.trace)
        print(case, json.dumps(found[case]), flush=True)
        publish(found, limits)  # a machine on loan may be taken back before the last case


if __name__ == "__main__":
    main()
