"""Our n-grams and weights are scikit-learn's, and what is learned depends on the texts and on nothing else."""

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import corpus

from tunewright.similarity import text_features as module
from tunewright.similarity.text_features import TextFeatures, text_features

#: Signs of every width in UTF-8, spaces of several kinds, digits, marks, an underscore and what has no lowercase twin.
SIGNS = "aAbBcC ëÉßİΣςñ 0١٣_-.,'\t\n\u00a0\u2003\u200b\u0301日本語한글🙂𝒜Ωжщ"
WORDS = ("card", "refund", "Überweisung", "naïve", "日本", "a", "ab", "order_12", "don't", "🙂", "İstanbul")
TEXTS = st.lists(
    st.one_of(st.text(alphabet=SIGNS, max_size=40), st.text(max_size=20), st.sampled_from(WORDS)), min_size=2, max_size=12
)  # fmt: skip


def sentences(count: int, seed: int = 0) -> pl.Series:
    draw = random.Random(seed)
    return pl.Series([" ".join(draw.choices(WORDS, k=draw.randrange(1, 9))) for _ in range(count)])


def reference(texts: list[str], *, least: int = 1) -> list:
    """TF-IDF of characters and of words by scikit-learn, each with unit rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    parts = []
    for how in (
        {"analyzer": "char_wb", "ngram_range": (3, 5)},
        {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    ):
        made = TfidfVectorizer(sublinear_tf=True, min_df=least, dtype=np.float64, lowercase=False, **how)
        try:
            parts.append(made.fit_transform(texts))
        except ValueError:  # no text has a single n-gram of the kind
            parts.append(None)
    return parts


@given(TEXTS)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_terms_and_weights_are_those_of_scikit_learn(said: list[str]) -> None:
    lowered = module._lowered(pl.Series(said, dtype=pl.String))
    places, weights = module._vocabulary(lowered)
    ours = TextFeatures(places, weights, np.zeros((len(places), 1), np.float32)).sparse(lowered)
    theirs = [part for part in reference(lowered.to_list()) if part is not None]
    assert ours.shape[1] == sum(part.shape[1] for part in theirs)
    assert (
        np.diff(ours.indptr).tolist()
        == sum((np.diff(part.indptr) for part in theirs), np.zeros(len(said), int)).tolist()
    )
    expected = sum(((part @ part.T).toarray() / 2 for part in theirs), np.zeros((len(said), len(said))))
    assert np.allclose((ours @ ours.T).toarray(), expected, atol=1e-5), "each text against each other"


def test_rare_terms_are_left_out_of_many_texts() -> None:
    lowered = module._lowered(sentences(80).append(pl.Series(["unheardof"])))
    places, _ = module._vocabulary(lowered)
    assert len(places) == sum(part.shape[1] for part in reference(lowered.to_list(), least=2))


def test_of_too_many_terms_the_most_used_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TERMS", 3)
    kept, _ = module._vocabulary(pl.Series(["bb bb bb", "bb cc", "cc bb", "dd"]))
    monkeypatch.setattr(module, "MAX_TERMS", 100)
    every, _ = module._vocabulary(pl.Series(["bb bb bb", "bb cc", "cc bb"]))
    assert len(kept) == 6, "three of characters and three of words"
    assert set(kept.tolist()) <= set(every.tolist()), "a word said once is none of them"


def test_the_axes_are_those_of_a_truncated_svd() -> None:
    texts = sentences(300)
    model = TextFeatures.fit(texts)
    rows = model.sparse(module._lowered(texts)).toarray()
    _, spread, right = np.linalg.svd(rows, full_matrices=False)
    captured = np.linalg.norm(rows @ model.axes, axis=0)
    # The axes beyond the rank of so few words are nothing.
    assert np.allclose(model.axes[:, :10].T @ model.axes[:, :10], np.eye(10), atol=1e-3)
    assert np.allclose(captured[:10], spread[:10], rtol=1e-3)
    assert np.allclose(np.abs((right[:3] * model.axes[:, :3].T).sum(axis=1)), 1, atol=1e-2)


def test_vectors_have_length_one_or_are_zero() -> None:
    model = TextFeatures.fit(sentences(60))
    told = model.dense(pl.Series(["card refund", "", None, "!"]))
    assert np.allclose(np.linalg.norm(told, axis=1), [1, 0, 0, 0], atol=1e-5)


def test_neither_order_nor_batches_nor_threads_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sentences(500)
    order = np.random.default_rng(1).permutation(500)
    once = TextFeatures.fit(texts)
    vectors = once.dense(texts)
    monkeypatch.setattr(module, "BATCH", 37)
    for count in (1, 4):
        monkeypatch.setattr(module, "cores", lambda count=count: count)
        again = TextFeatures.fit(texts.gather(order))
        assert np.array_equal(again.axes, once.axes)
        assert np.array_equal(again.dense(texts.gather(order)), vectors[order])


def test_a_text_has_the_same_vector_alone() -> None:
    texts = sentences(100)
    model = TextFeatures.fit(texts)
    assert np.array_equal(model.dense(texts[7:8])[0], model.dense(texts)[7])


def test_a_column_s_vectors_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = corpus(["card refund late", None, "card again"], answers=["yes", "no", "maybe so"])
    first = text_features(world)
    assert first.shape[0] == 3
    monkeypatch.setattr(TextFeatures, "fit", classmethod(lambda *_a, **_k: pytest.fail("fitted twice")))
    assert text_features(world) is first


@pytest.mark.parametrize("texts", [[], [None], ["", ""], ["one"], ["!", "?"]])
def test_next_to_nothing_can_be_learned_from(texts: list[str | None]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    told = TextFeatures.fit(series).dense(series)
    assert len(told) == len(texts)
    assert np.isfinite(told).all()
