"""A classifier made without training: a tiny random encoder and a head of class centroids."""

import pytest
from tests.stages.evaluate.candidates import centroid_candidate
from tests.stages.train.tiny import labelled_corpus

from tunewright.core.candidate import Candidate
from tunewright.core.corpus import Corpus


@pytest.fixture(scope="session")
def desk() -> Corpus:
    """Tickets of three classes told apart by their words, 500 of them for the test."""
    return labelled_corpus(4000)


@pytest.fixture(scope="session")
def candidate(desk, tiny_encoder, tmp_path_factory) -> Candidate:
    """A candidate that is nearly always right."""
    return centroid_candidate(desk, tiny_encoder, tmp_path_factory.mktemp("candidate"))
