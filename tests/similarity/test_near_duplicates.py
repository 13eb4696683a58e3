"""Near-duplicates: what counts as one, and that nothing but the texts decides it."""

import random
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.digest import frame_digest
from tunewright.similarity.near_duplicate_options import NearDuplicateOptions
from tunewright.similarity.near_duplicates import cluster_batches, cluster_texts, slices

VOCABULARY = [f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tre") for b in ("ber", "dun", "fos", "ga") for c in "aeiou"]


def sentence(seed: int, words: int) -> str:
    return " ".join(random.Random(seed).choices(VOCABULARY, k=words))


def edited(text: str, seed: int) -> str:
    """`text` with one word replaced, dropped or added."""
    rng, words = random.Random(seed), text.split()
    at = rng.randrange(len(words))
    words[at : at + rng.randrange(2)] = [rng.choice(VOCABULARY)] * rng.randrange(2)
    return " ".join(words)


def norm(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def char_jaccard(left: str, right: str) -> float:
    one, two = ({text[i : i + 4] for i in range(len(text) - 3)} for text in (left, right))
    return len(one & two) / len(one | two)


def groups(found: pl.DataFrame, texts: list[str | None]) -> set[tuple[str, ...]]:
    """Clusters as sets of texts, blind to row numbers."""
    rows = found.group_by("cluster").agg("row")["row"].to_list()
    return {tuple(sorted(str(texts[row]) for row in members)) for members in rows}


def test_one_edit_in_twelve_words_is_found_and_an_unrelated_text_is_not() -> None:
    text = "I still have not received my new card please tell me when"
    found = cluster_texts(
        pl.Series([text, text.replace("still ", ""), "how do I close my account and get a refund of it"])
    )
    assert found["row"].to_list() == [0, 1]
    assert found["representative"].to_list() == [0, 0]
    assert found["jaccard"][1] == pytest.approx(char_jaccard(text.lower(), text.lower().replace("still ", "")))


def test_the_jaccard_is_exact() -> None:
    found = cluster_texts(pl.Series(["abcdefghij", "abcdefghik"]))
    assert found["jaccard"][1] == pytest.approx(6 / 8)


def test_a_long_text_is_compared_by_runs_of_three_words() -> None:
    words = [f"word{chr(97 + i // 10)}{chr(97 + i % 10)}" for i in range(60)]
    other = [*words[:30], "changed", *words[31:]]
    found = cluster_texts(pl.Series([" ".join(words), " ".join(other)]))
    assert found["jaccard"][1] == pytest.approx(55 / 61)


@pytest.mark.parametrize("words", [27, 30, 39, 40])
def test_texts_on_both_sides_of_the_border_of_forty_words_are_compared(words: int) -> None:
    long = [f"w{i}x" for i in range(42)]
    found = cluster_texts(pl.Series([" ".join(long[:words]), " ".join(long)]))
    assert found["jaccard"].to_list() == [1.0, pytest.approx((words - 2) / 40)]


@pytest.mark.parametrize("words", range(1, 7))
def test_short_texts_are_copies_only_of_themselves(words: int) -> None:
    short = [
        "yes",
        "no",
        "hi",
        "ok",
        "help",
        "help me",
        "call me now",
        "no card yet sorry",
        "where is my money",
        "a b c d e f",
    ]
    texts = [text for text in short if len(text.split()) <= words]
    assert cluster_texts(pl.Series(texts)).is_empty()
    twice = cluster_texts(pl.Series([*texts, *texts]))
    assert groups(twice, texts * 2) == {(text, text) for text in texts}


def test_null_empty_and_punctuation_are_in_no_cluster() -> None:
    texts = pl.Series([None, None, "", "", "?!", "...", "  ", "\u200b"], dtype=pl.String)
    assert cluster_texts(texts).is_empty()
    assert cluster_texts(texts.head(0)).is_empty()


def test_copies_that_differ_in_case_space_and_punctuation_are_exact() -> None:
    found = cluster_texts(pl.Series(["My card, is lost!", "my CARD is  lost", "something else entirely"]))
    assert found["first"].to_list() == [0, 0]
    assert found["jaccard"].to_list() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Üble Grüße aus Köln", "üble grüße, aus KÖLN!"),
        ("cafe\u0301 ferme\u0301", "caf\u00e9 ferm\u00e9"),
        ("ПРИВЕТ, мир", "привет мир"),
        ("पासवर्ड भूल गया", "पासवर्ड  भूल गया।"),
        ("don\u2019t stop", "don't stop"),
        ("pass\u200bword reset", "password reset"),
        ("注文が届きません。", "注文が届きません"),
    ],
)  # fmt: skip
def test_normalization_is_right_beyond_ascii(left: str, right: str) -> None:
    assert cluster_texts(pl.Series([left, right, "kabera"]))["first"].to_list() == [0, 0]


