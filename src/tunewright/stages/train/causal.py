"""What training a causal model takes whatever the method: its base, its rows, its batches, and its job.

Only the recipes import this file, inside the function that trains.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tunewright.core.candidate import DataReport, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.progress import SILENT, Progress
from tunewright.models.causal_lm import CausalLM
from tunewright.models.encoder import fitting
from tunewright.models.files import find_model
from tunewright.models.template_fingerprint import Template, template_of
from tunewright.stages.train.data.answer_batches import AnswerBatches, choose_batching
from tunewright.stages.train.data.chats import chats, require_most
from tunewright.stages.train.data.decoder import answer_loss, on_device, tested, trained_tokens
from tunewright.stages.train.data.inputs import Start
from tunewright.stages.train.data.logit_positions import LogitPositions, has_head
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.gpu import acceleration
from tunewright.stages.train.loop.fit import Fitted, parts_of
from tunewright.stages.train.loop.job import Job
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.options import ChatOptions
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.environment import environment

#: The schedules as transformers names them; every one begins with the warm-up.
SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}


@dataclass(frozen=True)
class Trainee:
    """What a method trains, and how it is stepped.

    Attributes:
        model: its trained parameters requiring gradients.
        groups: optimizer groups.
        weight_decay: of matrices.
        noise: NEFTune's alpha; 0 adds none.
        again: `model` anew, as it is now; with it, several processes may shard the model among them.
    """

    model: Any
    groups: Callable[[], list[dict[str, Any]]]
    weight_decay: float = 0.0
    noise: float = 0.0
    again: Callable[[], Any] | None = None


def begin(
    corpus: Corpus,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    progress: Progress,
    *,
    frozen: bool = False,
    load: Callable[..., CausalLM] | None = None,
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
    bf16 = frozen and machine.device == "cuda" and machine.precision == "bf16"
    load = load or partial(acceleration.load, bf16=bf16, max_tokens=options.max_tokens)
    again = partial(load, files.folder, device=machine.device)
    base = again()
    if base.template_added:
        progress.say("The base has no chat template; a plain one is used and saved with the model.")
    longest = fitting(options.max_tokens, base.model, base.tokenizer)
    rows = chats(corpus, "train", base.tokenizer, longest, progress, too_long=options.too_long)
    require_most(rows.report, options.max_lost)
    held_out = chats(corpus, "validation", base.tokenizer, longest, progress, too_long=options.too_long)
    return Start(files, base, rows, held_out, longest, template_of(base.tokenizer), again)


def job_and_report(
    trainee: Trainee,
    start: Start,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    *,
    group: ProcessGroup = ALONE,
    progress: Progress = SILENT,
) -> tuple[Job, DataReport]:
    """The fitting of a model on the answers of `start`, and the complete report of its rows.

    Args:
        trainee: what is trained.
        start: base and rows.
        plan: seed and digest.
        options: of the method.
        machine: how it is computed.
        group: the processes that train it.
        progress: told how a GPU is used.

    Raises:
        UserError: E-TRAIN-022 (no fp8 here), E-TRAIN-023 (the longest batch does not fit).
    """
    parameters = sum(parameter.numel() for parameter in trainee.model.parameters())
    sharded = trainee.again is not None and shards(trainee.model, options, machine, start.longest, group)
    accelerated = (
        acceleration.AcceleratedModel(trainee.model, machine.precision)
        if sharded
        else acceleration.accelerate(trainee.model, getattr(options, "precision", "auto"), machine)
    )
    batches, report = _batches(trainee, start, plan, options, machine, accelerated.flat, group)
    job = _job(trainee, start, plan, options, machine, batches, accelerated, group=group, sharded=sharded)
    if sharded:
        acceleration.fit_sharded(accelerated, options.activation_checkpointing, machine, progress)
        return job, report
    largest = batches.largest_part(parts_of(machine, options.accumulation))
    acceleration.fit_to_memory(
        accelerated,
        options.activation_checkpointing,
        machine,
        progress,
        longest=lambda: on_device(job.batch(largest, 0), machine.device),
        loss=lambda batch: job.loss(trainee.model, batch),
        tokens=int(start.rows.lengths[largest].sum()),
        flop=6.0 * parameters * int(start.rows.lengths.sum()) * options.epochs,
    )
    return job, report


def shards(model: Any, options: ChatOptions, machine: Machine, longest: int, group: ProcessGroup) -> bool:
    """Whether several processes are to shard `model` among them, the same answer in each.

    Products in fp8 are of whole weights, so that each process keeps all of them.

    Args:
        model: on this process's device.
        options: of the method.
        machine: how it is computed.
        longest: tokens of the longest row that there could be.
        group: the processes.
    """
    choice = getattr(options, "fsdp", "off")
    if group.is_alone or choice == "off" or getattr(options, "precision", "auto").startswith("fp8"):
        return False
    rows = math.ceil(options.batch / options.accumulation / group.size)
    return choice == "on" or not group.broadcast(acceleration.fits_whole(model, machine, rows * longest))


def _batches(
    trainee: Trainee,
    start: Start,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    flat_lines: bool,
    group: ProcessGroup,
) -> tuple[AnswerBatches, DataReport]:
    """The batches of the run, and the report of its rows with what was decided about them."""
    batching, why = choose_batching(
        trainee.model,
        start.rows,
        options,
        longest=start.longest,
        machine=machine,
        flat_lines=flat_lines,
        group=group,
    )
    width = int(trainee.model.get_input_embeddings().weight.shape[1])
    batches = AnswerBatches(
        start.rows,
        options,
        longest=start.longest,
        seed=plan.seed,
        batching=batching,
        flat_lines=flat_lines,
        noise=(trainee.noise, width),
    )
    share = round(batches.utilization(parts_of(machine, options.accumulation)), 4)
    decided = {"batching": batching, "batching_why": why, "utilization": share}
    return batches, start.rows.report.model_copy(update=decided)


def _job(
    trainee: Trainee,
    start: Start,
    plan: Plan,
    options: ChatOptions,
    machine: Machine,
    batches: AnswerBatches,
    accelerated: acceleration.AcceleratedModel,
    *,
    group: ProcessGroup,
    sharded: bool,
) -> Job:
    """The fitting of the trainee on these batches."""
    model, states_loss = trainee.model, accelerated.loss
    positions = LogitPositions(model) if machine.device == "cpu" and has_head(model) else None
    return Job(
        model=model,
        rows=batches.steps.rows,
        batch=batches.batch,
        loss=partial(answer_loss, states_loss=states_loss, positions=positions),
        size=trained_tokens,
        validate=lambda model: tested(model, start.held_out, options.batch, states_loss, positions, group),
        metric="log_likelihood",
        steps=batches.steps.steps,
        per_epoch=batches.steps.per_epoch,
        learning_rate=options.learning_rate,
        groups=trainee.groups,
        schedule=SCHEDULES[options.schedule],
        warmup=options.warmup,
        weight_decay=trainee.weight_decay,
        clip=1.0,
        patience=options.patience,
        seed=plan.seed,
        # A checkpoint made through another template is of other data, even though the plan is the same.
        plan=digest([plan.digest, start.template.digest]),
        accumulation=options.accumulation,
        named=lambda chosen: start.rows.rows[chosen],
        precision=accelerated.precision,
        decisions=accelerated.decisions,
        again=trainee.again if sharded else None,
        group=group,
    )


def run_of(
    plan: Plan, job: Job, fitted: Fitted, report: DataReport, template: Template, machine: Machine, clock: Clock
) -> Run:
    """The record of a causal model's training."""
    return Run(
        plan=plan,
        curve=fitted.curve,
        best_step=fitted.best_step,
        metric=job.metric,
        precision=job.precision,
        trained_rows=report.kept,
        trained_tokens=report.trained_tokens,
        stopped=fitted.stopped,
        seconds=clock.seconds,
        energy_wh=clock.energy_wh,
        environment=environment({**machine.decisions, **job.decisions}, job.group),
        receipt=report,
        template=template.digest,
    )
