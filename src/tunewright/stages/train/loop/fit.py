"""A job fitted, going on from its newest good checkpoint, in this process or together with others.

Only the recipes import this file, inside the function that trains.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from transformers import TrainingArguments  # noqa: TID253
from transformers.trainer_callback import PrinterCallback, ProgressCallback  # noqa: TID253

from tunewright.core.candidate import CurvePoint
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import NonLeaderDone
from tunewright.stages.train.loop.callbacks import TrainingCallback, run_callback
from tunewright.stages.train.loop.job import Job, Steps
from tunewright.stages.train.loop.run_state import RunState
from tunewright.stages.train.loop.trainer import OurTrainer, load_trained
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.run_settings import RunSettings
from tunewright.stages.train.runs.spike_detector import SpikeDetector

PAUSED = "paused"


@dataclass(frozen=True)
class Fitted:
    """How fitting went, and the module with the best weights: that of the job, but for a divided one."""

    curve: tuple[CurvePoint, ...]
    best_step: int
    stopped: str
    model: Any


def fit(
    job: Job,
    machine: Machine,
    work: Path,
    *,
    clock: Clock,
    progress: Progress,
    checkpoint_seconds: float,
    until: int | None = None,
) -> Fitted:
    """Fit `job.model`, going on from the newest good checkpoint in `work`, and leave the best weights in it.

    With `until` it pauses after that step, as if interrupted there, and leaves the weights of that step; a later call
    goes on and ends with the bits of a run that never paused.

    Raises:
        KeyboardInterrupt: Ctrl-C or a pause, after the step in hand is done and a checkpoint is written.
        UserError: E-TRAIN-010 (a checkpoint of another plan), E-TRAIN-015 (a loss or gradient that is no number),
            E-TRAIN-016 (it diverged).
        NonLeaderDone: in every process but the leader, at the end.
    """
    history = History(job.per_epoch, SpikeDetector(RunSettings.load(work).settings.spike_size))
    checkpoints = Checkpoints(work, job.plan, progress, job.group)
    newest = job.group.broadcast(checkpoints.newest() if job.group.is_leader else None)
    done = 0
    if newest is not None:
        history.read(newest)
        done = int(newest.name.rpartition("-")[2])
        progress.say(f"Going on from step {done} of {job.steps}.")
    run = RunState(job, work, history, checkpoints, clock)
    with run_callback(
        run, done=done, progress=progress, checkpoint_seconds=checkpoint_seconds, until=until
    ) as callback:
        trainer = _trainer(run, machine, callback)
        trainer.say = progress.say
        if not callback.is_finished(done) and not callback.reached_pause_step(done):
            with callback.requests.listening(), _parallel(machine) as trainer.map_parts:
                trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        if callback.requests.interrupted and job.group.is_leader:
            raise KeyboardInterrupt
    if not job.group.is_leader:
        raise NonLeaderDone
    # Autocast was wrapped around the model's forward; what is done with it from here on is in fp32.
    trainer.accelerator.unwrap_model(job.model, keep_fp32_wrapper=False)
    model = job.again() if job.again and not job.group.is_alone else job.model
    last = checkpoints.last()
    paused = callback.reached_pause_step(last) and not callback.is_finished(last)
    load_trained(model, checkpoints.at(last if paused else history.best_step))
    return Fitted(
        curve=tuple(history.curve),
        best_step=history.best_step,
        stopped=PAUSED if paused else history.stopped or _why_ended(job, history),
        model=model,
    )


def _why_ended(job: Job, history: History) -> str:
    """Why a run ended that nobody stopped."""
    if history.curve[-1].step < job.steps:
        return f"{job.metric} did not rise in {history.stale} validations"
    return f"all {job.steps} steps were taken"


def _trainer(run: RunState, machine: Machine, callback: TrainingCallback) -> OurTrainer:
    """The Trainer of this process, alone or as one of several."""
    job = run.job
    arguments = TrainingArguments(
        output_dir=str(run.work),
        max_steps=job.steps,
        per_device_train_batch_size=1,
        learning_rate=job.learning_rate,
        weight_decay=job.weight_decay,
        lr_scheduler_type=job.schedule,
        warmup_steps=round(job.warmup * job.steps),
        max_grad_norm=job.clip,
        seed=job.seed,
        use_cpu=machine.device == "cpu",
        bf16=machine.precision == "bf16",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
        logging_strategy="no",
        logging_nan_inf_filter=False,  # it would wait for the GPU in each step
        save_strategy="no",
        eval_strategy="no",
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # or it would spread batches over every GPU that it sees by itself
    if job.group.is_alone:
        steps = Steps(job, parts_of(machine, job.accumulation))
        trainer = OurTrainer(model=job.model, args=arguments, train_dataset=steps, callbacks=[callback])
    else:
        trainer = _one_of_several(job, machine, arguments, callback)
    for talker in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(talker)
    trainer.job, trainer.history, trainer.checkpoints = job, run.history, run.checkpoints
    return trainer


def _one_of_several(job: Job, machine: Machine, arguments: TrainingArguments, callback: TrainingCallback) -> OurTrainer:
    """The Trainer of this process, its model sharded where the job allows it."""
    from tunewright.stages.train.distributed.sharding import shard_model
    from tunewright.stages.train.loop.distributed_trainer import DistributedTrainer, ShardedSteps
    from tunewright.stages.train.weights.shardable import make_shardable

    if job.again:
        make_shardable(job.model)
        shard_model(job.model, machine.device, job.group.size)
    steps = ShardedSteps(job, job.accumulation)
    return DistributedTrainer(model=job.model, args=arguments, train_dataset=steps, callbacks=[callback])


@contextmanager
def _parallel(machine: Machine) -> Iterator[Callable[..., Iterator[Any]]]:
    """An ordered map over the parts of a batch; on a CPU each part on one thread."""
    if machine.device != "cpu":
        yield map
        return
    with ThreadPoolExecutor(machine.threads, initializer=lambda: torch.set_num_threads(1)) as pool:
        yield pool.map


def parts_of(machine: Machine, accumulation: int) -> int:
    """Parts that a step is computed in: as many at once as the CPU has threads, that many times one after another."""
    return accumulation * (machine.threads if machine.device == "cpu" else 1)
