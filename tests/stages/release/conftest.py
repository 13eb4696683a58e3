"""A candidate that was evaluated, and a way to release it into any folder."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.stages.evaluate.candidates import centroid_candidate
from tests.stages.train.tiny import labelled_corpus, write_encoder

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus
from tunewright.core.gate import Override, Verdict, judge
from tunewright.core.release import Release
from tunewright.core.scorecard import Scorecard
from tunewright.stages.evaluate.api import evaluate
from tunewright.stages.evaluate.settings import EvaluateSettings
from tunewright.stages.release.api import release
from tunewright.stages.release.settings import ReleaseSettings
from tunewright.stats.wilson import wilson_score

OVERRIDE = Override(who="m.weber", why="a pilot | <b>two</b>\nlines")


@dataclass(frozen=True)
class Made:
    """Everything a release is made of."""

    candidate: Candidate
    scorecard: Scorecard
    corpus: Corpus
    verdicts: tuple[Verdict, ...]

    def release(self, folder: Path, **given: object) -> Release:
        """The bundle below `folder`."""
        name = str(given.pop("name", "desk"))
        settings = ReleaseSettings(**given)
        return release(
            self.candidate,
            self.scorecard,
            self.verdicts,
            {"raw": "sha256:aa", "split": self.corpus.dataset.digest},
            self.corpus,
            name=name,
            folder=folder,
            settings=settings,
        )

    def but(self, **changes: object) -> "Made":
        """The same with something changed."""
        return replace(self, **changes)


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Made:
    """A tiny classifier with hostile label names, evaluated."""
    base = write_encoder(tmp_path_factory.mktemp("encoder"))
    corpus = labelled_corpus(600)
    candidate = centroid_candidate(corpus, base, tmp_path_factory.mktemp("candidate"))
    settings = EvaluateSettings(resamples=200, latency_calls=10)
    verdicts = (
        judge("audit.quality_score", ">= 85", wilson_score("quality_score", 97, 100, scale=100, unit="points")),
        judge("evaluate.gain", "> 0.9", wilson_score("gain", 1, 9), override=OVERRIDE),
    )
    return Made(candidate, evaluate(candidate, corpus, settings), corpus, verdicts)


@pytest.fixture
def bundle(made: Made, tmp_path: Path) -> Callable[[], Release]:
    """A fresh bundle that a test may damage."""
    return lambda: made.release(tmp_path / "releases")
