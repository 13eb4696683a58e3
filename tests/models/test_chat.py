"""The loss is taken on the answer and the token that stops it, whatever the template."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.train.tiny import CHATML, byte_tokenizer

from tunewright.core.errors import UserError
from tunewright.models.chat import answered, asked, messages_of, with_template

LLAMA2 = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
NO_STOP = (
    "{% for m in messages %}{{ m.role + '> ' + m.content + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant> ' }}{% endif %}"
)
SHOUTING = NO_STOP.replace("m.content", "m.content.upper()")


def chatml():
    tokenizer = byte_tokenizer(CHATML, eos_token="<|end|>", pad_token="<|end|>")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    return tokenizer


def trained_text(tokenizer, chat) -> str:
    return tokenizer.decode([one for one, trained in zip(chat.ids, chat.trained, strict=True) if trained])


def test_only_the_answer_and_its_stop_token_are_trained() -> None:
    tokenizer = chatml()
    chat = answered(tokenizer, messages_of("Where is my card?", "On its way."))
    assert trained_text(tokenizer, chat) == "On its way.<|end|>"
    assert tokenizer.decode(chat.ids).endswith("On its way.<|end|>\n")
    assert chat.trained[-1] is False  # the line break after the stop token


def test_the_prompt_has_the_ids_it_has_when_the_model_is_asked() -> None:
    tokenizer = chatml()
    prompt = asked(tokenizer, messages_of("Where is my card?"))
    chat = answered(tokenizer, messages_of("Where is my card?", "On its way."))
    assert chat.ids[: len(prompt)] == prompt
    assert not any(chat.trained[: len(prompt)])
    assert chat.trained[len(prompt)]


def test_an_answer_equal_to_its_prompt_is_not_mixed_up() -> None:
    tokenizer = chatml()
    chat = answered(tokenizer, messages_of("yes", "yes"))
    assert sum(chat.trained) == len("yes") + 1
    assert chat.trained.index(True) == len(asked(tokenizer, messages_of("yes")))


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_any_answer_is_trained_whole(answer: str) -> None:
    tokenizer = chatml()
    chat = answered(tokenizer, messages_of("q", answer))
    assert trained_text(tokenizer, chat) == answer + "<|end|>"


def test_a_template_that_strips_and_spaces_is_followed() -> None:
    tokenizer = byte_tokenizer(LLAMA2, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    chat = answered(tokenizer, messages_of("hi", "hello there\n"))
    # Its generation prompt ends before the space, so the space is the model's to write.
    assert trained_text(tokenizer, chat) == " hello there </s>"


def test_every_answer_of_a_chat_is_trained_but_those_of_weight_nought() -> None:
    tokenizer = chatml()
    chat = answered(
        tokenizer,
        [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "ONE", "weight": 0.0},
            {"role": "user", "content": "two"},
            {"role": "assistant", "content": "TWO", "weight": 1.0},
            {"role": "user", "content": "three"},
            {"role": "assistant", "content": "THREE", "weight": None},
        ],
    )
    assert trained_text(tokenizer, chat) == "TWO<|end|>THREE<|end|>"
    assert chat.skipped == 0


def test_a_template_without_a_stop_token_is_given_the_end_token() -> None:
    tokenizer = byte_tokenizer(NO_STOP, eos_token="</s>")
    chat = answered(tokenizer, messages_of("q", "because"))
    assert trained_text(tokenizer, chat) == "because</s>"
    with pytest.raises(UserError) as told:
        answered(byte_tokenizer(NO_STOP), messages_of("q", "because"))
    assert told.value.code == "E-TRAIN-008"


def test_a_template_that_changes_the_answer_is_refused() -> None:
    with pytest.raises(UserError) as told:
        answered(byte_tokenizer(SHOUTING, eos_token="</s>"), messages_of("q", "because"))
    assert told.value.code == "E-TRAIN-008"


def test_a_base_without_a_template_gets_a_plain_one() -> None:
    tokenizer = byte_tokenizer(None, eos_token="</s>")
    assert with_template(tokenizer) is True
    assert with_template(tokenizer) is False
    chat = answered(tokenizer, messages_of("q", "because"))
    assert trained_text(tokenizer, chat) == "because</s>"


def test_an_end_token_that_doubles_as_padding_is_still_trained() -> None:
    import numpy as np

    from tunewright.stages.train.data.decoder import padded

    tokenizer = chatml()
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    chats = [answered(tokenizer, messages_of("q", "a")), answered(tokenizer, messages_of("a longer one", "answer"))]
    labels = padded(chats, np.ones(2, dtype=np.float32))["labels"].numpy()
    assert [(row == tokenizer.eos_token_id).sum() for row in labels] == [1, 1]
    assert (labels[0, len(chats[0].ids) :] == -100).all()
