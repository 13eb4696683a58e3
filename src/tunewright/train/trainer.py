"""One run of transformers' Trainer over our own batches: best weights kept, every kill survived to the last bit.

The Trainer owns optimizer, schedule, autocast, devices and random state. Ours are the batches (item i of its dataset
is the batch of step i), the loss, the validation, the history and the checkpoints; it logs and keeps nothing itself.
Only the recipes import this file, inside the function that trains.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253
from safetensors.torch import load_file, save_file  # noqa: TID253
from transformers import Trainer, TrainerCallback, TrainingArguments  # noqa: TID253
from transformers.trainer_callback import PrinterCallback, ProgressCallback  # noqa: TID253

from tunewright.core.candidate import CurvePoint
from tunewright.core.progress import Progress
from tunewright.evidence.cpu import return_memory
from tunewright.train.batches import in_parts
from tunewright.train.checkpoints import Checkpoints
from tunewright.train.clock import Clock
from tunewright.train.history import History
from tunewright.train.machine import Machine

WEIGHTS = "weights.safetensors"

Batch = dict[str, torch.Tensor]


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
        per_epoch: optimizer steps of one epoch; validation is at the end of each.
        learning_rate: its peak.
        groups: optimizer groups, each with its `params`, and `lr` or `weight_decay` where they differ.
        schedule: name of the schedule, as transformers names them.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: of matrices in groups that do not say otherwise.
        clip: largest norm of the gradient.
        patience: validations without a better one after which it ends; 0 never ends early.
        seed: random seed of what the Trainer draws.
        plan: digest of the plan.
        accumulation: parts a step is computed in, one after another, to need less memory.
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


@dataclass(frozen=True)
class Fitted:
    """How fitting went; the model holds the best weights."""

    curve: tuple[CurvePoint, ...]
    best_step: int
    stopped: str


def fit(
    job: Job, machine: Machine, work: Path, *, clock: Clock, progress: Progress, checkpoint_seconds: float
) -> Fitted:
    """Fit `job.model`, going on from the newest good checkpoint in `work`, and leave the best weights in it.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the step in hand is done and a checkpoint is written.
    """
    checkpoints = Checkpoints(work, job.plan, progress)
    history = History(job.per_epoch)
    found = checkpoints.newest()
    done = 0
    if found is not None:
        history.read(found)
        done = int(found.name.rpartition("-")[2])
        progress.say(f"Going on from step {done} of {job.steps}.")
    watch = _Watch(job, history, checkpoints, progress, clock, every=checkpoint_seconds)
    trainer = _trainer(job, machine, work, history, checkpoints, watch)
    progress.start("Training", job.steps, "steps")
    try:
        progress.advance(done)
        if not watch.over(done):
            with watch.listening(), _parallel(machine) as trainer.map_parts:
                trainer.train(resume_from_checkpoint=str(found) if found else None)
    finally:
        progress.finish()
    if watch.interrupted:
        raise KeyboardInterrupt
    # Autocast was wrapped around the model's forward; what is done with it from here on is in fp32.
    trainer.accelerator.unwrap_model(job.model, keep_fp32_wrapper=False)
    _load(job.model, checkpoints.at(history.best_step))
    stopped_early = history.curve[-1].step < job.steps
    return Fitted(
        curve=tuple(history.curve),
        best_step=history.best_step,
        stopped=(
            f"{job.metric} did not rise in {history.stale} validations"
            if stopped_early
            else f"all {job.steps} steps were taken"
        ),
    )


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Says after each step what comes next: validate, keep a checkpoint, stop."""

    def __init__(
        self,
        job: Job,
        history: History,
        checkpoints: Checkpoints,
        progress: Progress,
        clock: Clock,
        *,
        every: float,
    ) -> None:
        self._job, self._history, self._checkpoints = job, history, checkpoints
        self._progress, self._clock, self._every = progress, clock, every
        self._saved = time.monotonic()
        self.interrupted = False

    def over(self, step: int) -> bool:
        """Whether nothing is left to do after `step`."""
        patience = self._job.patience
        return step >= self._job.steps or bool(patience and self._history.stale >= patience)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Validate at the end of an epoch; keep a checkpoint then, when it is time, and before an interruption."""
        step = state.global_step
        validation = self._history.curve[-1].validation_metric if self._history.curve else None
        note = f"loss {self._history.last_loss:.3f}"
        self._progress.advance(1, f"{note}, {self._job.metric} {validation:.3f}" if validation else note)
        self._clock.tick()
        control.should_evaluate = step % self._job.per_epoch == 0 or step == self._job.steps
        due = time.monotonic() - self._saved >= self._every
        control.should_save = control.should_evaluate or due or self.interrupted
        if self.interrupted or step >= self._job.steps:
            control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop when validation has not become better for long enough."""
        if self.over(state.global_step):
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Remember when, and remove what is no longer needed."""
        self._saved = time.monotonic()
        self._checkpoints.trim(self._history.best_step)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within this block the first Ctrl-C lets the step in hand end; a second one ends it at once."""

        def note(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._progress.say("Stopping after this step and keeping a checkpoint; Ctrl-C again stops at once.")

        try:
            before = signal.signal(signal.SIGINT, note)
        except ValueError:  # only the main thread can listen; elsewhere Ctrl-C is somebody else's to handle
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@dataclass
class _Steps(torch.utils.data.Dataset[list[Batch]]):
    """The batches of a run as a dataset whose item i is the batch of step i, in parts of like length."""

    job: Job
    parts: int

    def __len__(self) -> int:
        return self.job.steps

    def __getitem__(self, step: int) -> list[Batch]:
        return [self.job.batch(rows, step) for rows in in_parts(self.job.rows(step), self.parts)]


class _Trainer(Trainer):  # type: ignore[misc]
    """The Trainer with our batches, loss, validation and checkpoints in its places for them."""

    job: Job
    history: History
    checkpoints: Checkpoints
    map_parts: Callable[..., Iterator[Any]]
    optimizer: Any
    control: Any
    _aside: Path

    def get_train_dataloader(self) -> Any:
        # A generator of its own: a loader without one draws its seed from the state that dropout uses.
        return torch.utils.data.DataLoader(
            self.train_dataset, batch_size=1, collate_fn=_only, generator=torch.Generator()
        )

    def training_step(self, model: Any, inputs: list[Batch], num_items_in_batch: Any = None) -> Any:
        """Gradients of one batch, its parts side by side, each on one thread, and added in their order.

        An operation on a few hundred tokens is too small to share between threads: they would wait for each other
        after each one, and for whatever else the machine does.
        """
        model.eval()  # dropout off: its random numbers would depend on which part comes first
        parts = [self._prepare_inputs(part) for part in inputs]
        sizes = [self.job.size(part) for part in parts]
        shares = [size / sum(sizes) for size in sizes]
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]

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

    def create_optimizer(self, model: Any = None) -> Any:
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(
                self.job.groups(), lr=self.job.learning_rate, weight_decay=self.job.weight_decay, fused=True
            )
        return self.optimizer

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        loss, metric = self.job.validate(self.model.eval())
        return_memory()
        self.history.validated(self.state.global_step, loss, metric)
        metrics = {"eval_loss": loss, f"eval_{self.job.metric}": metric}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        assert output_dir
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(_trained(self.model), folder / WEIGHTS)
        self.history.write(folder)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._aside)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with self.checkpoints.writing(self.state.global_step) as self._aside:
            super()._save_checkpoint(model, trial)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        _load(self.model, Path(resume_from_checkpoint))


def _trainer(
    job: Job, machine: Machine, work: Path, history: History, checkpoints: Checkpoints, watch: _Watch
) -> _Trainer:
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
        save_strategy="no",
        eval_strategy="no",
    )
    trainer = _Trainer(
        model=job.model,
        args=arguments,
        train_dataset=_Steps(job, parts_of(machine, job.accumulation)),
        callbacks=[watch],
    )
    for talker in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(talker)
    trainer.job, trainer.history, trainer.checkpoints = job, history, checkpoints
    return trainer


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


def _trained(model: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    return {
        name: parameter.detach().contiguous() for name, parameter in model.named_parameters() if parameter.requires_grad
    }


def _load(model: torch.nn.Module, folder: Path) -> None:
    kept = load_file(folder / WEIGHTS)
    own = dict(model.named_parameters())
    assert set(kept) == set(_trained(model)), "a checkpoint holds exactly the trained parameters"
    with torch.no_grad():
        for name, values in kept.items():
            own[name].copy_(values)


def _only(items: list[list[Batch]]) -> list[Batch]:
    return items[0]
