"""A candidate becomes a bundle: weights, labels, scorecard, card, digests, and proof that it answers as evaluated."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tunewright.core.candidate import Candidate
from tunewright.core.digest import digest
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.files import sync_tree
from tunewright.core.progress import SILENT, Progress
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.core.verdict import Verdict
from tunewright.release.card import model_card
from tunewright.release.manifest import write_manifest
from tunewright.release.settings import ReleaseSettings


def release(
    candidate: Candidate,
    scorecard: Scorecard,
    verdicts: tuple[Verdict, ...],
    data: Mapping[str, str],
    texts: list[str],
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
        texts: the test texts in the order of the scorecard's predictions, for the proof.
        name: the project's name.
        folder: where releases lie.
        settings: what the card says.
        progress: where the proof reports.

    Raises:
        UserError: E-REL-001 when the packaged model gives other bits than evaluation saw; nothing is left behind.
    """
    identity = digest([candidate.digest, scorecard.digest, [v.content() for v in verdicts], dict(data)])
    made = Release(
        name=f"{name}-{identity[7:15]}",
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
    target = folder / made.name
    if target.exists():  # the same candidate, scorecard, verdicts and data: the very same bundle
        return Release.read(target)
    aside = folder / f".{made.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        _fill(aside, made, candidate, scorecard, settings)
        _prove(aside, scorecard, texts, progress)
        write_manifest(aside)
        sync_tree(aside)
        aside.replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return made.at(target)


def _fill(aside: Path, made: Release, candidate: Candidate, scorecard: Scorecard, settings: ReleaseSettings) -> None:
    shutil.copytree(candidate.folder, aside / Candidate.MODEL_FOLDER)
    made.write(aside)
    labels = {str(index): label for index, label in enumerate(candidate.labels)}
    texts = {
        "labels.json": json.dumps(labels, indent=1, ensure_ascii=False) + "\n",
        "scorecard.json": scorecard.model_dump_json(indent=1) + "\n",
        "run.json": candidate.run.model_dump_json(indent=1) + "\n",
        "README.md": model_card(made, candidate, scorecard, settings),
    }
    for file, text in texts.items():
        (aside / file).write_text(text, encoding="utf-8")


def _prove(aside: Path, scorecard: Scorecard, texts: list[str], progress: Progress) -> None:
    """Load what was packaged and compare its answers with those that were evaluated, bit for bit."""
    from tunewright.release.load import answers

    predictions = scorecard.predictions
    assert len(texts) == predictions.height
    progress.start("prove the release", predictions.height, "rows")
    same = answers(aside, scorecard, texts)
    progress.finish()
    if not bool(np.all(same)):
        wrong = int((~same).sum())
        raise UserError(
            "E-REL-001",
            f"The packaged model answers {wrong:,} of {len(same):,} test rows with other bits than measured.",
            why="A release must be what was measured.",
            fix="Release on the machine that evaluated, or run `tunewright evaluate` again on this one.",
            exit_code=ExitCode.GATE_FAILED,
        )
