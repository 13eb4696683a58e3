"""A candidate becomes a bundle: weights, labels, scorecard, card, digests, and proof that it answers as evaluated."""

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.files import sync, sync_tree
from tunewright.core.gate import Verdict
from tunewright.core.progress import SILENT, Progress
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.models.registry import open_engine
from tunewright.stages.release.card import model_card
from tunewright.stages.release.load import read, require_template
from tunewright.stages.release.manifest import RELEASE_FILE, write_manifest
from tunewright.stages.release.parity import same_bits
from tunewright.stages.release.settings import ReleaseSettings


def release(
    candidate: Candidate,
    scorecard: Scorecard,
    verdicts: tuple[Verdict, ...],
    data: Mapping[str, str],
    tested: Corpus,
    *,
    name: str,
    folder: Path,
    settings: ReleaseSettings,
    progress: Progress = SILENT,
) -> Release:
    """The bundle of `candidate` below `folder`, written aside and renamed when it is whole and proven.

    Args:
        candidate: what was trained.
        scorecard: how it did.
        verdicts: the gates it passed or was let through.
        data: digests of the data it came from, by stage.
        tested: the rows it was evaluated on, for the proof.
        name: the project's name.
        folder: where releases lie.
        settings: what the card says.
        progress: where the proof reports.

    Raises:
        UserError: E-REL-001 when the packaged model gives other bits than evaluation saw, E-REL-003 when a bundle of
            that name was changed since, E-REL-005 when it is another, E-REL-007 when its tokenizer renders chats
            otherwise than in training, E-REL-008 when another engine than the candidate's own was evaluated; what is
            there is never overwritten, and nothing is left behind.
    """
    _require_own(scorecard)
    description = _described(candidate, scorecard, verdicts, data, name, settings)
    target = folder / description.name
    if target.exists():
        return _present(target, description)
    aside = folder / f".{description.name}.part"
    shutil.rmtree(aside, ignore_errors=True)  # a killed run's; the step's lock keeps living ones apart
    aside.mkdir(parents=True)
    try:
        _fill(aside, description, candidate, scorecard, settings)
        _prove(aside, candidate, scorecard, tested, progress)
        write_manifest(aside)
        read(aside)
        require_template(aside)
        sync_tree(aside)
        aside.rename(target)
        sync(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return description.at(target)


def _described(
    candidate: Candidate,
    scorecard: Scorecard,
    verdicts: tuple[Verdict, ...],
    data: Mapping[str, str],
    name: str,
    settings: ReleaseSettings,
) -> Release:
    proof = [candidate.digest, scorecard.digest, [verdict.content() for verdict in verdicts], dict(data)]
    spelled = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "release"  # a folder's name, whatever the project's is
    return Release(
        name=f"{spelled}-{digest([*proof, settings.content()])[7:15]}",
        task=candidate.task,
        kind=candidate.kind,
        labels=candidate.labels,
        candidate=candidate.digest,
        scorecard=scorecard.digest,
        data=dict(data),
        verdicts=verdicts,
        weights=dict(candidate.files),
        parity_rows=scorecard.rows,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _require_own(scorecard: Scorecard) -> None:
    """Stop at a scorecard of answers that the candidate did not give."""
    if scorecard.engine is not None:
        raise UserError(
            "E-REL-008",
            f"The scorecard is of the engine {scorecard.engine.engine}, which answered in the candidate's place.",
            why="What it measured says nothing about the model that would be released.",
            fix="Run `tunewright evaluate` without --engine, and release what that measured.",
            exit_code=ExitCode.GATE_FAILED,
        )


def _present(target: Path, description: Release) -> Release:
    """The bundle that is there already, when it is this one."""
    there = read(target)
    if there.digest != description.digest:
        raise UserError(
            "E-REL-005",
            f"{target} holds another release ({there.digest[:19]}…) than this one ({description.digest[:19]}…).",
            why="A release that somebody may be using is never overwritten.",
            fix="Move that folder away, or give the project another name.",
        )
    return there


def _fill(
    aside: Path, description: Release, candidate: Candidate, scorecard: Scorecard, settings: ReleaseSettings
) -> None:
    shutil.copytree(candidate.folder, aside / Candidate.MODEL_FOLDER)
    labels = {str(index): label for index, label in enumerate(candidate.labels)}
    texts = {
        RELEASE_FILE: description.model_dump_json(indent=1) + "\n",
        "labels.json": json.dumps(labels, indent=1, ensure_ascii=False) + "\n",
        "scorecard.json": scorecard.model_dump_json(indent=1) + "\n",
        "run.json": candidate.run.model_dump_json(indent=1) + "\n",
        "README.md": model_card(description, candidate, scorecard, settings),
    }
    for file, text in texts.items():
        (aside / file).write_text(text, encoding="utf-8")


def _prove(aside: Path, candidate: Candidate, scorecard: Scorecard, tested: Corpus, progress: Progress) -> None:
    """Load what was packaged and compare its answers with those that were evaluated, bit for bit."""
    packaged = candidate.engine.model_copy(update={"folder": aside / Candidate.MODEL_FOLDER})
    with closing(open_engine(packaged)) as engine:
        same = same_bits(engine, scorecard, tested, progress)
    if len(same) != scorecard.rows or not same.all():
        raise UserError(
            "E-REL-001",
            f"The packaged model answers {scorecard.rows - int(same.sum()):,} of {scorecard.rows:,} test rows with "
            "other bits than measured.",
            why="A release must be what was measured.",
            fix="Release on the machine that evaluated, or run `tunewright evaluate` again on this one.",
            exit_code=ExitCode.GATE_FAILED,
        )
