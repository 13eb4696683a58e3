"""Training in a process of its own: its memory is given back when it ends, and its crash becomes an error.

The other process gets files, tells its progress line by line, and ends with a candidate or an error; the weights have
the same bits either way (docs/decisions/023).
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tunewright.core.candidate import Candidate, Plan
from tunewright.core.corpus import Corpus
from tunewright.core.progress import SILENT, Progress
from tunewright.stages.train.launch.relay import decode_result
from tunewright.stages.train.launch.running import launch
from tunewright.stages.train.launch.worker import ROWS, WorkerInput
from tunewright.stages.train.settings import TrainSettings

FOLDER = "handed"


def run_training(
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
        UserError: E-TRAIN-017 or E-LAUNCH-002 to 004 when a process was killed or crashed, and training's own.
    """
    shutil.rmtree(work / FOLDER, ignore_errors=True)  # of an attempt that was killed
    if not settings.own_process and not settings.launcher:
        from tunewright.stages.train.api import train

        return train(corpus, plan, work, settings=settings, progress=progress, home=home, origins=dict(origins or {}))
    worker_input = WorkerInput(
        plan=plan,
        dataset=corpus.dataset,
        evidence=None if corpus.evidence is None else str(corpus.evidence.resolve()),
        work=str(work.resolve()),
        settings=settings,
        home=None if home is None else str(home.resolve()),
        origins=dict(origins or {}),
    )
    with _handed_over(corpus, worker_input, work) as folder:
        result = launch(folder, work, settings, progress)
    return decode_result(result).at(work)


@contextmanager
def _handed_over(corpus: Corpus, worker_input: WorkerInput, work: Path) -> Iterator[Path]:
    """A folder with what the other process reads, removed afterwards: the rows are the user's data."""
    folder = work / FOLDER
    folder.mkdir(parents=True)
    try:
        corpus.scan().collect().write_parquet(folder / ROWS)
        worker_input.save(folder)
        yield folder
    finally:
        shutil.rmtree(folder)
