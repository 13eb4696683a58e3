"""The train stage at work: a plan carried out, once, whatever happens on the way."""

import inspect
import shutil
from pathlib import Path
from typing import Any

from tunewright.core.candidate import Candidate, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import file_digest
from tunewright.core.errors import UserError
from tunewright.core.files import publish_text
from tunewright.core.progress import SILENT, Progress
from tunewright.models.quiet_imports import unassisted
from tunewright.models.registry import find_base
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.plugins import METHODS
from tunewright.stages.train.runs import control, resolved_settings
from tunewright.stages.train.runs.checkpoints import FOLDER
from tunewright.stages.train.runs.fingerprint import RunFingerprint, fingerprint, fingerprint_mismatch
from tunewright.stages.train.runs.job_events import JobEvents, events_of, state_of
from tunewright.stages.train.runs.run_settings import RunSettings, locked
from tunewright.stages.train.settings import TrainSettings

#: Written when the model folder is whole, so that a kill after it does not train again.
RUN_FILE = "run.json"


def train(
    corpus: Corpus,
    plan: Plan,
    work: Path,
    *,
    settings: TrainSettings = TrainSettings(),  # noqa: B008 - frozen
    progress: Progress = SILENT,
    home: Path | None = None,
    origins: dict[str, str] | None = None,
    group: ProcessGroup = ALONE,
) -> Candidate:
    """The candidate that `plan` describes, its files in ``work/model``.

    A killed, interrupted or paused attempt goes on from its last good checkpoint in `work` and ends with the same bits.
    What it says of itself meanwhile is in ``work/events.jsonl``.

    Args:
        corpus: rows with their `split`.
        plan: method, options, base and labels.
        work: folder of this run; survives a kill.
        settings: how often checkpoints are written, who is told, and so on; the method is in the plan already.
        progress: hears steps, and what was decided or mended.
        home: folder of the trackers' own files; None is inside `work`.
        origins: where the settings came from, by key, for the record of settings; the rest are defaults.
        group: the processes that train together, of which this is the leader.

    Raises:
        KeyboardInterrupt: Ctrl-C or a pause.
        UserError: E-TRAIN-010 when `work` holds another run, E-TRAIN-018 (nobody to notify), and the method's own.
    """
    work.mkdir(parents=True, exist_ok=True)
    with locked(work, progress):
        method = METHODS.load(plan.method)
        _begin(corpus, plan, work, method.KIND, settings, progress)
        origin = resolved_settings.origin_in(origins or {})
        resolved_settings.write(work, resolved_settings.resolve(plan, settings, method.KIND, origin))
        run_settings = RunSettings(settings=settings, home=str(home or ""))
        run_settings.save(work)
        events = run_settings.events(work, progress)
        try:
            run = _run(corpus, plan, work, settings, progress, events, group)
        except BaseException as error:
            _forget_pause(work)
            _tell_end(events, error)
            raise
        return _candidate(plan, work, method.KIND, run)


def fit_plan(
    corpus: Corpus, plan: Plan, work: Path, settings: TrainSettings, progress: Progress, group: ProcessGroup
) -> Run:
    """The run of the plan's method in `work`, as this process of `group` has a part in it.

    Raises:
        UserError: E-LAUNCH-006 for a plugin's method that knows of no other processes, and the method's own.
        NonLeaderDone: in every process but the leader, at the end.
    """
    method = METHODS.load(plan.method)
    options = method.Options.model_validate(dict(plan.options))
    together: dict[str, Any] = {} if group.is_alone else {"group": group}
    if together and "group" not in inspect.signature(method.train).parameters:
        raise UserError(
            "E-LAUNCH-006",
            f"The method {plan.method} trains in one process only, and {group.size} were started.",
            why="Each of them would train by itself, and all would write the same files.",
            fix="Train without --on; or give the method's train() a parameter named group.",
        )
    with unassisted():
        run: Run = method.train(corpus, plan, options, work, progress, settings.checkpoint_seconds, **together)
    return run


def _run(
    corpus: Corpus,
    plan: Plan,
    work: Path,
    settings: TrainSettings,
    progress: Progress,
    events: JobEvents,
    group: ProcessGroup,
) -> Run:
    """The run that is finished in `work`, or that is gone on with now."""
    record = work / RUN_FILE
    if record.exists():
        run = Run.model_validate_json(record.read_text(encoding="utf-8"))
    else:
        events.state("validating_files", "Validating rows and base model.")
        run = fit_plan(corpus, plan, work, settings, progress, group)
        publish_text(record, run.model_dump_json(indent=2) + "\n")
    shutil.rmtree(work / FOLDER, ignore_errors=True)
    control.clear(work)
    if state_of(events_of(work)) != "succeeded":
        events.state(
            "succeeded",
            f"The job has successfully completed: {run.stopped}.",
            best_step=run.best_step,
            trained_tokens=run.trained_tokens,
        )
    return run


def _begin(corpus: Corpus, plan: Plan, work: Path, kind: str, settings: TrainSettings, progress: Progress) -> None:
    """Write what this run begins with, unless the folder holds another one."""
    base = find_base(plan.base, kind)
    now = fingerprint(plan, corpus.dataset.digest, base, settings.validate_every)
    before = RunFingerprint.load(work)
    finished = (work / RUN_FILE).exists()
    if before is not None and (finished or any((work / FOLDER).glob("checkpoint-*"))):
        differing = now.differences(before)
        if differing:
            state = "a finished run" if finished else "begun and not finished"
            raise fingerprint_mismatch(f"What {work} holds, {state},", differing)
        for line in now.updates(before):
            progress.say(f"Since this run began, {line}; it goes on, but its bits may differ from a run in one go.")
    now.save(work)
    _forget_pause(work)  # asked of an attempt that was killed before it could


def _forget_pause(work: Path) -> None:
    """Remove a request to pause; one to stop stays."""
    if control.requested(work) == "pause":
        control.clear(work)


def _tell_end(events: JobEvents, error: BaseException) -> None:
    """The state that an attempt ends in which did not end well."""
    if isinstance(error, KeyboardInterrupt):
        events.state("paused", "The job is paused; `tunewright run` goes on from its last checkpoint.")
        return
    events.failed(*((error.code, error.what) if isinstance(error, UserError) else (type(error).__name__, str(error))))


def _candidate(plan: Plan, work: Path, kind: Any, run: Run) -> Candidate:
    """The candidate whose model is in `work`, its files hashed."""
    model = work / Candidate.MODEL_FOLDER
    return Candidate(
        task=plan.task,
        kind=kind,
        run=run,
        labels=plan.labels,
        files={
            path.relative_to(model).as_posix(): file_digest(path) for path in sorted(model.rglob("*")) if path.is_file()
        },
    ).at(work)
