"""The baseline is a probability distribution, agrees with a count by hand, and beats unigrams."""

import numpy as np
import pytest
from starter.instructions import chats
from starter.kneser_ney import KneserNey, measured

from starter import data, score

VOCABULARY = 600


@pytest.fixture(scope="module")
def streams(small_tokenizer):
    bare = data.load(small_tokenizer)
    train, held = (
        data.packed(data.chat_tokens(list(chats(seed, count)), bare)) for seed, count in (("a", 600), ("b", 60))
    )
    return train, held, bare


@pytest.fixture(scope="module")
def model(streams):
    ids = streams[0] & data.ID
    return KneserNey.of(ids[ids != 0], VOCABULARY)


def test_probabilities_over_the_vocabulary_sum_to_one(model, streams) -> None:
    held = (streams[1] & data.ID).astype(np.int64)
    random = np.random.default_rng(0)
    contexts = [held[at : at + 4] for at in random.integers(0, 2_000, 10)]
    contexts += [random.integers(0, VOCABULARY, 4) for _ in range(5)]
    contexts += [np.array([-1, -1, -1, -1]), np.array([-1, -1, 5, 300]), held[:4] * 0 + 599]
    for context in contexts:
        chances = model.probabilities(np.tile(context, (VOCABULARY, 1)), np.arange(VOCABULARY))
        assert (chances > 0).all()
        assert chances.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_bigram_model_agrees_with_a_count_by_hand() -> None:
    # a b a b a c: after a stands b twice and c once. With no count of counts for it, the discount is that of the text.
    model = KneserNey.of(np.array([0, 1, 0, 1, 0, 2]), 3, order=2)
    unigrams, bigrams = model.levels
    assert bigrams.keys.tolist() == [0 * 3 + 1, 0 * 3 + 2, 1 * 3 + 0]
    # Two counts of 1 are none here: n1 = 1 (a c), n2 = 2 (a b, b a), so D1 = 1 - 2 · (1/5) · 2/1 = 0.2, D2 = base = 0.2.
    assert bigrams.share.tolist() == pytest.approx([(2 - 0.2) / 3, (1 - 0.2) / 3, (2 - 0.2) / 2])
    assert bigrams.rest.tolist() == pytest.approx([0.4 / 3, 0.2 / 2, 1.0])
    # Continuations: each of a, b, c stands after one kind of token; n1 = 3, nothing else, so the discount is 1.
    assert unigrams.rest.tolist() == pytest.approx([1.0])
    lower = unigrams.share + unigrams.rest * (1 / 3)
    assert model.probabilities(np.array([[0]]), np.array([1]))[0] == pytest.approx((2 - 0.2) / 3 + 0.4 / 3 * lower[1])


def test_five_grams_beat_unigrams_and_bigrams_on_new_text(streams, model) -> None:
    train, held, bare = streams
    ids = train & data.ID
    sizes = score.token_bytes(bare)
    found = {
        order: measured(KneserNey.of(ids[ids != 0], VOCABULARY, order), {"generated": held}, sizes)["generated"]
        for order in (1, 2)
    }
    five = measured(model, {"generated": held}, sizes)
    assert five["generated"]["nats_a_token"] < found[2]["nats_a_token"] - 0.5 < found[1]["nats_a_token"] - 1.5
    assert five["generated"]["perplexity"] == pytest.approx(np.exp(five["generated"]["nats_a_token"]))
    assert five["generated, answers"]["tokens"] == int(((data.blocks(held)[:, 1:] & data.FULL) > 0).sum())


def test_losses_are_the_same_in_one_piece_and_in_many(model, streams) -> None:
    ids = streams[1][:2_000] & data.ID
    np.testing.assert_allclose(model.losses(ids), model.losses(ids, chunk=100))


def test_bytes_of_the_tokens_add_up_to_the_text(streams) -> None:
    bare = streams[2]
    text = "Grüße, 5 € and naïve — “quoted”.\n"
    assert score.token_bytes(bare)[bare.encode(text, add_special_tokens=False).ids].sum() == len(text.encode())