def test_marks_that_change_a_word_are_kept() -> None:
    assert cluster_texts(pl.Series(["कि", "की", "schon", "schön"])).is_empty()


def test_a_script_without_spaces_is_compared_by_code_points() -> None:
    text = "昨日注文した商品がまだ届いていませんので配送状況を確認していただけますでしょうかよろしくお願いします"
    found = cluster_texts(
        pl.Series([text, text.replace("昨日", "先日"), "全く関係のない別の文章をここに書いておきます"])
    )
    assert found["row"].to_list() == [0, 1]
    assert found["jaccard"][1] == pytest.approx(char_jaccard(text, text.replace("昨日", "先日")))


def test_a_copy_with_other_numbers_is_in_the_cluster_but_nobodys_twin() -> None:
    same = "My order {} has not arrived yet, can you please check where it is?"
    found = cluster_texts(pl.Series([same.format(1234), same.format(5678), same.format(1234).replace("yet", "so far")]))
    assert found["cluster"].to_list() == [0, 0, 0]
    assert found["twin"].to_list() == [0, 1, 0]


def test_a_copy_inside_a_family_of_other_numbers_has_the_row_with_its_own_numbers_as_twin() -> None:
    notice = "Automatic notice: the transfer {} was closed without any further action, amount {} euros"
    texts = [notice.format(1000 + i, 37 * i) for i in range(20)]
    copy = texts[13].replace("Automatic", "automated")
    found = cluster_texts(pl.Series([*texts, copy, texts[13].upper()]))
    assert found["cluster"].n_unique() == 1
    assert found["twin"].to_list() == [*range(20), 13, 13]
    assert found["twin_jaccard"][20] == pytest.approx(char_jaccard(*(norm(t) for t in (texts[13], copy))))
    assert found["first"][21] == 13


def test_members_with_the_same_numbers_that_miss_each_other_are_nobodys_twins() -> None:
    words = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    center, left, right = ["order", "11", *words], ["order", "22", *words[13:]], ["order", "22", *words[:-13]]
    found = cluster_texts(pl.Series([" ".join(text) for text in (center, left, right)]))
    assert found["representative"].to_list() == [0, 0, 0]
    assert found["twin"].to_list() == [0, 1, 2]


def test_the_closest_copies_find_each_other_before_looser_kin_claims_one() -> None:
    # The copy misses the kin's threshold; a leader that claimed the original first would leave the copy alone.
    original = "please cancel my account and send me the money back today"
    copy = original + " thanks"
    kin = [original.replace("today", word).replace("please", "kindly") for word in ("now", "soon", "at once")]
    found = cluster_texts(pl.Series([*kin, original, copy]))
    of = dict(zip(found["row"], found["cluster"], strict=True))
    assert of[3] == of[4]


def test_a_chain_of_neighbors_does_not_join_its_ends() -> None:
    words = [f"w{i:03d}" for i in range(400)]
    chain = [" ".join(words[start : start + 60]) for start in range(0, 300, 6)]
    found = cluster_texts(pl.Series(chain))
    assert found["cluster"].n_unique() > 5
    assert found["jaccard"].min() >= 0.6


def test_the_first_row_represents_a_pair_whatever_its_content() -> None:
    for seed in range(20):
        text = sentence(seed, 30)
        found = cluster_texts(pl.Series([text, edited(text, seed)]))
        assert found["representative"].unique().to_list() == [0]


def test_every_member_reaches_the_threshold_to_its_own_representative() -> None:
    texts = [edited(edited(sentence(seed % 15, 20), seed), seed + 1) for seed in range(300)]
    found = cluster_texts(pl.Series(texts))
    assert found.height > 100

    for row, representative, jaccard in found.select("row", "representative", "jaccard").iter_rows():
        assert char_jaccard(texts[row], texts[representative]) == pytest.approx(jaccard)
        assert jaccard >= 0.6


def test_a_family_of_thousands_is_one_cluster_despite_the_bucket_window() -> None:
    base = sentence(7, 70)
    texts = [f"{base} {sentence(1000 + i, 3)}" for i in range(3000)]
    found = cluster_texts(pl.Series(texts))
    assert found.height == 3000
    assert found["cluster"].n_unique() == 1


