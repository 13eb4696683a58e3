"""LoRA adapters on every linear layer of a causal language model, trained on the answers' tokens alone.

Hu et al. 2021 (arXiv 2106.09685). Rank 8 and a scale of twice the rank are the playbook's start; 2e-4 is the rate that
peers use for adapters. The adapter is merged in fp32 into a freshly loaded base, and the merged model's answers are
held against the adapter's before it counts as trained (docs/decisions/021).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress

NEEDS = ("torch", "transformers", "peft", "accelerate", "safetensors")
EXTRA = "train"
KIND = "decoder"


class Options(Frozen):
    """How adapters are trained."""

    rank: int = Field(8, ge=1, description="Rank of the adapters.")
    alpha_ratio: float = Field(2.0, gt=0, description="Scale of the adapters as a multiple of their rank.")
    epochs: int = Field(3, ge=1, description="Passes over the training rows, at most.")
    batch: int = Field(8, ge=1, description="Rows of one optimizer step.")
    accumulation: int = Field(
        1, ge=1, description="Parts a step is computed in, one after another: less memory, the same step."
    )
    learning_rate: float = Field(2e-4, gt=0, description="Peak of the learning rate.")
    warmup: float = Field(0.05, ge=0, le=0.5, description="Share of steps in which the learning rate rises.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", description="How the learning rate falls to 0 after that; constant: not at all."
    )
    max_tokens: int = Field(1024, ge=16, description="Most tokens of a chat, and of a line of packed chats.")
    too_long: Literal["drop", "cut", "error"] = Field(
        "drop", description="Chats over max_tokens: left out and counted, cut at the end, or an error."
    )
    max_lost: float = Field(0.05, ge=0, le=1, description="Share of training rows that may be left out; more fails.")
    packing: Literal["auto", "on", "off"] = Field(
        "auto", description="Several chats in a line, kept apart; auto: on a GPU. A model that mixes them gets padding."
    )
    precision: Literal["auto", "bf16", "fp8-backward", "fp8"] = Field(
        "auto",
        description="What frozen products compute in on a GPU: auto is bf16; fp8-backward rounds the gradients passing "
        "through them to 8 bits, fp8 the values as well (from compute capability 8.9 on).",
    )
    memory: Literal["auto", "keep", "selective", "recompute", "offload"] = Field(
        "auto", description="What of a step a GPU keeps for its gradient, from most to least; auto: as much as fits."
    )
    patience: int = Field(1, ge=0, description="Epochs without a better validation before it ends; 0: never early.")
    dora: bool = Field(False, description="Train each matrix's column lengths besides (DoRA, arXiv 2402.09353).")
    rslora: bool = Field(False, description="Scale by the root of the rank instead of the rank (arXiv 2312.03732).")
    lora_plus_ratio: float = Field(
        1.0, ge=1, description="Learning rate of the adapters' second matrices over the first's; 16 is LoRA+'s own."
    )
    neftune_alpha: float = Field(0.0, ge=0, description="Noise on word vectors (NEFTune: 5 to 15); 0: none.")


def train(
    corpus: Corpus, plan: Plan, options: Options, work: Path, progress: Progress, checkpoint_seconds: float
) -> Run:
    """Train adapters on the plan's base, choose by the validation split, leave the merged ``work/model``.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-009 (the merged model is not the trained one), E-TRAIN-010 (a checkpoint of another plan),
            E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long), E-TRAIN-022 to 024 (this GPU).
    """
    from tunewright.train.adapters import adapted, groups_of
    from tunewright.train.causal import begin, job_and_receipt, run_of
    from tunewright.train.clock import Clock
    from tunewright.train.machine import computing, decide
    from tunewright.train.merging import publish_merged
    from tunewright.train.trainer import fit

    with Clock(work) as clock:
        machine = decide(work)
        start = begin(corpus, plan, options, machine, progress, frozen=True)
        model = adapted(start.base.model, plan, options)
        with computing(machine):
            job, receipt = job_and_receipt(
                model,
                start,
                plan,
                options,
                machine,
                groups=lambda: groups_of(model, options),
                weight_decay=0.0,
                noise=options.neftune_alpha,
                again=lambda: adapted(start.again().model, plan, options),
                progress=progress,
            )
            progress.say(receipt.words)
            fitted = fit(job, machine, work, clock=clock, progress=progress, checkpoint_seconds=checkpoint_seconds)
            publish_merged(fitted.model, start, plan, work, progress)
        return run_of(plan, job, fitted, receipt, start.template, machine, clock)
