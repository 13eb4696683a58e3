"""Training in a process of its own: its memory is given back when it ends, and its crash becomes an error.

The other process gets files, tells its progress line by line, and ends with a candidate or an error; the weights have
the same bits either way (docs/decisions/023).
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.corpus import Corpus
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.files import publish_text
from tunewright.core.progress import SILENT, Progress
from tunewright.stages.train.launch.interrupts import passed_on
from tunewright.stages.train.launch.launching import launched
from tunewright.stages.train.launch.relay import outcome, replay
from tunewright.stages.train.launch.worker import FILE, GRACE_S, ROWS, Handed
from tunewright.stages.train.runs.run_settings import Attempt
from tunewright.stages.train.settings import TrainSettings

FOLDER = "handed"
#: Ctrl-C lets the step in hand end, again ends at once, and once more does not ask.
PATIENCE = 2
#: How long a process that has said how it ended may take to be gone.
LEAVE_S = 30.0


def carry_out(
    corpus: Corpus,
    plan: Plan,
    work: Path,
    *,
    settings: TrainSettings = TrainSettings(),  # noqa: B008 - frozen
    progress: Progress = SILENT,
    home: Path | None = None,
    origins: Mapping[str, str] | None = None,
) -> Candidate:
    """The candidate that `plan` describes, made in another process unless ``settings.own_process`` is off.

    The rows are handed over and where evidence about them is kept; what they may be held against is for audits.

    Args:
        corpus: rows with their `split`.
        plan: what to carry out.
        work: folder of this run; survives a kill.
        settings: the section of the configuration.
        progress: hears steps, and what was decided or mended.
        home: folder of the trackers' own files.
        origins: where the settings came from, by key.

    Raises:
        KeyboardInterrupt: Ctrl-C or a pause.
        UserError: E-TRAIN-017 when the other process was killed or crashed, and those of the room.
    """
    shutil.rmtree(work / FOLDER, ignore_errors=True)  # of an attempt that was killed
    if not settings.own_process and not settings.launcher:
        from tunewright.stages.train.api import train

        return train(corpus, plan, work, settings=settings, progress=progress, home=home, origins=dict(origins or {}))
    handed = Handed(
        plan=plan,
        dataset=corpus.dataset,
        evidence=None if corpus.evidence is None else str(corpus.evidence.resolve()),
        work=str(work.resolve()),
        settings=settings,
        home=None if home is None else str(home.resolve()),
        origins=dict(origins or {}),
    )
    with _handed_over(corpus, handed, work) as folder:
        end = launched(folder, work, settings, progress) if settings.launcher else _followed(folder, work, progress)
    return outcome(end).at(work)


@contextmanager
def _handed_over(corpus: Corpus, handed: Handed, work: Path) -> Iterator[Path]:
    """A folder with what the other process reads, removed afterwards: the rows are the user's data."""
    folder = work / FOLDER
    folder.mkdir(parents=True)
    try:
        corpus.scan().collect().write_parquet(folder / ROWS)
        publish_text(folder / FILE, handed.model_dump_json(indent=1) + "\n")
        yield folder
    finally:
        shutil.rmtree(folder)


def _followed(folder: Path, work: Path, progress: Progress) -> Mapping[str, Any]:
    """How the process on `folder` ended, after telling `progress` what it told.

    Raises:
        UserError: E-TRAIN-017.
    """
    end: Mapping[str, Any] | None = None
    with _started(folder) as child, _passing_on(child) as asked:
        assert child.stdout
        for line in child.stdout:
            end = replay(line, progress) or end
        if end is None:
            child.wait()
    if end is not None:
        return end
    if asked():
        return {"interrupted": True}
    raise _without_a_word(child.returncode, work, progress)


@contextmanager
def _started(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The other process, which is gone when the block is over.

    It leads a session of its own, so that a terminal's Ctrl-C reaches it once, through us; and ``-P`` keeps the folder
    that we were called in from its import path.
    """
    child = subprocess.Popen(  # noqa: S603 - our own interpreter on our own module
        [sys.executable, "-P", "-m", "tunewright.stages.train.launch.worker", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
    )
    try:
        yield child
        _wait(child, LEAVE_S)
    finally:  # with an error of ours on the way it still runs, and hears by the end of its input that we left
        assert child.stdin and child.stdout
        child.stdin.close()
        child.stdout.close()
        _wait(child, GRACE_S)


def _wait(child: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _passing_on(child: "subprocess.Popen[bytes]") -> AbstractContextManager[Callable[[], bool]]:
    """Within this block Ctrl-C is the other process's to heed; tells whether there was one."""

    def tell(count: int) -> None:
        if count > PATIENCE:
            child.kill()
            return
        assert child.stdin
        with suppress(BrokenPipeError):  # it has ended already, and says how
            os.write(child.stdin.fileno(), b"c")

    return passed_on(tell)


def _without_a_word(code: int, work: Path, progress: Progress) -> UserError:
    """The error that the other process ended so, which is also written into the run's record in its place."""
    how = f"by signal {_name(-code)}" if code < 0 else f"with exit code {code}"
    error = UserError(
        "E-TRAIN-017",
        f"The training process ended without a word, {how}.",
        why="A kill that nobody sent is most often the system taking memory back. The last checkpoint is kept.",
        fix="Run again to go on from it; with less memory by a smaller batch or a larger accumulation.",
        exit_code=ExitCode.RETRYABLE,
    )
    Attempt.of(work).events(work, progress).failed(error.code, error.what)
    return error


def _name(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return str(number)
