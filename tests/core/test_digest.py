"""Digests depend on content alone."""

import hashlib
import json
import math
import random
import re
import struct
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.core.digest import canonical_json, digest, frame_digest

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


#: Values and their digests, written down when numbers and strings were still spelled by code of our own.
RECORDED = json.loads((Path(__file__).parent / "recorded_digests.json").read_text(encoding="utf-8"))
#: How ECMAScript spells a number: below 1e21 and from 1e-6 on without an exponent (RFC 8785 section 3.2.2.3).
PLAIN = re.compile(r"-?(0|[1-9]\d{0,20})(\.\d*[1-9])?")
EXPONENT = re.compile(r"-?[1-9](\.\d*[1-9])?e(\+\d{2,3}|-\d{1,3})")


def test_recorded_digests_are_still_those_of_their_values() -> None:
    assert len(RECORDED) == 150
    assert [digest(value) for value, _ in RECORDED] == [recorded for _, recorded in RECORDED]


def test_a_hundred_thousand_doubles_are_spelled_as_they_were() -> None:
    draw, state = random.Random(8785), hashlib.sha256()
    doubles = [struct.unpack(">d", draw.randbytes(8))[0] for _ in range(50_000)]
    doubles += [
        round(draw.uniform(-1000, 1000) * 10.0 ** draw.randrange(-9, 22), draw.randrange(9)) for _ in range(50_000)
    ]
    for number in filter(math.isfinite, doubles):
        state.update(canonical_json(number).encode() + b"\n")
    assert state.hexdigest() == "231e9e88081d80edcdd3291516ab49443cdfd37eda9de17041b14cd724bdd0e5"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_spelled_as_ecmascript_does_and_read_back_as_itself(number: float) -> None:
    text = canonical_json(number)
    assert float(text) == number
    plain = number == 0 or 1e-6 <= abs(number) < 1e21
    assert (PLAIN if plain else EXPONENT).fullmatch(text), text


@pytest.mark.parametrize(
    ("integer", "text"),
    [(2**53, "9007199254740992"), (-(2**60), "-1152921504606847000"), (2**70, "1.1805916207174113e+21")],
)
def test_integers_that_a_double_holds_are_spelled_as_it_is(integer: int, text: str) -> None:
    assert canonical_json(integer) == canonical_json(float(integer)) == text


def test_an_integer_that_no_double_holds_is_refused_with_its_remedy() -> None:
    with pytest.raises(ValueError, match=r"1000000000000000000000000000000 is beyond .* write it as a string"):
        canonical_json(10**30)


def test_half_of_a_surrogate_pair_is_spelled_by_its_escape() -> None:
    assert canonical_json({"\ud800": "a\udfff"}) == '{"\\\\ud800":"a\\\\udfff"}'


def test_numbers_are_written_as_rfc_8785_appendix_b_says() -> None:
    expected = {
        -0.0: "0",
        5e-324: "5e-324",
        1.7976931348623157e308: "1.7976931348623157e+308",
        9007199254740992.0: "9007199254740992",
        295147905179352830000.0: "295147905179352830000",
        1e21: "1e+21",
        999999999999999900000.0: "999999999999999900000",
        1e-7: "1e-7",
        0.000001: "0.000001",
        333333333.3333332: "333333333.3333332",
        -0.0000033333333333333333: "-0.0000033333333333333333",
    }
    assert {number: canonical_json(number) for number in expected} == expected


def test_keys_are_sorted_by_utf_16_code_unit() -> None:
    # U+1F600 is a surrogate pair starting at D83D, so it comes before U+FF5E although its code point is larger.
    assert canonical_json({"\uff5e": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\uff5e":1}'


def test_composed_and_decomposed_letters_are_one() -> None:
    assert digest("\u00e9") == digest("e\u0301")
    with pytest.raises(ValueError, match="same after NFC"):
        canonical_json({"\u00e9": 1, "e\u0301": 2})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 2**53 + 1])
def test_what_json_cannot_carry_exactly_is_refused(bad: float) -> None:
    with pytest.raises(ValueError):
        canonical_json({"x": bad})


@given(values)
def test_canonical_json_is_json_and_a_fixed_point(value: object) -> None:
    try:
        text = canonical_json(value)
    except ValueError:
        return  # two keys that NFC makes equal
    assert canonical_json(json.loads(text, parse_int=float)) == text


FRAME = pl.DataFrame(
    {
        "text": ["a", None, "", "é"],
        "turns": [[{"role": "user", "content": "hi"}], None, [], [{"role": "user", "content": None}]],
        "weight": [1.0, None, 0.0, 2.5],
        "good": [True, None, False, True],
    }
)


def test_a_frame_digest_is_blind_to_chunks_and_slices() -> None:
    pieces = pl.concat([FRAME[:1], FRAME[1:3], FRAME[3:]], rechunk=False)
    longer = pl.concat([FRAME, FRAME])[:4]
    assert frame_digest(FRAME) == frame_digest(pieces) == frame_digest(longer)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_frame_digest_is_the_same_with_any_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = frame_digest(FRAME)
    monkeypatch.setattr(pl, "thread_pool_size", lambda: threads)
    monkeypatch.setattr("tunewright.core.digest.FEED_ROWS", 3)
    assert frame_digest(FRAME) == whole


@pytest.mark.parametrize(
    "other",
    [
        FRAME.with_columns(text=pl.Series(["a", "", "", "é"])),
        FRAME.with_columns(text=pl.Series(["", None, "a", "é"])),
        FRAME.with_columns(text=pl.Series(["aé", None, "", ""])),
        FRAME.with_columns(weight=pl.Series([1.0, None, 0.0, 2.5], dtype=pl.Float32)),
        FRAME.with_columns(good=pl.Series([True, False, False, True])),
        FRAME.with_columns(turns=pl.Series([[], None, *FRAME["turns"][[0, 3]].to_list()], dtype=FRAME["turns"].dtype)),
        FRAME.select(reversed(FRAME.columns)),
        FRAME.drop("good"),
        FRAME.with_columns(text=pl.Series(["a", None, "é", ""])),
        FRAME.with_columns(weight=pl.Series([1.0, 0.0, 0.0, 2.5])),
        FRAME.with_columns(
            turns=pl.Series([[{"role": "user", "content": "hi"}], [], [], [None]], dtype=FRAME["turns"].dtype)
        ),
        FRAME.rename({"good": "fine"}),
        FRAME.reverse(),
    ],
)
def test_a_frame_digest_sees_every_change(other: pl.DataFrame) -> None:
    assert frame_digest(FRAME) != frame_digest(other)
