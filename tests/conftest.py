"""What every test shares: examples are drawn the same way each time, no test has a clock, tiny models are made once."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A random BERT that knows a few words."""
    from tests.stages.train.tiny import write_encoder

    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    """A random Llama over bytes whose chat template marks nothing."""
    from tests.stages.train.tiny import write_llama

    return write_llama(tmp_path_factory.mktemp("llama"))
