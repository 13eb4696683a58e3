"""What comes after each training step: tell, validate, keep a checkpoint, pause, stop, or give up on a diverged run.

Only the trainer imports this file, inside the function that trains.
"""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253
from transformers import TrainerCallback  # noqa: TID253

from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import team
from tunewright.stages.train.runs import control as wishes
from tunewright.stages.train.runs.checkpoints import Checkpoints
from tunewright.stages.train.runs.clock import Clock
from tunewright.stages.train.runs.fingerprint import Begun
from tunewright.stages.train.runs.history import History
from tunewright.stages.train.runs.job_events import JobEvents, Unheard
from tunewright.stages.train.runs.run_settings import Attempt, run_id
from tunewright.stages.train.runs.trackers import Log, mirrored
from tunewright.stages.train.settings import TrainSettings

if TYPE_CHECKING:
    from tunewright.stages.train.loop.job import Job

ROWS_NAMED = 16
#: Spikes in a row are said once, and again each so many.
SAID_EVERY = 10


class Watch(TrainerCallback):  # type: ignore[misc]
    """Says after each step what comes next.

    Args:
        job: what is fitted.
        history: what the run has seen of itself.
        checkpoints: its checkpoints.
        work: its work folder.
        settings: when to validate, and when to give up.
        events: its record.
        log: mirrors of its figures.
        progress: hears steps.
        clock: its time.
        every: seconds between checkpoints.
        until: a step after which it pauses; None goes on to the end.
    """

    def __init__(
        self,
        job: "Job",
        history: History,
        checkpoints: Checkpoints,
        work: Path,
        *,
        settings: TrainSettings,
        events: JobEvents,
        log: Log,
        progress: Progress,
        clock: Clock,
        every: float,
        until: int | None,
    ) -> None:
        self._job, self._history, self._checkpoints, self._work = job, history, checkpoints, work
        self._settings, self._events, self._log = settings, events, log
        self._progress, self._clock, self._every = progress, clock, every
        self._places = validated_at(job.per_epoch, settings.validate_every)
        self._saved = time.monotonic()
        self._pausing = False
        self._until = until
        self._team = team()
        self._noted = self._pausing_here = False
        self._wish: wishes.Wish | None = None
        #: Steps that were taken and not heard of yet, each with its loss and the norm of its gradient.
        self._unheard: list[tuple[int, Any, Any]] = []
        self._agree()

    @property
    def interrupted(self) -> bool:
        """Whether the run pauses here: all processes know of it at the end of a step, one alone at once."""
        return self._pausing_here or (self._team.alone and self._noted)

    def over(self, step: int) -> bool:
        """Whether nothing is left to do after `step`."""
        history = self._history
        if not history.stopped and history.curve and self._asked() == "stop":
            history.stopped = f"stopped on request at step {step} of {self._job.steps}"
        patience = self._job.patience * len(self._places)  # an option counts epochs, the history validations
        return step >= self._job.steps or bool(history.stopped) or bool(patience and history.stale >= patience)

    def far_enough(self, step: int) -> bool:
        """Whether `step` is where it was to pause."""
        return self._until is not None and step >= self._until

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell; validate when it is time; keep a checkpoint then, when it is due, and before an interruption."""
        step = state.global_step
        due = self._agree()
        self._unheard.append((step, arriving(self._history.loss), arriving(self._history.norm)))
        self._hear(all_of_them=False)
        self._clock.tick()
        self._obey(step)
        stopping = bool(self._history.stopped)
        at_place = (step - 1) % self._job.per_epoch + 1 in self._places
        control.should_evaluate = at_place or step == self._job.steps or stopping
        pausing = self.interrupted or self.far_enough(step)
        control.should_save = control.should_evaluate or due or pausing
        if pausing or stopping or step >= self._job.steps:
            control.should_training_stop = True
        self._hear(all_of_them=control.should_save)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell; stop when validation has not become better for long enough."""
        point = self._history.curve[-1]
        assert point.validation_loss is not None and point.validation_metric is not None
        figures = {"full_valid_loss": point.validation_loss, f"full_valid_{self._job.metric}": point.validation_metric}
        self._events.metrics(
            f"Step {point.step}/{self._job.steps}: full validation loss={point.validation_loss:.4f}",
            {"step": point.step, "total_steps": self._job.steps, **figures},
        )
        self._log(point.step, figures)
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
            self._noted = True
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

    def _hear(self, *, all_of_them: bool) -> None:
        """Read what steps found, tell it and judge it: before anything is kept or decided, of all of them.

        Otherwise a GPU keeps its last step to itself, for it would have nothing to do while it is asked and the next
        step is prepared: one step later it has long begun the next. The optimizer has skipped a bad step by itself.

        Raises:
            UserError: E-TRAIN-015 (no number), E-TRAIN-016 (diverged).
        """
        while self._unheard:
            step, loss, norm = self._unheard[0]
            if len(self._unheard) == 1 and getattr(loss, "is_cuda", False) and not all_of_them:
                return
            del self._unheard[0]
            found = float(loss)
            require_finite("loss", found, self._job, step - 1)
            require_finite("gradient", norm, self._job, step - 1)
            self._tell(step, found)
            self._judge(step, found)

    def _agree(self) -> bool:
        """Whether a checkpoint is due; what was asked, and Ctrl-C, are the same in all processes from here on."""
        first = self._team.first
        due = first and time.monotonic() - self._saved >= self._every
        if self._team.alone:
            return due
        asked = wishes.asked(self._work) if first else None
        pause, stop, self._pausing_here, due = self._team.any(asked == "pause", asked == "stop", self._noted, due)
        self._wish = "pause" if pause else "stop" if stop else None
        return due

    def _asked(self) -> wishes.Wish | None:
        return wishes.asked(self._work) if self._team.alone else self._wish

    def _tell(self, step: int, loss: float) -> None:
        metric = self._history.curve[-1].validation_metric if self._history.curve else None
        note = f"loss {loss:.3f}"
        self._progress.advance(1, f"{note}, {self._job.metric} {metric:.3f}" if metric else note)
        self._events.metrics(
            f"Step {step}/{self._job.steps}: training loss={loss:.4f}",
            {"step": step, "total_steps": self._job.steps, "train_loss": loss},
        )
        self._log(step, {"train_loss": loss})

    def _judge(self, step: int, loss: float) -> None:
        """Hold the loss against the ones before it.

        Raises:
            UserError: E-TRAIN-016 after too many spikes in a row.
        """
        bar = self._history.watchdog.saw(loss)
        spikes, patience = self._history.watchdog.spikes, self._settings.spike_patience
        if bar is None:
            return
        if spikes % SAID_EVERY == 1:
            line = f"The loss of step {step} is a spike: {loss:.3f}, and below {bar:.3f} is usual ({spikes} in a row)."
            self._progress.say(line)
            self._events.say(line, "warn", step=step, train_loss=loss)
        if patience and spikes >= patience:
            raise UserError(
                "E-TRAIN-016",
                f"Training has diverged: the loss was a spike in {spikes} steps in a row, up to step {step} "
                f"({loss:.3f}; below {bar:.3f} is usual).",
                why=f"What is learned from here on is lost. {_best(self._history)}",
                fix="Lower learning_rate or raise warmup; or end with the best so far: `tunewright runs stop`, then "
                "`tunewright run`. train.spike_size and train.spike_patience say what counts.",
            )

    def _obey(self, step: int) -> None:
        """Note what was asked from another terminal, or by Ctrl-C."""
        asked = self._asked()
        if asked == "stop" and not self._history.stopped:
            self._history.stopped = f"stopped on request at step {step} of {self._job.steps}"
            self._progress.say(f"Stopping at step {step} as asked; the best so far is kept.")
            self._events.say(f"Stopping at step {step} as asked; the best so far is kept.")
        if asked == "pause" and not self.interrupted:
            self._pausing_here = True
            self._progress.say(f"Pausing at step {step} as asked and keeping a checkpoint.")
        if self.interrupted and not self._pausing:
            self._pausing = True
            self._events.state("pausing", f"Pausing after step {step}.", step=step)


