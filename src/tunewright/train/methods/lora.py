"""LoRA adapters on every linear layer of a causal language model, trained on the answers' tokens alone.

Hu et al. 2021 (arXiv 2106.09685). Rank 8 and a scale of twice the rank are the playbook's start; 2e-4 is the rate that
peers use for adapters. The adapter is merged in fp32 into a freshly loaded base, and the merged model's logits are
held against the adapter's before it counts as trained.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tunewright.core.candidate import Candidate, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress

if TYPE_CHECKING:
    from tunewright.evidence.generator import Generator
    from tunewright.train.causal import Start
    from tunewright.train.chats import Chats

NEEDS = ("torch", "transformers", "peft", "accelerate", "safetensors")
EXTRA = "train"
KIND = "decoder"

ADAPTER_FOLDER = "adapter"
#: fp32 products in another order differ by some 1e-5 of a logit's scale; a wrong merge differs by whole logits.
MERGE_TOLERANCE = 1e-3
PROBES = 8


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
    max_tokens: int = Field(1024, ge=16, description="Most tokens of a chat, and of a line of packed chats.")
    too_long: Literal["drop", "cut", "error"] = Field(
        "drop", description="Chats over max_tokens: left out and counted, cut at the end, or an error."
    )
    max_lost: float = Field(0.05, ge=0, le=1, description="Share of training rows that may be left out; more fails.")
    packing: Literal["auto", "on", "off"] = Field(
        "auto", description="Several chats in a line, kept apart; auto: on a GPU. A model that mixes them gets padding."
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
            E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long).
    """
    from tunewright.train.causal import begin, job_and_receipt, run_of
    from tunewright.train.clock import Clock
    from tunewright.train.machine import computing, decide
    from tunewright.train.trainer import fit

    with Clock(work) as clock:
        machine = decide(work)
        start = begin(corpus, plan, options, machine, progress)
        model = _adapted(start.base, plan, options)
        with computing(machine):
            job, receipt = job_and_receipt(
                model,
                start,
                plan,
                options,
                machine,
                groups=lambda: _groups(model, options),
                weight_decay=0.0,
                noise=options.neftune_alpha,
            )
            progress.say(receipt.words)
            fitted = fit(job, machine, work, clock=clock, progress=progress, checkpoint_seconds=checkpoint_seconds)
            _publish(model, start, plan, work, progress)
        return run_of(plan, job, fitted, receipt, start.template, machine, clock)


def _adapted(base: "Generator", plan: Plan, options: Options) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(plan.seed)  # the adapters' first matrices are random
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha_ratio * options.rank,
        use_dora=options.dora,
        use_rslora=options.rslora,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        base_model_name_or_path=plan.base,
    )
    return get_peft_model(base.model, config)


def _groups(model: Any, options: Options) -> list[dict[str, Any]]:
    """Optimizer groups; with LoRA+ (arXiv 2402.12354) the second matrices, which start at 0, learn faster."""
    from tunewright.train.trainer import decayed

    if options.lora_plus_ratio == 1:
        return decayed(model)
    faster = options.lora_plus_ratio * options.learning_rate
    second = decayed(model, lambda name: "lora_B" in name)
    return [*decayed(model, lambda name: "lora_B" not in name), *({**group, "lr": faster} for group in second)]


def _publish(model: Any, start: "Start", plan: Plan, work: Path, progress: Progress) -> None:
    """Write ``work/model`` at once and whole: the merged weights, and the adapter beside them."""
    from peft import PeftModel

    from tunewright.core.files import sync_tree
    from tunewright.evidence.generator import Generator
    from tunewright.train.causal import keep_tokenizer

    target = work / Candidate.MODEL_FOLDER
    aside = work / f".{Candidate.MODEL_FOLDER}.part"
    for folder in (target, aside):
        shutil.rmtree(folder, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = plan.base
    model.save_pretrained(aside / ADAPTER_FOLDER, safe_serialization=True)
    (aside / ADAPTER_FOLDER / "README.md").unlink(missing_ok=True)  # a model card template of PEFT's, not ours
    device = start.base.device
    fresh = Generator.load(start.files.folder, device=device)
    merged = PeftModel.from_pretrained(fresh.model, aside / ADAPTER_FOLDER).merge_and_unload(safe_merge=True)
    merged.save_pretrained(aside, safe_serialization=True)
    keep_tokenizer(start, aside)
    difference = merge_difference(model, Generator.load(aside, device=device).model, start.held_out)
    if not difference <= MERGE_TOLERANCE:
        raise UserError(
            "E-TRAIN-009",
            f"The merged model's logits differ from the trained adapter's by {difference:.2g} of their scale.",
            why=f"More than {MERGE_TOLERANCE} is no rounding: what would be released is not what was trained.",
            fix="Report this with the base model's name; its layers are not merged rightly by PEFT.",
        )
    progress.say(f"The merged model agrees with the adapter: logits differ by at most {difference:.1e} of their scale.")
    sync_tree(aside)
    aside.rename(target)


def merge_difference(adapted: Any, merged: Any, probes: "Chats") -> float:
    """Largest difference of any logit between two models on a few chats, over the largest logit."""
    import torch

    worst, scale = 0.0, 0.0
    adapted.eval()
    merged.eval()
    device = next(merged.parameters()).device
    with torch.inference_mode():
        for chat in probes.chats[:PROBES]:
            ids = torch.tensor([chat.ids], device=device)
            ours, theirs = adapted(input_ids=ids).logits.float(), merged(input_ids=ids).logits.float()
            worst = max(worst, float((ours - theirs).abs().max()))
            scale = max(scale, float(ours.abs().max()))
    return worst / scale if scale else float("inf")
