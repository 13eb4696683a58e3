"""A release, verified and ready to answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tunewright.core.candidate import Candidate
from tunewright.core.errors import UserError
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.release.manifest import verify


class LoadedRelease:
    """A release whose files are the ones that were made.

    Attributes:
        release: what it says of itself.
    """

    def __init__(self, release: Release, predictor: Any) -> None:
        self.release = release
        self._predictor = predictor

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of each text; what else is in the call does not change it."""
        return self.predict_frame(texts)["predicted_label"].to_list()

    def predict_frame(self, texts: Sequence[str]) -> pl.DataFrame:
        """`predicted_label` and `confidence` (0 to 1) of each text."""
        probabilities = self._predictor.predict(list(texts)).probabilities
        labels = pl.Series(self.release.labels)
        return pl.DataFrame(
            {
                "predicted_label": labels.gather(probabilities.argmax(axis=1)),
                "confidence": pl.Series(probabilities.max(axis=1).astype(np.float64)),
            }
        )


def load(folder: str | Path) -> LoadedRelease:
    """The release in `folder`, its files checked against its manifest first.

    Raises:
        UserError: E-REL-002 (no release), E-REL-003 (changed), E-REL-004 (it does not label).
    """
    from tunewright.evidence.predictor import Predictor

    path = Path(folder)
    verify(path)
    release = Release.read(path)
    if release.kind != "encoder":
        raise UserError(
            "E-REL-004",
            f"{release.name} writes answers; it has no labels to predict.",
            fix="Load its model/ folder with transformers, or serve it with an engine.",
        )
    return LoadedRelease(release, Predictor.load(path / Candidate.MODEL_FOLDER))


def answers(folder: Path, scorecard: Scorecard, texts: list[str]) -> npt.NDArray[np.bool_]:
    """For each test row, whether the model in `folder` gives the bits that `scorecard` recorded."""
    predictions = scorecard.predictions
    if scorecard.task == "classify":
        from tunewright.evidence.predictor import Predictor

        found = Predictor.load(folder / Candidate.MODEL_FOLDER).predict(texts).probabilities
        width = found.shape[1]
        seen = predictions["probabilities"].list.to_array(width).to_numpy()
        return np.asarray((found == seen).all(axis=1))
    from tunewright.evidence.chat import answered, messages_of
    from tunewright.evidence.generator import Generator

    model = Generator.load(folder / Candidate.MODEL_FOLDER)
    pairs = zip(texts, predictions["truth"], strict=True)
    nats = model.score([answered(model.tokenizer, messages_of(prompt, answer)) for prompt, answer in pairs])
    return np.asarray(nats == predictions["nats"].to_numpy())
