"""The trackers that a run's figures are mirrored to; one that fails is said and left alone, and the run goes on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.stages.train.plugins import TRACKERS

Log = Callable[[int, Mapping[str, float]], None]


@contextmanager
def open_trackers(
    chosen: Mapping[str, Mapping[str, Any]],
    *,
    run: str,
    home: Path,
    facts: Mapping[str, Any],
    done: int,
    progress: Progress,
) -> Iterator[Log]:
    """A function that hands the figures of a step to every chosen tracker.

    Raises:
        UserError: E-CFG-002 (no such tracker), E-ENV-001 (its package is missing), E-TRAIN-019.
    """
    texts = {name: str(value) for name, value in facts.items()}
    logs: dict[str, Log] = {}
    ends: dict[str, Callable[[str], None]] = {}

    def safely(name: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except UserError:
            raise
        except Exception as error:  # another program's fault is no fault of the run
            progress.say(f"The tracker {name} failed and is left out from here on: {type(error).__name__}: {error}")
            logs.pop(name, None)
            ends.pop(name, None)
            return None

    for name, chosen_options in chosen.items():
        module = TRACKERS.load(name)
        options = module.Options.model_validate(dict(chosen_options))
        tracker = safely(name, partial(module.track, run, home, texts, options, done=done))
        if tracker is not None:
            logs[name], ends[name] = tracker

    def log(step: int, figures: Mapping[str, float]) -> None:
        for name, log_to in list(logs.items()):
            safely(name, partial(log_to, step, figures))

    status = "failed"
    try:
        yield log
        status = "succeeded"
    except KeyboardInterrupt:
        status = "paused"
        raise
    finally:
        for name, end in list(ends.items()):
            safely(name, partial(end, status))
