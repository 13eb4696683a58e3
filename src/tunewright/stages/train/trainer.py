"""One run of transformers' Trainer over our own batches: best weights kept, every kill survived to the last bit.

The Trainer owns optimizer, schedule, autocast, devices and random state. Ours are the batches (item i of its dataset
is only the number i), the loss, the validation, the history and the checkpoints; it logs and keeps nothing itself.
What comes after each step, and who is told, is in ``watch.py``.
Only the recipes import this file, inside the function that trains.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from transformers import Trainer, TrainingArguments  # noqa: TID253
from transformers.trainer_callback import PrinterCallback, ProgressCallback  # noqa: TID253

from tunewright.core.candidate import CurvePoint
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.progress import Progress
from tunewright.models.cpu import return_memory
from tunewright.stages.train.data.batches import in_parts
from tunewright.stages.train.machine import Machine
from tunewright.stages.train.processes.distributed import Helped, team
from tunewright.stages.train.runs.attempt import Attempt
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.watch import Watch, following, require_finite
from tunewright.stages.train.runs.watchdog import Watchdog

WEIGHTS = "weights.safetensors"
PAUSED = "paused"

Batch = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What is to be fitted, and how.

    Attributes:
        model: the module; its parameters that require gradients are trained and kept.
        rows: the rows of step i, counted from 0, longest first.
        batch: the inputs of some rows at a step.
        loss: the mean loss of one batch, a scalar.
        size: what that mean is taken over: rows, or tokens.
        validate: validation loss and metric of the model as it is.
        metric: the metric's name.
        steps: optimizer steps in all.
        per_epoch: optimizer steps of one epoch; validation is at the end of each, or oftener.
        learning_rate: its peak.
        groups: optimizer groups, each with its `params`, and `lr` or `weight_decay` where they differ.
        schedule: name of the schedule, as transformers names them.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: of matrices in groups that do not say otherwise.
        clip: largest norm of the gradient.
        patience: epochs without a better validation after which it ends; 0 never ends early.
        seed: random seed of what the Trainer draws.
        plan: digest of the plan.
        accumulation: parts a step is computed in, one after another, to need less memory.
        precision: number format of the products, as a run records it.
        decisions: how it is computed, for a run's environment.
        named: the user's own numbers of some rows, for messages.
        again: the module anew, as before the first step. With it, several processes divide the model among them (its
            best weights end in a new one); without, each has it whole.
    """

    model: torch.nn.Module
    rows: Callable[[int], npt.NDArray[np.int64]]
    batch: Callable[[npt.NDArray[np.int64], int], Batch]
    loss: Callable[[Any, Batch], torch.Tensor]
    size: Callable[[Batch], int]
    validate: Callable[[Any], tuple[float, float]]
    metric: str
    steps: int
    per_epoch: int
    learning_rate: float
    groups: Callable[[], list[dict[str, Any]]]
    schedule: str
    warmup: float
    weight_decay: float
    clip: float
    patience: int
    seed: int
    plan: str
    accumulation: int = 1
    precision: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    named: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]] = lambda rows: rows
    again: Callable[[], torch.nn.Module] | None = None


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
        _load(model, checkpoints.at(last))
        return Fitted(curve=tuple(history.curve), best_step=history.best_step, stopped=PAUSED, model=model)
    _load(model, checkpoints.at(history.best_step))
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


@dataclass
class Steps(torch.utils.data.Dataset[list[int]]):
    """The steps of a run as a dataset of their numbers.

    The Trainer's loader would make batches between two steps, where a GPU waits for them.
    """

    job: Job
    parts: int

    def __len__(self) -> int:
        return self.job.steps

    def __getitem__(self, step: int) -> list[int]:
        return [step]

    def batch(self, step: int) -> list[Batch]:
        """The batch of a step, in parts of like length."""
        return [self.job.batch(rows, step) for rows in in_parts(self.job.rows(step), self.parts)]


class OurTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our batches, loss, validation and checkpoints in its places for them."""

    job: Job
    history: History
    checkpoints: Checkpoints
    map_parts: Callable[..., Iterator[Any]]
    say: Callable[[str], None]
    optimizer: Any
    control: Any
    #: The optimizer as PyTorch knows it; accelerate wraps the Trainer's own.
    adam: Any
    _aside: Path
    #: The batch of the next step, on its GPU.
    _ahead: list[Batch] | None = None

    @functools.cached_property
    def trained(self) -> list[torch.nn.Parameter]:
        """The parameters that are trained; a walk through thousands of modules, so once."""
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def get_train_dataloader(self) -> Any:
        """The steps, in their order."""
        # A generator of its own: a loader without one draws its seed from the state that dropout uses.
        return torch.utils.data.DataLoader(
            self.train_dataset, batch_size=1, collate_fn=_only, generator=torch.Generator()
        )

    def training_step(self, model: Any, inputs: list[int], num_items_in_batch: Any = None) -> Any:
        """Gradients of one step; where a GPU's memory does not hold them, in twice as many parts from here on.

        The weights have not moved yet, so the step is the same but for the order of its sums.
        """
        (step,) = inputs
        batch, self._ahead = self._ahead or self.train_dataset.batch(step), None
        while True:
            try:
                loss = self._gradients(model, batch)
            except torch.OutOfMemoryError as error:
                fault = str(error).split(". ", 1)[0]
            else:
                self._look_ahead(step + 1)
                return loss
            batch = self._in_smaller_parts(fault)

    def _look_ahead(self, step: int) -> None:
        """Make the batch of the next step while a GPU computes this one, and send it after."""
        if self.args.device.type == "cuda" and step < self.job.steps:
            self._ahead = [_sent(part, self.args.device) for part in self.train_dataset.batch(step)]

    def _in_smaller_parts(self, fault: str) -> list[Batch]:
        """The batch of the step in hand, in twice as many parts.

        Raises:
            UserError: E-TRAIN-024 when each part is one row already.
        """
        steps, step = self.train_dataset, self.state.global_step
        for parameter in self.model.parameters():
            parameter.grad = None
        torch.cuda.empty_cache()
        if steps.parts >= len(self.job.rows(step)):
            raise UserError(
                "E-TRAIN-024",
                f"Step {step + 1} does not fit into the GPU's memory, even one row at a time: {fault}.",
                why="The checkpoint before it is kept.",
                fix="Lower max_tokens, set memory: recompute, use method qlora, or end other programs on the GPU.",
                exit_code=ExitCode.RESOURCES,
            )
        steps.parts *= 2
        self.say(f"Step {step + 1} did not fit into the GPU's memory; steps are computed in {steps.parts} parts now.")
        batch: list[Batch] = steps.batch(step)
        return batch

    def _gradients(self, model: Any, inputs: list[Batch]) -> Any:
        """Gradients of one batch, its parts side by side, each on one thread, and added in their order.

        An operation on a few hundred tokens is too small to share between threads: they would wait for each other
        after each one, and for whatever else the machine does.
        """
        if model.training:
            model.eval()  # dropout off: its random numbers would depend on which part comes first
        parts = [self._prepare_inputs(part) for part in inputs]
        sizes = [self.job.size(part) for part in parts]
        shares = [size / sum(sizes) for size in sizes]
        trained = self.trained

        def gradients(part: Batch, share: float) -> tuple[Any, Any]:
            loss = self.job.loss(model, part) * share
            return loss.detach(), torch.autograd.grad(loss, trained)

        done = self.map_parts(gradients, parts, shares)
        loss, totals = next(done)
        for part, others in done:
            loss = loss + part
            for total, other in zip(totals, others, strict=True):
                total.add_(other)
        for parameter, total in zip(trained, totals, strict=True):
            parameter.grad = total
        self.history.saw(loss)
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        """The gradient's norm, after which the optimizer is told whether it may take the step.

        A loss or gradient that is no number must not reach the weights. To look at it here would keep a GPU waiting for
        all that comes until the next batch; the optimizer looks where the numbers are, and the watch after the step.
        """
        norm = torch.nn.utils.clip_grad_norm_(self.trained, self.job.clip)
        self.history.norm = norm
        loss = self.history.loss
        self.adam.found_inf = (~torch.isfinite(norm.detach() + loss.to(norm.device))).float()
        return norm

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: nobody reads it, and the Trainer walks the whole model for it in each step."""
        return 0

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW on the job's groups, once."""
        if self.optimizer is None:
            self.optimizer = self.adam = torch.optim.AdamW(
                self.job.groups(), lr=self.job.learning_rate, weight_decay=self.job.weight_decay, fused=True
            )
        return self.optimizer

    def validated(self) -> tuple[float, float]:
        """Validation loss and metric of the model as it is."""
        return self.job.validate(self.model.eval())

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validate and write it down."""
        loss, metric = self.validated()
        return_memory()
        require_finite("validation loss", loss, self.job, self.state.global_step - 1)
        self.history.validated(self.state.global_step, loss, metric)
        metrics = {"eval_loss": loss, f"eval_{self.job.metric}": metric}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what is trained, and the history."""
        assert output_dir
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(trained_of(self.model), folder / WEIGHTS)
        self.history.write(folder)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._aside)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with self.checkpoints.writing(self.state.global_step) as self._aside:
            super()._save_checkpoint(model, trial)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        _load(self.model, Path(resume_from_checkpoint))


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
    from tunewright.stages.train.processes.sharding import divide
    from tunewright.stages.train.processes.together import Shares, TeamTrainer

    if job.again:
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


def decayed(model: torch.nn.Module, names: Callable[[str], bool] = lambda _: True) -> list[dict[str, Any]]:
    """Optimizer groups of the trained parameters whose name `names` accepts: matrices decay, vectors do not."""
    trained = [parameter for name, parameter in model.named_parameters() if parameter.requires_grad and names(name)]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in trained if one.ndim > 1]},
        {"params": [one for one in trained if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def trained_of(model: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """The trained parameters by name; of a divided model, this process's part of them."""
    return {
        name: parameter.detach().contiguous() for name, parameter in model.named_parameters() if parameter.requires_grad
    }


def _load(model: torch.nn.Module, folder: Path) -> None:
    kept = load_file(folder / WEIGHTS)
    own = dict(model.named_parameters())
    assert set(kept) == set(trained_of(model)), "a checkpoint holds exactly the trained parameters"
    with torch.no_grad():
        for name, values in kept.items():
            own[name].copy_(values)


def _only(items: list[list[int]]) -> list[int]:
    return items[0]


def _sent(part: Batch, device: torch.device) -> Batch:
    """`part` on its way to a GPU; nothing waits until it has arrived."""
    return {
        name: values.pin_memory().to(device, non_blocking=True) if isinstance(values, torch.Tensor) else values
        for name, values in part.items()
    }
