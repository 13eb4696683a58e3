"""A model's answers are the ones that transformers' own greedy search gives, the same bits whoever else is asked."""

import math

import numpy as np
import pytest
import torch
from tests.stages.train.tiny import Listener, write_llama

from tunewright.models.causal_lm import CausalLM, _chosen
from tunewright.models.chat import Chat, answered, asked, messages_of
from tunewright.models.cpu import threads
from tunewright.models.engine import GenerateRequest, ScoreRequest

CHATS = [messages_of(text) for text in ("one plus two?", "", "a longer question, with a comma", "x" * 60)]
REQUESTS = [GenerateRequest(tuple(chat), max_tokens=16) for chat in CHATS]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CausalLM:
    return CausalLM.load(write_llama(tmp_path_factory.mktemp("llama")), device="cpu")


def written(model: CausalLM, prompt: list[int], stop_ids: set[int], limit: int) -> list[int]:
    """The greedy answer's tokens, as the model chooses them."""
    tokens = model._tokens(GenerateRequest((), max_tokens=limit), prompt, stop_ids, None)
    return [token for token in tokens if token is not None]


def ids_of(model: CausalLM, limit: int) -> list[list[int]]:
    return [written(model, asked(model.tokenizer, chat), model.stop_ids(), limit) for chat in CHATS]


def test_each_token_is_transformers_own_greedy_choice(model: CausalLM) -> None:
    for chat, ours in zip(CHATS, ids_of(model, 24), strict=True):
        prompt = torch.tensor([asked(model.tokenizer, chat)])
        theirs = model.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=24,
            do_sample=False,
            eos_token_id=sorted(model.stop_ids()),
            pad_token_id=0,
        )[0, prompt.shape[1] :].tolist()
        assert ours == [token for token in theirs if token not in model.stop_ids()]
        assert ours


def test_an_answer_does_not_depend_on_who_else_is_asked(model: CausalLM) -> None:
    together = model.generate(REQUESTS)
    assert together == [model.generate([request])[0] for request in REQUESTS]
    assert together[::-1] == model.generate(REQUESTS[::-1])


def test_it_stops_at_the_token_that_the_template_puts_after_an_answer(model: CausalLM, monkeypatch) -> None:
    first = ids_of(model, 8)[0]
    assert model.tokenizer.eos_token_id in model.stop_ids()
    monkeypatch.setattr(CausalLM, "stop_ids", lambda self: {first[3]})
    assert ids_of(model, 8)[0] == first[: first.index(first[3])]


def test_an_answer_ends_where_the_context_does(model: CausalLM) -> None:
    long = messages_of("y" * 470)
    room = model.model.config.max_position_embeddings - len(asked(model.tokenizer, long))
    assert 0 < room < 64
    prompt = asked(model.tokenizer, long)
    assert len(written(model, prompt, set(), 64)) == room


def test_likelihoods_are_the_models_own_and_a_chat_without_an_answer_has_none(model: CausalLM) -> None:
    chat = answered(model.tokenizer, messages_of("one plus two?", "three"))
    labels = torch.tensor([[one if trained else -100 for one, trained in zip(chat.ids, chat.trained, strict=True)]])
    with torch.inference_mode():
        loss = model.model(input_ids=torch.tensor([chat.ids]), labels=labels).loss
    found, exact = model.score_and_match([chat, Chat(chat.ids, [False] * len(chat.ids))])
    assert found[0] == pytest.approx(float(loss), rel=1e-5)
    assert math.isnan(found[1])
    assert exact.tolist() == [False, False]


def test_an_answer_that_greedy_writing_gives_is_known_from_one_pass(model: CausalLM) -> None:
    prompt = asked(model.tokenizer, CHATS[0])
    said = written(model, prompt, model.stop_ids(), 6)
    chat = Chat(prompt + said, [False] * len(prompt) + [True] * len(said))
    other = Chat([*chat.ids[:-1], (chat.ids[-1] + 1) % 200], chat.trained)
    assert model.score_and_match([chat, other])[1].tolist() == [True, False]


