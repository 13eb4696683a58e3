"""The door of the train room: a plan carried out, once, whatever happens on the way."""

import shutil
from pathlib import Path

from tunewright.core.candidate import Candidate, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import file_digest
from tunewright.core.files import publish_text
from tunewright.core.progress import SILENT, Progress
from tunewright.core.shelf import Shelf
from tunewright.train.checkpoints import FOLDER
from tunewright.train.settings import TrainSettings

METHODS = Shelf("tunewright.train.methods", "method", "train")
#: Written when the model folder is whole, so that a kill after it does not train again.
RUN_FILE = "run.json"


def train(
    corpus: Corpus,
    plan: Plan,
    work: Path,
    *,
    settings: TrainSettings = TrainSettings(),  # noqa: B008 - frozen
    progress: Progress = SILENT,
) -> Candidate:
    """The candidate that `plan` describes, its files in ``work/model``.

    A killed or interrupted attempt goes on from its last good checkpoint in `work` and ends with the same bits.

    Args:
        corpus: rows with their `split`.
        plan: method, options, base and labels.
        work: folder of this run; survives a kill.
        settings: how often checkpoints are written; the rest of it is in the plan already.
        progress: hears steps, and what was decided or mended.
    """
    work.mkdir(parents=True, exist_ok=True)
    method = METHODS.load(plan.method)
    done = work / RUN_FILE
    if done.exists():
        run = Run.model_validate_json(done.read_text(encoding="utf-8"))
    else:
        options = method.Options.model_validate(dict(plan.options))
        run = method.train(corpus, plan, options, work, progress, settings.checkpoint_seconds)
        publish_text(done, run.model_dump_json(indent=2) + "\n")
    shutil.rmtree(work / FOLDER, ignore_errors=True)
    model = work / Candidate.MODEL_FOLDER
    return Candidate(
        task=plan.task,
        kind=method.KIND,
        run=run,
        labels=plan.labels,
        files={
            path.relative_to(model).as_posix(): file_digest(path) for path in sorted(model.rglob("*")) if path.is_file()
        },
    ).at(work)
