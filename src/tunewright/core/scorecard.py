"""How a candidate did on the test split, beside baselines that need no tuning."""

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import polars as pl
from pydantic import PrivateAttr

from tunewright.core.dataset import Task
from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import VALUE_FILE, Frozen
from tunewright.core.score import Score

Decision = Literal["ship", "do not ship", "do not fine-tune", "inconclusive"]


class SystemScores(Frozen):
    """One system's figures: the candidate, or a baseline."""

    system: str
    about: str
    scores: tuple[Score, ...]

    def score(self, metric: str) -> Score:
        """The figure called `metric`."""
        return next(score for score in self.scores if score.metric == metric)


class ClassScores(Frozen):
    """One class of the candidate: precision and recall with intervals."""

    label: str
    support: int
    predicted: int
    precision: Score
    recall: Score


class ConfusionPair(Frozen):
    """Rows of one class that were taken for another."""

    truth: str
    predicted: str
    rows: int


class Comparison(Frozen):
    """A paired comparison on the same rows: candidate minus the baseline."""

    baseline: str
    difference: Score
    wins: int
    losses: int
    ties: int


class Scorecard(Frozen):
    """Everything measured about one candidate on one suite.

    Row-by-row predictions are columns: `row`, `truth`, `predicted`, `confidence`, one column per baseline, and
    for classification `probabilities` (list of float32 in label order).

    Attributes:
        candidate: digest of the candidate; of the engine, where one was asked in a candidate's place.
        engine: the engine that was asked in a candidate's place, such as echo; None for the candidate's own. What it
            answered opens no gate and is not released.
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"latency"})

    task: Task
    candidate: str
    suite: str
    rows: int
    metric: str
    systems: tuple[SystemScores, ...]
    comparisons: tuple[Comparison, ...]
    classes: tuple[ClassScores, ...]
    confusions: tuple[ConfusionPair, ...]
    decision: Decision
    words: str
    predictions_digest: str
    latency: tuple[Score, ...] = ()
    engine: EngineRef | None = None
    _predictions: pl.DataFrame = PrivateAttr(default_factory=pl.DataFrame)

    def content(self) -> dict[str, Any]:
        """What the digest covers; a candidate's own engine is known by the candidate, as in older scorecards."""
        content = super().content()
        if self.engine is None:
            del content["engine"]
        return content

    @property
    def own(self) -> SystemScores:
        """The candidate's figures."""
        return self.systems[0]

    @property
    def best_baseline(self) -> SystemScores:
        """The baseline with the highest main metric."""
        return max(self.systems[1:], key=lambda system: system.score(self.metric).value)

    @property
    def predictions(self) -> pl.DataFrame:
        """Row-by-row predictions."""
        return self._predictions

    def with_predictions(self, frame: pl.DataFrame) -> Self:
        """This scorecard with its columns."""
        self._predictions = frame
        return self

    def write(self, folder: Path) -> None:
        """Keep the header as JSON and the predictions as Parquet."""
        super().write(folder)
        self._predictions.write_parquet(folder / "predictions.parquet")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The scorecard kept in `folder`, predictions included."""
        card = cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8"))
        return card.with_predictions(pl.read_parquet(folder / "predictions.parquet"))