def test_a_bucket_full_of_strangers_does_not_hide_a_pair() -> None:
    opening = " ".join(f"same{i}" for i in range(36))
    strangers = [f"{opening} {sentence(i, 30)}" for i in range(2000)]
    copies = [edited(strangers[i], i) for i in range(100)]
    # Few bands, so that a pair has to be found inside crowded buckets, among hundreds of half-alike texts.
    found = cluster_texts(pl.Series([*strangers, *copies]), NearDuplicateOptions(threshold_long=0.7, bands=8))
    cluster = dict(zip(found["row"], found["cluster"], strict=True))
    assert sum(cluster.get(i, -1) == cluster.get(2000 + i, -2) for i in range(100)) >= 97
    assert found.height <= 203


def test_pairs_just_above_the_threshold_are_found() -> None:
    words = [f"w{i}" for i in range(20_000)]
    pairs = []
    for start in range(0, 20_000, 100):
        # 58 runs of three in each text, 44 of them shared: similarity 44 / 72 = 0.61.
        pairs += [" ".join(words[start : start + 60]), " ".join(words[start + 14 : start + 74])]
    found = cluster_texts(pl.Series(pairs))
    assert found["jaccard"].unique().sort().to_list() == [pytest.approx(44 / 72), 1.0]
    assert found["cluster"].n_unique() >= 0.96 * len(pairs) / 2


def many(seed: int) -> list[str | None]:
    rng = random.Random(seed)
    texts: list[str | None] = [None, "", "!!"]
    for i in range(60):
        base = sentence(seed * 100 + i, rng.choice([1, 2, 5, 12, 26, 38, 41, 60]))
        texts.append(base)
        texts += [edited(base, seed + j) for j in range(rng.randrange(4))]
        texts += [base.upper()] * rng.randrange(2)
    return texts


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_any_permutation_of_rows_gives_the_same_clusters(seed: int, order: random.Random) -> None:
    texts = many(seed)
    shuffled = list(texts)
    order.shuffle(shuffled)
    before, after = cluster_texts(pl.Series(texts)), cluster_texts(pl.Series(shuffled))
    assert before.height > 0
    assert groups(before, texts) == groups(after, shuffled)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 250), max_size=6), threads=st.integers(1, 4))
def test_any_split_into_shards_and_any_number_of_threads_give_the_same_bits(
    seed: int, cuts: list[int], threads: int
) -> None:
    texts = pl.Series(many(seed), dtype=pl.String)
    edges = sorted({0, len(texts), *(min(cut, len(texts)) for cut in cuts)})
    shards = [texts.slice(a, b - a) for a, b in pairwise(edges)]
    whole = cluster_texts(texts, threads=1)
    split = cluster_batches(lambda: iter(shards), NearDuplicateOptions(), rows=len(texts), threads=threads)
    assert frame_digest(split) == frame_digest(whole)


def test_fewer_bands_find_fewer_pairs_but_no_false_ones() -> None:
    texts = pl.Series([edited(edited(sentence(s % 60, 14), s), s + 7) for s in range(240)])
    wide = cluster_texts(texts)
    narrow = cluster_texts(texts, NearDuplicateOptions(bands=4, band_rows=8))
    assert narrow.height < wide.height
    assert narrow["jaccard"].min() >= 0.6


def test_batches_are_cut_without_losing_a_row() -> None:
    assert [len(part) for part in slices(pl.Series(["a"] * 7), 3)] == [3, 3, 1]


def test_a_corpus_answers_with_its_own_row_numbers() -> None:
    from tunewright.similarity.near_duplicates import near_duplicates

    frame = pl.DataFrame({"row": [10, 20, 30], "prompt": ["my card is lost", "nothing like it", "My card is lost."]})
    dataset = Dataset(table="t", version=None, rows=3, task="classify", root=frame_digest(frame))
    found = near_duplicates(Corpus(dataset, frame.lazy()))
    assert found.select("row", "cluster", "representative", "jaccard", "first").rows() == [
        (10, 0, 10, 1.0, 10),
        (30, 0, 10, 1.0, 10),
    ]


def test_sketches_agree_in_proportion_to_the_jaccard() -> None:
    from tunewright.similarity.minhash import sketch

    words = [f"w{i}" for i in range(200)]
    texts = pl.Series([" ".join(words[i : i + 101]) for i in range(0, 100)])
    made = sketch(texts, NearDuplicateOptions(bands=64, band_rows=4))
    bytes_ = made.shorts[1].view(np.uint8)
    for shift in (5, 10, 20, 40):
        truth = (100 - shift) / (100 + shift)
        agreed = np.mean([(bytes_[i] == bytes_[i + shift]).mean() for i in range(0, 100 - shift)])
        assert agreed == pytest.approx(truth + (1 - truth) / 256, abs=0.05)
