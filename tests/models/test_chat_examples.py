"""What a model is asked on a test row is what it was trained to answer."""

import polars as pl
import pytest
from tests.stages.train.tiny import CHATML, byte_tokenizer
from tests.worlds import corpus

from tunewright.models.chat import answered
from tunewright.models.chat_examples import Exchange, exchanges

TURNS = [
    {"role": "system", "content": "Be brief.", "weight": None},
    {"role": "user", "content": "hi", "weight": None},
    {"role": "assistant", "content": "hello", "weight": None},
    {"role": "user", "content": "card?", "weight": None},
    {"role": "assistant", "content": "blocked", "weight": None},
]


@pytest.fixture(scope="module")
def tokenizer():
    made = byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>")
    made.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    return made


def world() -> pl.DataFrame:
    return corpus(
        ["card?", "plain", "no answer", "blank", "elsewhere"],
        answers=["blocked", "yes", None, "  ", "x"],
        messages=[TURNS, None, None, None, None],
        split=["test", "test", "test", "test", "train"],
    )


def test_rows_with_an_answer_keep_the_turns_before_it() -> None:
    rows, found = exchanges(world(), "test")
    assert rows.to_list() == [0, 1]
    assert [turn["content"] for turn in found[0].asked] == ["Be brief.", "hi", "hello", "card?"]
    assert (found[0].answer, found[1].asked, found[1].answer) == (
        "blocked",
        ({"role": "user", "content": "plain"},),
        "yes",
    )


def test_only_the_last_answer_is_scored_and_its_ids_are_those_of_training(tokenizer) -> None:
    one = exchanges(world(), "test")[1][0]
    chat = one.chat(tokenizer)
    scored = [token for token, trained in zip(chat.ids, chat.trained, strict=True) if trained]
    assert tokenizer.decode(scored) == "blocked<|end|>"
    assert chat.ids == answered(tokenizer, [{k: t[k] for k in ("role", "content")} for t in TURNS]).ids


def test_shown_exchanges_stand_between_the_system_prompt_and_the_question() -> None:
    one = exchanges(world(), "test")[1][0]
    shown = Exchange(({"role": "system", "content": "other"}, {"role": "user", "content": "q"}), "a")
    assert [turn["content"] for turn in one.turns([shown])] == ["Be brief.", "q", "a", "hi", "hello", "card?"]
