"""A tokenizer of 600 tokens and a toy model, trained once for all tests."""

from pathlib import Path

import pytest
from starter.instructions import chats

from starter import data, tokenizer


@pytest.fixture(scope="session", autouse=True)
def few_held_out_chats():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "HELD_OUT_CHATS", 250)
        yield


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    texts = (content for chat in chats("tokenizer", 400) for _, content in chat)
    tokenizer.save(tokenizer.train(texts, vocabulary=600), folder)
    return folder