def test_work_on_answers_is_told_row_by_row(model: CausalLM) -> None:
    listener = Listener()
    model.generate([GenerateRequest(request.messages, max_tokens=2) for request in REQUESTS], progress=listener)
    assert listener.started == ["Answering"]
    assert listener.done == len(CHATS)


def test_a_score_is_the_mean_of_its_logprobs_and_has_the_bits_of_torchs_own_loss(model: CausalLM) -> None:
    (score,) = model.score([ScoreRequest(tuple(messages_of("one plus two?")), "three")])
    chat = answered(model.tokenizer, messages_of("one plus two?", "three"))
    places = [place for place, trained in enumerate(chat.trained) if trained]
    with torch.inference_mode(), threads(1):
        logits = model.model(input_ids=torch.tensor([chat.ids]), use_cache=False).logits[0, [p - 1 for p in places]]
        loss = torch.nn.functional.cross_entropy(logits.float(), torch.tensor(chat.ids)[places])
    assert score.nats == float(loss.double())
    assert score.tokens == len(places) == len("three") + 1, "the bytes of the answer and the token that ends it"
    assert score.nats == pytest.approx(-sum(score.logprobs) / score.tokens, rel=1e-6)


def test_earlier_answers_are_read_and_not_scored(model: CausalLM) -> None:
    before = (*messages_of("a", "b"), *messages_of("c"))
    assert model.score([ScoreRequest(before, "d")])[0].tokens == 2


def test_a_stop_text_that_spans_tokens_is_never_shown(model: CausalLM) -> None:
    """Each byte is a token here, so a stop text of four letters arrives in four pieces."""
    whole = model.generate(REQUESTS[:1])[0].text
    stop = whole[4:8]
    request = GenerateRequest(REQUESTS[0].messages, max_tokens=16, stop=(stop,))
    pieces = list(model.stream(request))
    assert "".join(piece.text for piece in pieces) == whole[: whole.index(stop)] == model.generate([request])[0].text
    assert pieces[-1].whole.finish_reason == "stop"
    assert len(pieces) > 1


def test_vectors_are_the_mean_of_the_last_hidden_states(model: CausalLM) -> None:
    vectors = model.embed(["one plus two?", "x" * 2000]).vectors
    ids = torch.tensor([model.tokenizer("one plus two?")["input_ids"]])
    with torch.inference_mode():
        hidden = model.model(input_ids=ids, output_hidden_states=True).hidden_states[-1][0].mean(0).numpy()
    assert np.allclose(vectors[0], hidden / np.linalg.norm(hidden), atol=1e-5)
    assert vectors.shape == (2, model.model.config.hidden_size)


def test_what_is_drawn_at_a_temperature_follows_the_models_own_odds(model: CausalLM) -> None:
    """Over 400 seeds the first token comes as often as the softmax says, to four standard errors."""
    prompt = asked(model.tokenizer, CHATS[0])
    with torch.inference_mode():
        odds = torch.softmax(model.model(input_ids=torch.tensor([prompt])).logits[0, -1].double() / 0.7, -1)
    likeliest = int(odds.argmax())
    requests = [GenerateRequest((), max_tokens=1, temperature=0.7, seed=seed) for seed in range(400)]
    drawn = [next(model._tokens(request, prompt, set(), None)) for request in requests]
    share = drawn.count(likeliest) / len(drawn)
    error = float((odds.max() * (1 - odds.max()) / len(drawn)).sqrt())
    assert abs(share - float(odds.max())) < 4 * error
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_higher_temperature_draws_the_likeliest_token_less_often(temperature: float) -> None:
    """Over 1,000 seeds as often as exp(2 / temperature) against two others of weight 1, to four standard errors."""
    logits = torch.tensor([0.0, 2.0, 0.0])
    odds = math.exp(2 / temperature) / (math.exp(2 / temperature) + 2)
    drawn = [_chosen(logits, temperature, torch.Generator().manual_seed(seed)) for seed in range(1000)]
    assert abs(drawn.count(1) / 1000 - odds) < 4 * math.sqrt(odds * (1 - odds) / 1000)
