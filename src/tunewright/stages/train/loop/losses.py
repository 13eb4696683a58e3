"""The losses of a run's steps: read when they have arrived, told, and held against what is usual.

Only the trainer imports this file, inside the function that trains.
"""

import math
from typing import Any

import torch  # noqa: TID253

from tunewright.core.errors import UserError
from tunewright.stages.train.loop.job import Job
from tunewright.stages.train.loop.run_state import Listeners, RunState
from tunewright.stages.train.runs.history import History

ROWS_NAMED = 16
#: Spikes in a row are said once, and again each so many.
SAID_EVERY = 10


class StepLosses:
    """Losses and gradient norms of the steps that were taken and not read yet.

    Args:
        run: the run.
        listeners: told of each step.
        spike_patience: spikes in a row that end the run; 0 never ends it.
    """

    def __init__(self, run: RunState, listeners: Listeners, spike_patience: int) -> None:
        self._job, self._history, self._listeners = run.job, run.history, listeners
        self._spike_patience = spike_patience
        #: Steps that were taken and not read yet, each with its loss and the norm of its gradient.
        self._unread: list[tuple[int, Any, Any]] = []

    def add(self, step: int) -> None:
        """Take in the loss and norm that the history has of `step`, without waiting for them."""
        self._unread.append((step, pending(self._history.loss), pending(self._history.norm)))

    def flush(self, *, all_of_them: bool) -> None:
        """Read what steps found, tell it and judge it: before anything is kept or decided, of all of them.

        Otherwise a GPU keeps its last step to itself, for it would have nothing to do while it is asked and the next
        step is prepared: one step later it has long begun the next. The optimizer has skipped a bad step by itself.

        Raises:
            UserError: E-TRAIN-015 (no number), E-TRAIN-016 (diverged).
        """
        while self._unread:
            step, pending_loss, norm = self._unread[0]
            if len(self._unread) == 1 and getattr(pending_loss, "is_cuda", False) and not all_of_them:
                return
            del self._unread[0]
            loss = float(pending_loss)
            require_finite("loss", loss, self._job, step - 1)
            require_finite("gradient", norm, self._job, step - 1)
            self._tell(step, loss)
            self._check_divergence(step, loss)

    def _tell(self, step: int, loss: float) -> None:
        """Let all listeners hear of a step."""
        metric = self._history.curve[-1].validation_metric if self._history.curve else None
        note = f"loss {loss:.3f}"
        self._listeners.progress.advance(1, f"{note}, {self._job.metric} {metric:.3f}" if metric else note)
        self._listeners.events.metrics(
            f"Step {step}/{self._job.steps}: training loss={loss:.4f}",
            {"step": step, "total_steps": self._job.steps, "train_loss": loss},
        )
        self._listeners.log(step, {"train_loss": loss})

    def _check_divergence(self, step: int, loss: float) -> None:
        """Hold the loss against the ones before it.

        Raises:
            UserError: E-TRAIN-016 after too many spikes in a row.
        """
        bar = self._history.spikes.add(loss)
        count, patience = self._history.spikes.count, self._spike_patience
        if bar is None:
            return
        if count % SAID_EVERY == 1:
            line = f"The loss of step {step} is a spike: {loss:.3f}, and below {bar:.3f} is usual ({count} in a row)."
            self._listeners.progress.say(line)
            self._listeners.events.say(line, "warn", step=step, train_loss=loss)
        if patience and count >= patience:
            raise UserError(
                "E-TRAIN-016",
                f"Training has diverged: the loss was a spike in {count} steps in a row, up to step {step} "
                f"({loss:.3f}; below {bar:.3f} is usual).",
                why=f"What is learned from here on is lost. {_best_in_words(self._history)}",
                fix="Lower learning_rate or raise warmup; or end with the best so far: `tunewright runs stop`, then "
                "`tunewright run`. train.spike_size and train.spike_patience say what counts.",
            )


class PendingScalar:
    """A number on its way from a GPU; who reads it waits for it, and for nothing that the GPU was asked to do later."""

    #: As of the tensor that it stands for: a GPU's numbers are heard of one step later.
    is_cuda = True

    def __init__(self, value: torch.Tensor) -> None:
        self._on_cpu = torch.empty_like(value, device="cpu", pin_memory=True)
        self._on_cpu.copy_(value, non_blocking=True)
        self._copied: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._copied.record()

    def __float__(self) -> float:
        self._copied.synchronize()
        return float(self._on_cpu)


def pending(value: Any) -> Any:
    """`value`, a tensor or a number, so that it can be read later without waiting for more than itself."""
    on_gpu = isinstance(value, torch.Tensor) and value.is_cuda
    return PendingScalar(value.detach()) if on_gpu else value


def require_finite(what: str, value: Any, job: Job, step: int) -> None:
    """Stop before a number that is none reaches the weights; `step` counts from 0.

    Raises:
        UserError: E-TRAIN-015, naming the step and its rows.
    """
    if math.isfinite(float(value)):
        return
    rows = job.named(job.rows(min(step, job.steps - 1))).tolist()
    named = ", ".join(map(str, rows[:ROWS_NAMED])) + (" …" if len(rows) > ROWS_NAMED else "")
    raise UserError(
        "E-TRAIN-015",
        f"The {what} of step {step + 1} is {float(value)}; its rows are {named}.",
        why="One such step would turn every weight into no number. It was not taken, and what was kept is sound.",
        fix="Look at those rows; lower learning_rate, raise warmup, or train in fp32 where it was bf16 or fp16.",
    )


def _best_in_words(history: History) -> str:
    """Whether there is a best checkpoint, as a sentence."""
    return f"The best checkpoint, of step {history.best_step}, is kept." if history.best_step else "None was kept yet."
