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
from tunewright.stages.train.distributed.process_group import Helped, team
from tunewright.stages.train.loop.callbacks import Watch, following
from tunewright.stages.train.loop.job import Job, Steps
from tunewright.stages.train.loop.trainer import OurTrainer, load_trained
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.run_settings import Attempt
from tunewright.stages.train.runs.spike_detector import Watchdog

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
        Helped: in every process but the first, at the end.
    """
    attempt = Attempt.of(work)
    history = History(job.per_epoch, Watchdog(attempt.settings.spike_size))
    checkpoints = Checkpoints(work, job.plan, progress)
    found = team().agreed(checkpoints.newest() if team().first else None)
    done = 0
    if found is not None:
        history.read(found)
        done = int(found.name.rpartition("-")[2])
        progress.say(f"Going on from step {done} of {job.steps}.")
    with following(
        job,
        history,
        checkpoints,
        work,
        done=done,
        clock=clock,
        progress=progress,
        every=checkpoint_seconds,
        until=until,
    ) as watch:
        trainer = _trainer(job, machine, work, history, checkpoints, watch)
        trainer.say = progress.say
        if not watch.over(done) and not watch.far_enough(done):
            with watch.listening(), _parallel(machine) as trainer.map_parts:
                trainer.train(resume_from_checkpoint=str(found) if found else None)
        if watch.interrupted and team().first:
            raise KeyboardInterrupt
    if not team().first:
        raise Helped
    # Autocast was wrapped around the model's forward; what is done with it from here on is in fp32.
    trainer.accelerator.unwrap_model(job.model, keep_fp32_wrapper=False)
    model = job.again() if job.again and not team().alone else job.model
    last = checkpoints.last()
    if watch.far_enough(last) and not watch.over(last):
        load_trained(model, checkpoints.at(last))
        return Fitted(curve=tuple(history.curve), best_step=history.best_step, stopped=PAUSED, model=model)
    load_trained(model, checkpoints.at(history.best_step))
    stopped_early = history.curve[-1].step < job.steps
    return Fitted(
        curve=tuple(history.curve),
        best_step=history.best_step,
        stopped=history.stopped
        or (
            f"{job.metric} did not rise in {history.stale} validations"
            if stopped_early
            else f"all {job.steps} steps were taken"
        ),
        model=model,
    )


def _trainer(
    job: Job, machine: Machine, work: Path, history: History, checkpoints: Checkpoints, watch: Watch
) -> OurTrainer:
    arguments = TrainingArguments(
        output_dir=str(work),
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
    if team().alone:
        steps = Steps(job, parts_of(machine, job.accumulation))
        trainer = OurTrainer(model=job.model, args=arguments, train_dataset=steps, callbacks=[watch])
    else:
        trainer = _one_of_several(job, machine, arguments, watch)
    for talker in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(talker)
    trainer.job, trainer.history, trainer.checkpoints = job, history, checkpoints
    return trainer


def _one_of_several(job: Job, machine: Machine, arguments: TrainingArguments, watch: Watch) -> OurTrainer:
    """The Trainer of this process, its model divided where the job allows it."""
    from tunewright.stages.train.distributed.sharding import divide
    from tunewright.stages.train.loop.distributed_trainer import Shares, TeamTrainer
    from tunewright.stages.train.weights.divisible import make_divisible

    if job.again:
        make_divisible(job.model)
        divide(job.model, machine.device, team().size)
    shares = Shares(job, job.accumulation, team())
    return TeamTrainer(model=job.model, args=arguments, train_dataset=shares, callbacks=[watch])


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
