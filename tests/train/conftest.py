"""Tiny random models, written once."""

from pathlib import Path

import pytest
from tests.train.tiny import write_encoder, write_llama


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A random BERT that knows a few words."""
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    """A random Llama over bytes whose chat template marks nothing."""
    return write_llama(tmp_path_factory.mktemp("llama"))
