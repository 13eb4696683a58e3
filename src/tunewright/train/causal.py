"""What training a causal model takes whatever the method: its base, its rows, its batches, and its job.

Only the recipes import this file, inside the function that trains.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt

from tunewright.core.candidate import Plan, Receipt, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.progress import Progress
from tunewright.evidence.encoder import fitting
from tunewright.evidence.generator import Generator
from tunewright.evidence.model_files import ModelFiles, find_model
from tunewright.evidence.template import Template, template_of
from tunewright.train.batches import Batches, in_parts
from tunewright.train.chats import Chats, chats, require_most
from tunewright.train.clock import Clock
from tunewright.train.decoder import Batch, answer_loss, packed, padded, tested, trained_tokens, with_noise
from tunewright.train.environment import environment
from tunewright.train.machine import Machine
from tunewright.train.packing import decide_batching, utilization
from tunewright.train.trainer import Fitted, Job, parts_of

if TYPE_CHECKING:
    from tunewright.train.methods import full, lora

#: Steps of the first epoch over which utilization is counted.
MEASURED_STEPS = 1000
#: What the methods for causal models have in common in their options is what is read here.
CausalOptions = Union["full.Options", "lora.Options"]


@dataclass(frozen=True)
class Start:
    """What is there before the first step.

    Attributes:
        files: where the base lies.
        base: the base, loaded.
        rows: the training rows.
        held_out: the validation rows.
        longest: most tokens of a chat.
        template: how the base's tokenizer renders chats.
    """

    files: ModelFiles
    base: Generator
    rows: Chats
    held_out: Chats
    longest: int
    template: Template


def begin(corpus: Corpus, plan: Plan, options: CausalOptions, machine: Machine, progress: Progress) -> Start:
    """Load the plan's base, and the rows as its tokenizer renders them.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), 007 (no rows), 008 (its chat template), 013 (too many rows lost),
            014 (rows too long).
    """
    files = find_model(plan.base)
    base = Generator.load(files.folder, device=machine.device)
    if base.template_added:
        progress.say("The base has no chat template; a plain one is used and saved with the model.")
    longest = fitting(options.max_tokens, base.model, base.tokenizer)
    rows = chats(corpus, "train", base.tokenizer, longest, progress, too_long=options.too_long)
    require_most(rows.receipt, options.max_lost)
    held_out = chats(corpus, "validation", base.tokenizer, longest, progress, too_long=options.too_long)
    return Start(files, base, rows, held_out, longest, template_of(base.tokenizer))


def job_and_receipt(
    model: Any,
    start: Start,
    plan: Plan,
    options: CausalOptions,
    machine: Machine,
    *,
    groups: Any,
    weight_decay: float,
    noise: float = 0.0,
) -> tuple[Job, Receipt]:
    """The fitting of `model` on the answers of `start`, and the receipt of its rows, complete.

    Args:
        model: what is trained, its trained parameters requiring gradients.
        start: base and rows.
        plan: seed and digest.
        options: of the method.
        machine: how it is computed.
        groups: optimizer groups.
        weight_decay: of matrices.
        noise: NEFTune's alpha; 0 adds none.
    """
    rows = start.rows
    batching, why = decide_batching(model, rows.chats, options.packing, start.longest, machine.device)
    is_packed = batching == "packed"
    batches = Batches(rows.lengths, size=options.batch, epochs=options.epochs, seed=plan.seed, alike=not is_packed)
    width = int(model.get_input_embeddings().weight.shape[1])

    def batch(chosen: npt.NDArray[np.int64], step: int) -> Batch:
        some, weights = [rows.chats[at] for at in chosen], rows.weights[chosen]
        made = packed(some, weights, start.longest) if is_packed else padded(some, weights)
        return with_noise(made, noise, width, (plan.seed, step, *chosen.tolist())) if noise else made

    parts = parts_of(machine, options.accumulation)
    used = utilization(
        rows.lengths,
        (batches.rows(step) for step in range(min(batches.per_epoch, MEASURED_STEPS))),
        lambda step: in_parts(step, parts),
        start.longest if is_packed else None,
    )
    told = {"batching": batching, "batching_why": why, "utilization": round(used, 4)}
    receipt = rows.receipt.model_copy(update=told)
    job = Job(
        model=model,
        rows=batches.rows,
        batch=batch,
        loss=answer_loss,
        size=trained_tokens,
        validate=lambda model: tested(model, start.held_out, options.batch),
        metric="log_likelihood",
        steps=batches.steps,
        per_epoch=batches.per_epoch,
        learning_rate=options.learning_rate,
        groups=groups,
        schedule="linear",
        warmup=options.warmup,
        weight_decay=weight_decay,
        clip=1.0,
        patience=options.patience,
        seed=plan.seed,
        # A checkpoint made through another template is of other data, even though the plan is the same.
        plan=digest([plan.digest, start.template.digest]),
        accumulation=options.accumulation,
    )
    return job, receipt


def run_of(
    plan: Plan, job: Job, fitted: Fitted, receipt: Receipt, template: Template, machine: Machine, clock: Clock
) -> Run:
    """The record of a causal model's training."""
    return Run(
        plan=plan,
        curve=fitted.curve,
        best_step=fitted.best_step,
        metric=job.metric,
        precision=machine.precision,
        trained_rows=receipt.kept,
        trained_tokens=receipt.trained_tokens,
        stopped=fitted.stopped,
        seconds=clock.seconds,
        energy_wh=clock.energy_wh,
        environment=environment(machine.decisions),
        receipt=receipt,
        template=template.digest,
    )


def keep_tokenizer(start: Start, folder: Path) -> None:
    """Save the tokenizer and the fingerprint of its chat template beside the weights in `folder`."""
    start.base.tokenizer.save_pretrained(folder)
    start.template.keep(folder)