class Arriving:
    """A number on its way from a GPU; who reads it waits for it, and for nothing that the GPU was asked to do later."""

    #: As of the tensor that it stands for: a GPU's numbers are heard of one step later.
    is_cuda = True

    def __init__(self, value: torch.Tensor) -> None:
        self._here = torch.empty_like(value, device="cpu", pin_memory=True)
        self._here.copy_(value, non_blocking=True)
        self._there: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._there.record()

    def __float__(self) -> float:
        self._there.synchronize()
        return float(self._here)


def arriving(value: Any) -> Any:
    """`value`, a tensor or a number, so that it can be read later without waiting for more than itself."""
    on_gpu = isinstance(value, torch.Tensor) and value.is_cuda
    return Arriving(value.detach()) if on_gpu else value


@contextmanager
def following(
    job: "Job",
    history: History,
    checkpoints: Checkpoints,
    work: Path,
    *,
    done: int,
    clock: Clock,
    progress: Progress,
    every: float,
    until: int | None = None,
) -> Iterator[Watch]:
    """Somebody who follows the run in `work` from step `done` on, in its record and mirrors."""
    attempt, begun = Attempt.of(work), Begun.kept(work)
    first = team().first
    events = attempt.events(work, progress) if first else Unheard(work)
    home = Path(attempt.home) if attempt.home else work / "trackers"
    facts = begun.facts if begun else {}
    with mirrored(
        attempt.settings.chosen_trackers if first else {},
        run=run_id(work),
        home=home,
        facts=facts,
        done=done,
        progress=progress,
    ) as log:
        gone_on = f", going on from step {done}" if done else ""
        events.state("running", f"Fine-tuning job started: {job.steps} steps{gone_on}.", step=done)
        watch = Watch(
            job, history, checkpoints, work, settings=attempt.settings, events=events, log=log,
            progress=progress, clock=clock, every=every, until=until,
        )  # fmt: skip
        progress.start("Training", job.steps, "steps")
        try:
            progress.advance(done)
            yield watch
        finally:
            progress.finish()


def validated_at(per_epoch: int, every: float) -> frozenset[int]:
    """The steps of an epoch, counted from 1, after which there is a validation: evenly spread, the last among them."""
    times = min(max(round(1 / every), 1), per_epoch)
    return frozenset(round(per_epoch * one / times) for one in range(1, times + 1))


def require_finite(what: str, value: Any, job: "Job", done: int) -> None:
    """Stop before a number that is none reaches the weights.

    Raises:
        UserError: E-TRAIN-015, naming the step and its rows.
    """
    if math.isfinite(float(value)):
        return
    rows = job.named(job.rows(min(done, job.steps - 1))).tolist()
    named = ", ".join(map(str, rows[:ROWS_NAMED])) + (" …" if len(rows) > ROWS_NAMED else "")
    raise UserError(
        "E-TRAIN-015",
        f"The {what} of step {done + 1} is {float(value)}; its rows are {named}.",
        why="One such step would turn every weight into no number. It was not taken, and what was kept is sound.",
        fix="Look at those rows; lower learning_rate, raise warmup, or train in fp32 where it was bf16 or fp16.",
    )


def _best(history: History) -> str:
    return f"The best checkpoint, of step {history.best_step}, is kept." if history.best_step else "None was kept yet."
