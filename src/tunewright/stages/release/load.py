"""A release, verified and ready to answer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.gate import require_overrides_hold
from tunewright.core.progress import SILENT, Progress
from tunewright.core.release import Release
from tunewright.models.engine import Engine, GenerateRequest
from tunewright.models.registry import in_place_of, open_engine
from tunewright.models.template_fingerprint import TEMPLATE_FILE, loaded_differences
from tunewright.stages.release.manifest import RELEASE_FILE, verify

#: The columns that a release adds to texts: of one that labels, and of one that writes.
LABELLED = ("predicted_label", "confidence")
ANSWERED = ("predicted_answer",)


class LoadedRelease:
    """A release whose files are the ones that were made.

    Attributes:
        release: what it says of itself.
        engine: what answers for it.
    """

    def __init__(self, release: Release, engine: Engine) -> None:
        self.release = release
        self.engine = engine

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of :meth:`predict_frame`, the label or the answer first."""
        return LABELLED if self.release.task == "classify" else ANSWERED

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of, or the answer to, each text; what else is in the call does not change it."""
        return self.predict_frame(texts)[self.columns[0]].to_list()

    def predict_frame(self, texts: Sequence[str], *, progress: Progress = SILENT) -> pl.DataFrame:
        """`predicted_label` and `confidence` (0 to 1) of each text, or `predicted_answer`, in order.

        A model that writes is asked each text alone, as the user's one message, and gives its likeliest words (greedy).
        """
        if isinstance(texts, str):
            raise TypeError('predict takes a list of texts, such as ["my card is lost"], not one text')
        if self.columns == ANSWERED:
            written = self.engine.generate([GenerateRequest.of(text) for text in texts], progress=progress)
            answers = [generation.text for generation in written]
            return pl.DataFrame({ANSWERED[0]: pl.Series(answers, dtype=pl.String)})
        probabilities = self.engine.classify(list(texts), progress=progress).probabilities
        labels = pl.Series(self.release.labels, dtype=pl.String)
        return pl.DataFrame(
            {
                "predicted_label": labels.gather(probabilities.argmax(axis=1)),
                "confidence": pl.Series(probabilities.max(axis=1).astype(np.float64)),
            }
        )


def load(folder: str | Path, *, engine: str = "") -> LoadedRelease:
    """The release in `folder`, its files checked against its manifest first.

    Args:
        folder: the release.
        engine: an engine to answer in the place of the release's own, such as ``echo`` in a test; empty for its own.

    Raises:
        GateFailed: E-GATE-004 when a person's decision that let it through had a last day, and that is over.
        UserError: E-REL-002 (no release), E-REL-003 (changed), E-REL-007 (its tokenizer renders chats otherwise than in
            training), E-CFG-002 (no such engine).
    """
    path = Path(folder)
    release = read(path)
    require_overrides_hold(release.verdicts, what=f"The release {release.name}")
    if engine:
        return LoadedRelease(release, open_engine(in_place_of(engine, release.engine, release.labels)))
    require_template(path)
    return LoadedRelease(release, open_engine(release.engine))


def require_template(folder: Path) -> None:
    """Stop when the model of the release in `folder` would now be asked in another template than it was trained in.

    Raises:
        UserError: E-REL-007.
    """
    if not (folder / Candidate.MODEL_FOLDER / TEMPLATE_FILE).exists():
        return
    differences = loaded_differences(folder / Candidate.MODEL_FOLDER)
    if differences:
        raise UserError(
            "E-REL-007",
            f"The tokenizer of {folder.name} no longer renders chats as in training: {' '.join(differences)}",
            why="A model that is asked in another template than it was trained in answers worse.",
            fix="Install the versions of transformers and tokenizers that run.json names, or copy the release again.",
            exit_code=ExitCode.DENIED,
        )


def read(folder: Path) -> Release:
    """What the release in `folder` says of itself, its files checked first.

    Raises:
        UserError: E-REL-002 (no release), E-REL-003 (changed).
    """
    verify(folder)
    text = (folder / RELEASE_FILE).read_text(encoding="utf-8")
    return Release.model_validate_json(text).at(folder)
