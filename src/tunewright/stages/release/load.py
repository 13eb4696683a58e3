"""A release, verified and ready to answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.gate import require_overrides_hold
from tunewright.core.progress import SILENT, Progress
from tunewright.core.release import Release
from tunewright.models.chat import messages_of
from tunewright.models.template_fingerprint import TEMPLATE_FILE, loaded_differences
from tunewright.stages.release.manifest import RELEASE_FILE, verify

if TYPE_CHECKING:
    from tunewright.models.causal_lm import Generator
    from tunewright.models.classifier import Predictor

#: The columns that a release adds to texts: of one that labels, and of one that writes.
LABELLED = ("predicted_label", "confidence")
ANSWERED = ("predicted_answer",)


class LoadedRelease:
    """A release whose files are the ones that were made.

    Attributes:
        release: what it says of itself.
    """

    def __init__(self, release: Release, model: "Predictor | Generator") -> None:
        self.release = release
        self._model = model

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of :meth:`predict_frame`, the label or the answer first."""
        return LABELLED if self.release.kind == "encoder" else ANSWERED

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of, or the answer to, each text; what else is in the call does not change it."""
        return self.predict_frame(texts)[self.columns[0]].to_list()

    def predict_frame(self, texts: Sequence[str], *, progress: Progress = SILENT) -> pl.DataFrame:
        """`predicted_label` and `confidence` (0 to 1) of each text, or `predicted_answer`, in order.

        A model that writes is asked each text alone, as the user's one message, and gives its likeliest words (greedy).
        """
        if isinstance(texts, str):
            raise TypeError('predict takes a list of texts, such as ["my card is lost"], not one text')
        from tunewright.models.causal_lm import Generator

        if isinstance(self._model, Generator):
            answers = self._model.generate([messages_of(text) for text in texts], progress=progress)
            return pl.DataFrame({ANSWERED[0]: pl.Series(answers, dtype=pl.String)})
        probabilities = self._model.predict(list(texts), progress=progress).probabilities
        labels = pl.Series(self.release.labels, dtype=pl.String)
        return pl.DataFrame(
            {
                "predicted_label": labels.gather(probabilities.argmax(axis=1)),
                "confidence": pl.Series(probabilities.max(axis=1).astype(np.float64)),
            }
        )


def load(folder: str | Path) -> LoadedRelease:
    """The release in `folder`, its files checked against its manifest first.

    Raises:
        GateFailed: E-GATE-004 when a person's decision that let it through had a last day, and that is over.
        UserError: E-REL-002 (no release), E-REL-003 (changed), E-REL-007 (its tokenizer renders chats otherwise than in
            training).
    """
    path = Path(folder)
    release = read(path)
    require_overrides_hold(release.verdicts, what=f"The release {release.name}")
    require_template(path)
    if release.kind == "decoder":
        from tunewright.models.causal_lm import Generator

        return LoadedRelease(release, Generator.load(path / Candidate.MODEL_FOLDER))
    from tunewright.models.classifier import Predictor

    return LoadedRelease(release, Predictor.load(path / Candidate.MODEL_FOLDER))


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
