"""What counts as a term, and what its figures are."""

import math

import polars as pl
import pytest

from tunewright.text.terms import terms, uses_in


def listed(documents: list[str], **options: int) -> dict[str, dict[str, object]]:
    return {row["term"]: row for row in terms(pl.Series(documents, dtype=pl.String), **options).rows(named=True)}


def test_a_phrase_is_bounded_by_stop_words_and_punctuation() -> None:
    found = listed(["We checked the feline renal panel, which the vet ordered for it."] * 3)
    assert set(found) >= {"feline renal panel"}
    assert not {"panel vet", "the feline renal panel", "feline", "renal panel"} & set(found)


def test_what_stands_by_itself_too_is_a_term_of_its_own_with_its_c_value() -> None:
    found = listed(["the renal panel"] * 4 + ["the feline renal panel"] * 3)
    assert found["feline renal panel"]["c_value"] == pytest.approx(math.log2(4) * 3)
    assert found["renal panel"]["c_value"] == pytest.approx(math.log2(3) * (7 - 3))
    assert (found["renal panel"]["documents"], found["renal panel"]["uses"]) == (7, 7)
    # "renal" is in "renal panel" (7), "feline renal" (3) and the whole (3): 7 - 13/3 uses of its own.
    assert found["renal"]["c_value"] == pytest.approx(7 - 13 / 3)


def test_a_term_needs_documents_not_uses() -> None:
    assert "zylophage" not in listed(["the zylophage, zylophage, zylophage"] * 2)
    assert "zylophage" in listed(["the zylophage"] * 3)
    assert "zylophage" in listed(["the zylophage"] * 2, min_documents=2)


def test_everyday_words_are_no_terms_at_an_everyday_rate() -> None:
    found = listed([f"a man had a house and the time of his life in the old country with friend {n}" for n in range(20)]
                   + ["the zylophage was here and the day went on as other days do, with words and more words"] * 3)  # fmt: skip
    assert "zylophage" in found
    assert found["zylophage"]["keyness"] > 15.13


def test_keyness_is_the_log_likelihood_of_dunning() -> None:
    # One word in four of 12 is "zylophage"; English has it 0.05 times in a million, so once in its 20 million.
    row = listed(["zylophage the of and"] * 3)["zylophage"]
    a, b, c, d = 3, 1.0, 3, 20_000_000  # stop words are no words of the documents here
    e1, e2 = c * (a + b) / (c + d), d * (a + b) / (c + d)
    assert row["keyness"] == pytest.approx(2 * (a * math.log(a / e1) + b * math.log(b / e2)), abs=1e-3)
    assert row["log_ratio"] == pytest.approx(math.log2(1 / (1 / 20e6)), abs=1e-3)


def test_acronyms_codes_and_meanings_are_told() -> None:
    found = listed(["The feline immunodeficiency virus (FIV) strain EX-12b was seen. FIV is in getPanel results."] * 3)
    assert (found["FIV"]["kind"], found["FIV"]["meaning"]) == ("acronym", "feline immunodeficiency virus")
    assert found["getPanel results"]["kind"] == "phrase"
    assert listed(["the getPanel, then EX-12b"] * 3)["getPanel"]["kind"] == "code"
    assert listed(["the getPanel, then EX-12b"] * 3)["EX-12b"]["kind"] == "code"


def test_a_bracket_that_spells_nothing_before_it_is_no_meaning() -> None:
    assert listed(["our clinic opens late (XQW) on days with XQW"] * 3)["XQW"]["meaning"] is None


def test_a_term_is_written_as_inside_a_sentence() -> None:
    found = listed(["Window valve, stuck. Brevoaxle squeaks."] * 3)
    assert {"window valve", "Brevoaxle squeaks"} <= set(found), "a word nobody knows may be a name"


def test_no_documents_or_empty_ones_have_no_terms() -> None:
    assert listed([]) == {}
    assert listed(["", "the of and", "..."]) == {}


def test_uses_are_counted_by_whole_words_however_they_are_written() -> None:
    texts = pl.Series(["E-Mail and e mail, EMAIL", None, "emails", "the renal panel renal panel"])
    counts = uses_in(texts, pl.Series(["e-mail", "email", "renal panel", "panel", "absent"]))
    assert counts.rows() == [
        ("e-mail", 1, 2),
        ("email", 1, 1),
        ("renal panel", 1, 2),
        ("panel", 1, 2),
        ("absent", 0, 0),
    ]
