"""What training a causal model takes whatever the method: its base, its rows, its batches, and its job.

Only the recipes import this file, inside the function that trains.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.candidate import Plan, Receipt, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.progress import SILENT, Progress
from tunewright.models.causal_lm import Generator
from tunewright.models.chat import Chat
from tunewright.models.encoder import fitting
from tunewright.models.files import find_model
from tunewright.models.template_fingerprint import Template, template_of
from tunewright.stages.train.data.batches import Batches, in_parts
from tunewright.stages.train.data.chats import chats, require_most
from tunewright.stages.train.data.decoder import (
    Batch,
    answer_loss,
    flat,
    on_device,
    packed,
    padded,
    tested,
    trained_tokens,
    with_noise,
)
from tunewright.stages.train.data.inputs import Start
from tunewright.stages.train.data.packing import ENDLESS, FULL, decide_batching, filled, utilization
from tunewright.stages.train.distributed.process_group import team
from tunewright.stages.train.gpu import fast
from tunewright.stages.train.loop.fit import Fitted, parts_of
from tunewright.stages.train.loop.job import Job
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.options import ChatOptions
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.environment import environment

#: Steps of the first epoch over which utilization is counted.
MEASURED_STEPS = 1000
#: The schedules as transformers names them; every one begins with the warm-up.
SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


def begin(
    corpus: Corpus,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    progress: Progress,
    *,
    frozen: bool = False,
    load: Callable[..., Generator] | None = None,
) -> Start:
    """Load the plan's base, and the rows as its tokenizer renders them.

    Args:
        corpus: rows with their split.
        plan: names the base.
        options: of the method.
        machine: where the base goes.
        progress: told of rows left out.
        frozen: whether the base's weights stay as they are.
        load: another way to load it.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), 007 (no rows), 008 (its chat template), 013 (too many rows lost),
            014 (rows too long).
    """
    files = find_model(plan.base)
    load = load or partial(fast.load, frozen=frozen, max_tokens=options.max_tokens)
    again = partial(load, files.folder, device=machine.device)
    base = again()
    if base.template_added:
        progress.say("The base has no chat template; a plain one is used and saved with the model.")
    longest = fitting(options.max_tokens, base.model, base.tokenizer)
    rows = chats(corpus, "train", base.tokenizer, longest, progress, too_long=options.too_long)
    require_most(rows.receipt, options.max_lost)
    held_out = chats(corpus, "validation", base.tokenizer, longest, progress, too_long=options.too_long)
    return Start(files, base, rows, held_out, longest, template_of(base.tokenizer), again)


def to_divide(model: Any, options: ChatOptions, machine: Machine, longest: int) -> bool:
    """Whether several processes are to divide `model` among them, the same answer in each.

    Products in fp8 are of whole weights, so that each process keeps all of them.

    Args:
        model: on this process's device.
        options: of the method.
        machine: how it is computed.
        longest: tokens of the longest row that there could be.
    """
    asked = getattr(options, "divide", "off")
    if team().alone or asked == "off" or getattr(options, "precision", "auto").startswith("fp8"):
        return False
    rows = math.ceil(options.batch / options.accumulation / team().size)
    return asked == "on" or not team().agreed(fast.fits_whole(model, machine, rows * longest))


def job_and_receipt(
    model: Any,
    start: Start,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    *,
    groups: Any,
    weight_decay: float,
    noise: float = 0.0,
    again: Callable[[], Any] | None = None,
    progress: Progress = SILENT,
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
        again: `model` anew, as it is now; with it, several processes may divide the model among them.
        progress: told how a GPU is used.

    Raises:
        UserError: E-TRAIN-022 (no fp8 here), E-TRAIN-023 (the longest batch does not fit).
    """
    rows = start.rows
    parameters = sum(one.numel() for one in model.parameters())
    precision: fast.Precision = getattr(options, "precision", "auto")
    divided = again is not None and to_divide(model, options, machine, start.longest)
    quick = fast.Fast(model, machine.precision) if divided else fast.quicken(model, precision, machine)

    def lay(some: Sequence[Chat], weights: npt.NDArray[np.float32]) -> Batch:
        return flat(some, weights, start.longest, options.batch)

    batching, why = team().agreed(
        decide_batching(
            model, rows.chats, options.packing, start.longest, machine.device, lay=lay if quick.flat else None
        )
    )
    is_packed = batching == "packed"
    batches = Batches(rows.lengths, size=options.batch, epochs=options.epochs, seed=plan.seed, alike=not is_packed)
    width = int(model.get_input_embeddings().weight.shape[1])

    def batch(chosen: npt.NDArray[np.int64], step: int) -> Batch:
        some, weights = [rows.chats[at] for at in chosen], rows.weights[chosen]
        if not is_packed or (quick.flat and filled(rows.lengths[chosen]) >= FULL):
            made = padded(some, weights)
        else:
            made = lay(some, weights) if quick.flat else packed(some, weights, start.longest)
        return with_noise(made, noise, width, (plan.seed, step, *chosen.tolist())) if noise else made

    parts = parts_of(machine, options.accumulation)
    used = utilization(
        rows.lengths,
        (batches.rows(step) for step in range(min(batches.per_epoch, MEASURED_STEPS))),
        lambda step: in_parts(step, parts),
        None if not is_packed else ENDLESS if quick.flat else start.longest,
    )
    told = {"batching": batching, "batching_why": why, "utilization": round(used, 4)}
    receipt = rows.receipt.model_copy(update=told)
    job = Job(
        model=model,
        rows=batches.rows,
        batch=batch,
        loss=partial(answer_loss, head=quick.head),
        size=trained_tokens,
        validate=lambda model: tested(model, start.held_out, options.batch, quick.head),
        metric="log_likelihood",
        steps=batches.steps,
        per_epoch=batches.per_epoch,
        learning_rate=options.learning_rate,
        groups=groups,
        schedule=SCHEDULES[options.schedule],
        warmup=options.warmup,
        weight_decay=weight_decay,
        clip=1.0,
        patience=options.patience,
        seed=plan.seed,
        # A checkpoint made through another template is of other data, even though the plan is the same.
        plan=digest([plan.digest, start.template.digest]),
        accumulation=options.accumulation,
        named=lambda chosen: rows.rows[chosen],
        precision=quick.precision,
        decisions=quick.decisions,
        again=again if divided else None,
    )
    if divided:
        fast.settle_divided(quick, options.memory, machine, progress)
        return job, receipt
    most = in_parts(np.argsort(-rows.lengths, kind="stable")[: options.batch], parts)[0]
    fast.settle(
        quick,
        options.memory,
        machine,
        progress,
        longest=lambda: on_device(batch(most, 0), machine.device),
        loss=lambda made: job.loss(model, made),
        tokens=int(rows.lengths[most].sum()),
        flop=6.0 * parameters * int(rows.lengths.sum()) * options.epochs,
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
        precision=job.precision,
        trained_rows=receipt.kept,
        trained_tokens=receipt.trained_tokens,
        stopped=fitted.stopped,
        seconds=clock.seconds,
        energy_wh=clock.energy_wh,
        environment=environment({**machine.decisions, **job.decisions}),
        receipt=receipt,
        template=template.digest,
    )
