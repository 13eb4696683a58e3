"""Any text survives the tokenizer, and a chat looks the same to every reader of it."""

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starter.instructions import chats
from transformers import AutoTokenizer

from starter import data, shapes, tokenizer
from tunewright.models.chat import answered

SIZES = ("8m", "28m")
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is 2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": " and in\nwords? "},
    {"role": "assistant", "content": "four"},
]


@pytest.fixture(scope="module")
def fast():
    return AutoTokenizer.from_pretrained(shapes.folder("28m"))


@cache
def loaded():
    return data.load(shapes.folder("28m"))


@pytest.fixture(scope="module")
def bare():
    return loaded()


@pytest.mark.parametrize("size", SIZES)
def test_the_committed_tokenizer_has_8192_tokens_and_its_special_ones_first(size) -> None:
    found = data.load(shapes.folder(size))
    assert found.get_vocab_size() == 8192
    assert [found.token_to_id(one) for one in tokenizer.SPECIAL] == list(range(16))


@pytest.mark.parametrize("size", SIZES)
def test_the_committed_configuration_is_what_the_recipe_says(size) -> None:
    assert json.loads((shapes.folder(size) / "config.json").read_text()) == shapes.config(size)


def test_both_models_speak_with_one_tokenizer() -> None:
    one, other = (shapes.folder(size) for size in SIZES)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


# Written special tokens are read as such, as in every chat model; nothing else changes.
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: "<|" not in text))
def test_any_text_comes_back(text) -> None:
    bare = loaded()
    assert bare.decode(bare.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) == text


def test_every_byte_is_a_token(bare) -> None:
    from tokenizers import pre_tokenizers

    assert all(bare.token_to_id(letter) is not None for letter in pre_tokenizers.ByteLevel.alphabet())


def test_digits_stand_alone(bare) -> None:
    assert bare.encode("12345", add_special_tokens=False).tokens == list("12345")


def test_plain_transformers_load_it_with_its_roles(fast) -> None:
    assert (fast.bos_token, fast.eos_token, fast.pad_token) == ("<|begin|>", "<|end|>", "<|pad|>")
    assert (fast.bos_token_id, fast.eos_token_id, fast.pad_token_id) == (1, 2, 0)
    assert fast("Hello")["input_ids"][0] == 1
    assert fast.model_max_length == 1024


def test_the_template_marks_the_answers_and_the_token_that_stops_them(fast) -> None:
    coded = fast.apply_chat_template(CHAT, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    marked = [one for one, mask in zip(coded["input_ids"], coded["assistant_masks"], strict=True) if mask]
    assert fast.decode(marked) == "4<|end|>four<|end|>"


def test_another_role_is_refused(fast) -> None:
    from jinja2 import TemplateError

    with pytest.raises(TemplateError, match="not tool"):
        fast.apply_chat_template([{"role": "tool", "content": "x"}], tokenize=False)


def test_template_recipe_and_product_see_the_same_ids_and_the_same_answers(fast, bare) -> None:
    for chat in [*chats("template", 60), [(one["role"], one["content"]) for one in CHAT]]:
        messages = [{"role": role, "content": content} for role, content in chat]
        text = fast.apply_chat_template(messages, tokenize=False)
        assert text == tokenizer.rendered(chat)
        product = answered(fast, messages)
        ids = data.chat_tokens([chat], bare)[0]
        assert product.skipped == 0
        assert [one & 0x7FFF for one in ids] == product.ids == bare.encode(text, add_special_tokens=False).ids
        assert [one >= 0x8000 for one in ids] == product.trained


def test_the_same_texts_train_the_same_tokenizer(small_tokenizer, tmp_path) -> None:
    texts = [content for chat in chats("tokenizer", 400) for _, content in chat]
    tokenizer.save(tokenizer.train(texts, vocabulary=600), tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == (small_tokenizer / "tokenizer.json").read_bytes()
