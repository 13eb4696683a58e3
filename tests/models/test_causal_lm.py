"""A model's answers are the ones that transformers' own greedy search gives, the same bits whoever else is asked."""

import math

import pytest
import torch
from tests.stages.train.tiny import Listener, write_llama

from tunewright.models.causal_lm import Generator
from tunewright.models.chat import Chat, answered, asked, messages_of

CHATS = [messages_of(text) for text in ("one plus two?", "", "a longer question, with a comma", "x" * 60)]


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return Generator.load(write_llama(tmp_path_factory.mktemp("llama")), device="cpu")


def ids_of(generator: Generator, limit: int) -> list[list[int]]:
    return [generator._greedy(asked(generator.tokenizer, chat), generator.stops(), limit) for chat in CHATS]


def test_each_token_is_transformers_own_greedy_choice(generator: Generator) -> None:
    for chat, ours in zip(CHATS, ids_of(generator, 24), strict=True):
        prompt = torch.tensor([asked(generator.tokenizer, chat)])
        theirs = generator.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=24,
            do_sample=False,
            eos_token_id=sorted(generator.stops()),
            pad_token_id=0,
        )[0, prompt.shape[1] :].tolist()
        assert ours == [token for token in theirs if token not in generator.stops()]
        assert ours


def test_an_answer_does_not_depend_on_who_else_is_asked(generator: Generator) -> None:
    together = generator.generate(CHATS, max_new_tokens=16)
    assert together == [generator.generate([chat], max_new_tokens=16)[0] for chat in CHATS]
    assert together[::-1] == generator.generate(CHATS[::-1], max_new_tokens=16)


def test_it_stops_at_the_token_that_the_template_puts_after_an_answer(generator: Generator, monkeypatch) -> None:
    first = ids_of(generator, 8)[0]
    assert generator.tokenizer.eos_token_id in generator.stops()
    monkeypatch.setattr(Generator, "stops", lambda self: {first[3]})
    assert ids_of(generator, 8)[0] == first[: first.index(first[3])]


def test_an_answer_ends_where_the_context_does(generator: Generator) -> None:
    long = messages_of("y" * 470)
    room = generator.model.config.max_position_embeddings - len(asked(generator.tokenizer, long))
    assert 0 < room < 64
    said = generator._greedy(asked(generator.tokenizer, long), set(), 64)
    assert len(said) == room


def test_likelihoods_are_the_models_own_and_a_chat_without_an_answer_has_none(generator: Generator) -> None:
    chat = answered(generator.tokenizer, messages_of("one plus two?", "three"))
    labels = torch.tensor([[one if trained else -100 for one, trained in zip(chat.ids, chat.trained, strict=True)]])
    with torch.inference_mode():
        loss = generator.model(input_ids=torch.tensor([chat.ids]), labels=labels).loss
    found, exact = generator.foretell([chat, Chat(chat.ids, [False] * len(chat.ids))])
    assert found[0] == pytest.approx(float(loss), rel=1e-5)
    assert math.isnan(found[1])
    assert exact.tolist() == [False, False]


def test_an_answer_that_greedy_writing_gives_is_known_from_one_pass(generator: Generator) -> None:
    prompt = asked(generator.tokenizer, CHATS[0])
    said = generator._greedy(prompt, generator.stops(), 6)
    chat = Chat(prompt + said, [False] * len(prompt) + [True] * len(said))
    other = Chat([*chat.ids[:-1], (chat.ids[-1] + 1) % 200], chat.trained)
    assert generator.foretell([chat, other])[1].tolist() == [True, False]


def test_work_on_answers_is_told_row_by_row(generator: Generator) -> None:
    listener = Listener()
    generator.generate(CHATS, max_new_tokens=2, progress=listener)
    assert listener.started == ["Answering"]
    assert listener.done == len(CHATS)
