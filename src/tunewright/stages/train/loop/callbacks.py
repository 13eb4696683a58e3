"""What comes after each training step: tell, validate, keep a checkpoint, pause, stop, or give up on a diverged run.

Only the trainer imports this file, inside the function that trains.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback  # noqa: TID253

from tunewright.core.progress import Progress
from tunewright.stages.train.loop.losses import StepLosses
from tunewright.stages.train.loop.requests import Requests
from tunewright.stages.train.loop.run_state import Listeners, RunState
from tunewright.stages.train.runs.fingerprint import RunFingerprint
from tunewright.stages.train.runs.job_events import NullEvents
from tunewright.stages.train.runs.run_settings import RunSettings, run_id
from tunewright.stages.train.runs.trackers import open_trackers
from tunewright.stages.train.settings import TrainSettings


class TrainingCallback(TrainerCallback):  # type: ignore[misc]
    """Says after each step what comes next.

    Args:
        run: the run.
        listeners: who hears of it.
        settings: when to validate, when a checkpoint is due, and when to give up.
        until: a step after which it pauses; None goes on to the end.
    """

    def __init__(self, run: RunState, listeners: Listeners, settings: TrainSettings, until: int | None) -> None:
        self._run, self._listeners = run, listeners
        self._checkpoint_seconds, self._until = settings.checkpoint_seconds, until
        self._validation_steps = validation_steps(run.job.per_epoch, settings.validate_every)
        self._saved_at = time.monotonic()
        self._pausing = False
        self._losses = StepLosses(run, listeners, settings.spike_patience)
        self.requests = Requests(run.work, run.job.group, listeners.progress)
        self.requests.agree(due=False)

    def is_finished(self, step: int) -> bool:
        """Whether nothing is left to do after `step`."""
        job, history = self._run.job, self._run.history
        if not history.stopped and history.curve and self.requests.requested() == "stop":
            history.stopped = f"stopped on request at step {step} of {job.steps}"
        patience = job.patience * len(self._validation_steps)  # an option counts epochs, the history validations
        return step >= job.steps or bool(history.stopped) or bool(patience and history.stale >= patience)

    def reached_pause_step(self, step: int) -> bool:
        """Whether `step` is where it was to pause."""
        return self._until is not None and step >= self._until

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell; validate when it is time; keep a checkpoint then, when it is due, and before an interruption."""
        step, job = state.global_step, self._run.job
        due = self.requests.agree(
            due=job.group.is_leader and time.monotonic() - self._saved_at >= self._checkpoint_seconds
        )
        self._losses.add(step)
        self._losses.flush(all_of_them=False)
        self._run.clock.tick()
        self._apply_control(step)
        stopping = bool(self._run.history.stopped)
        at_validation = (step - 1) % job.per_epoch + 1 in self._validation_steps
        control.should_evaluate = at_validation or step == job.steps or stopping
        pausing = self.requests.interrupted or self.reached_pause_step(step)
        control.should_save = control.should_evaluate or due or pausing
        if pausing or stopping or step >= job.steps:
            control.should_training_stop = True
        self._losses.flush(all_of_them=control.should_save)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell; stop when validation has not become better for long enough."""
        job, point = self._run.job, self._run.history.curve[-1]
        assert point.validation_loss is not None and point.validation_metric is not None
        figures = {"full_valid_loss": point.validation_loss, f"full_valid_{job.metric}": point.validation_metric}
        self._listeners.events.metrics(
            f"Step {point.step}/{job.steps}: full validation loss={point.validation_loss:.4f}",
            {"step": point.step, "total_steps": job.steps, **figures},
        )
        self._listeners.log(point.step, figures)
        if self.is_finished(state.global_step):
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Remember when, and remove what is no longer needed."""
        self._saved_at = time.monotonic()
        self._run.checkpoints.trim(self._run.history.best_step)

    def _apply_control(self, step: int) -> None:
        """Take up what was asked from another terminal, or by Ctrl-C, and say so once."""
        history, listeners = self._run.history, self._listeners
        request = self.requests.requested()
        if request == "stop" and not history.stopped:
            history.stopped = f"stopped on request at step {step} of {self._run.job.steps}"
            listeners.progress.say(f"Stopping at step {step} as asked; the best so far is kept.")
            listeners.events.say(f"Stopping at step {step} as asked; the best so far is kept.")
        if request == "pause" and not self.requests.interrupted:
            self.requests.pause()
            listeners.progress.say(f"Pausing at step {step} as asked and keeping a checkpoint.")
        if self.requests.interrupted and not self._pausing:
            self._pausing = True
            listeners.events.state("pausing", f"Pausing after step {step}.", step=step)


@contextmanager
def run_callback(
    run: RunState, *, done: int, progress: Progress, checkpoint_seconds: float, until: int | None = None
) -> Iterator[TrainingCallback]:
    """What comes after each step of `run` from step `done` on, its record and trackers open within this block.

    Args:
        run: the run.
        done: steps that are there already.
        progress: hears steps.
        checkpoint_seconds: seconds between checkpoints.
        until: a step after which it pauses; None goes on to the end.

    Raises:
        UserError: E-TRAIN-018 (nobody to notify), and of the trackers E-CFG-002, E-ENV-001 and E-TRAIN-019.
    """
    attempt, fingerprint = RunSettings.load(run.work), RunFingerprint.load(run.work)
    leads = run.job.group.is_leader
    events = attempt.events(run.work, progress) if leads else NullEvents(run.work)
    with open_trackers(
        attempt.settings.chosen_trackers if leads else {},
        run=run_id(run.work),
        home=Path(attempt.home) if attempt.home else run.work / "trackers",
        facts=fingerprint.facts if fingerprint else {},
        done=done,
        progress=progress,
    ) as log:
        gone_on = f", going on from step {done}" if done else ""
        events.state("running", f"Fine-tuning job started: {run.job.steps} steps{gone_on}.", step=done)
        settings = attempt.settings.model_copy(update={"checkpoint_seconds": checkpoint_seconds})
        callback = TrainingCallback(run, Listeners(progress, events, log), settings, until)
        progress.start("Training", run.job.steps, "steps")
        try:
            progress.advance(done)
            yield callback
        finally:
            progress.finish()


def validation_steps(per_epoch: int, share: float) -> frozenset[int]:
    """The steps of an epoch, from 1, after which there is a validation: each `share` of it, the last among them."""
    times = min(max(round(1 / share), 1), per_epoch)
    return frozenset(round(per_epoch * number / times) for number in range(1, times + 1))
