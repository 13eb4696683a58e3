"""LoRA adapters on every linear layer of a causal language model, trained on the answers' tokens alone.

Hu et al. 2021 (arXiv 2106.09685). Rank 8 and a scale of twice the rank are the playbook's start; 2e-4 is the rate that
peers use for adapters. The adapter is merged in fp32 into a freshly loaded base, and the merged model's logits are
held against the adapter's before it counts as trained.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tunewright.core.candidate import Candidate, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress
from tunewright.evidence.model_files import ModelFiles, find_model
from tunewright.train.batches import Batches

if TYPE_CHECKING:
    from tunewright.evidence.generator import Generator
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
    learning_rate: float = Field(2e-4, gt=0, description="Peak of the learning rate.")
    warmup: float = Field(0.05, ge=0, le=0.5, description="Share of steps in which the learning rate rises.")
    max_tokens: int = Field(1024, ge=16, description="Chats longer than this are left out and counted.")
    patience: int = Field(1, ge=0, description="Epochs without a better validation before it ends; 0: never early.")


def train(
    corpus: Corpus, plan: Plan, options: Options, work: Path, progress: Progress, checkpoint_seconds: float
) -> Run:
    """Train adapters on the plan's base, choose by the validation split, leave the merged ``work/model``.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-009 (the merged model is not the trained one), E-TRAIN-010 (a checkpoint of another plan).
    """
    from tunewright.evidence.encoder import fitting
    from tunewright.evidence.generator import Generator
    from tunewright.train.chats import chats
    from tunewright.train.clock import Clock
    from tunewright.train.decoder import answer_loss, padded, tested, trained_tokens
    from tunewright.train.environment import environment
    from tunewright.train.machine import computing, decide
    from tunewright.train.trainer import Job, decayed, fit

    with Clock(work) as clock:
        machine = decide(work)
        files = find_model(plan.base)
        base = Generator.load(files.folder, device=machine.device)
        if base.template_added:
            progress.say("The base has no chat template; a plain one is used and saved with the model.")
        longest = fitting(options.max_tokens, base.model, base.tokenizer)
        rows = chats(corpus, "train", base.tokenizer, longest, progress)
        held_out = chats(corpus, "validation", base.tokenizer, longest, progress)
        batches = Batches(rows.lengths, size=options.batch, epochs=options.epochs, seed=plan.seed)
        model = _adapted(base, plan, options)

        def batch(chosen: Any) -> Any:
            return padded([rows.chats[at] for at in chosen], rows.weights[chosen])

        job = Job(
            model=model,
            rows=batches.rows,
            batch=batch,
            loss=answer_loss,
            size=trained_tokens,
            validate=lambda model: tested(model, held_out, options.batch),
            metric="log_likelihood",
            steps=batches.steps,
            per_epoch=batches.per_epoch,
            learning_rate=options.learning_rate,
            groups=lambda: decayed(model),
            schedule="linear",
            warmup=options.warmup,
            weight_decay=0.0,
            clip=1.0,
            patience=options.patience,
            seed=plan.seed,
            plan=plan.digest,
        )
        with computing(machine):
            fitted = fit(job, machine, work, clock=clock, progress=progress, checkpoint_seconds=checkpoint_seconds)
            _publish(model, base, files, held_out, plan, work, progress)
        return Run(
            plan=plan,
            curve=fitted.curve,
            best_step=fitted.best_step,
            metric=job.metric,
            precision=machine.precision,
            trained_rows=len(rows.chats),
            trained_tokens=rows.trained_tokens,
            stopped=fitted.stopped,
            seconds=clock.seconds,
            energy_wh=clock.energy_wh,
            environment=environment(machine.decisions),
        )


def _adapted(base: "Generator", plan: Plan, options: Options) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(plan.seed)  # the adapters' first matrices are random
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha_ratio * options.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        base_model_name_or_path=plan.base,
    )
    return get_peft_model(base.model, config)


def _publish(
    model: Any,
    base: "Generator",
    files: ModelFiles,
    held_out: "Chats",
    plan: Plan,
    work: Path,
    progress: Progress,
) -> None:
    """Write ``work/model`` at once and whole: the merged weights, and the adapter beside them."""
    from peft import PeftModel

    from tunewright.core.files import sync_tree
    from tunewright.evidence.generator import Generator

    target = work / Candidate.MODEL_FOLDER
    aside = work / f".{Candidate.MODEL_FOLDER}.part"
    for folder in (target, aside):
        shutil.rmtree(folder, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = plan.base
    model.save_pretrained(aside / ADAPTER_FOLDER, safe_serialization=True)
    (aside / ADAPTER_FOLDER / "README.md").unlink(missing_ok=True)  # a model card template of PEFT's, not ours
    fresh = Generator.load(files.folder, device=base.device)
    merged = PeftModel.from_pretrained(fresh.model, aside / ADAPTER_FOLDER).merge_and_unload(safe_merge=True)
    merged.save_pretrained(aside, safe_serialization=True)
    base.tokenizer.save_pretrained(aside)
    difference = merge_difference(model, Generator.load(aside, device=base.device).model, held_out)
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
