"""What is personal data in a text, what only looks like it, and where it stands."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pii.pii_table import LOOK_ALIKES, POSITIVE
from tests.worlds import corpus

from tunewright.pii import numbers, words
from tunewright.pii.spans import SPAN_COLUMNS, PiiOptions, pii_spans, resolved, spans_of
from tunewright.pii.types import TAGGED, pii_types

PATTERNS = PiiOptions(names=False)
ROWS = [(kind, text, value) for kind, entries in POSITIVE.items() for text, value in entries]


def spans(*texts: str, options: PiiOptions = PATTERNS) -> pl.DataFrame:
    places = pl.DataFrame({"row": range(len(texts)), "column": ["prompt"] * len(texts), "text": texts})
    found = spans_of(places, options)
    value = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    return found.join(places.select("row", "text"), on="row", maintain_order="left").with_columns(value=value)


def test_every_type_is_in_the_table_and_has_its_classes() -> None:
    assert set(POSITIVE) == set(pii_types()) - set(TAGGED)
    assert pii_types()["payment_card"].pci
    assert {name for name, kind in pii_types().items() if kind.pci} == {"payment_card"}
    assert pii_types()["medical_record"].gdpr == "special"
    assert {kind.hipaa for kind in pii_types().values()} <= {None, *"ABCDEFGHIJKLMNOPQR"}


def test_precision_and_recall_on_the_table() -> None:
    assert len(ROWS) >= 100
    assert len(LOOK_ALIKES) >= 100
    found = spans(*[text for _, text, _ in ROWS], *LOOK_ALIKES)
    truth = {(row, kind, value) for row, (kind, _, value) in enumerate(ROWS)}
    said = set(found.select("row", "type", "value").rows())
    assert len(truth & said) / len(truth) >= 0.95, sorted(truth - said)
    assert len(truth & said) / len(said) >= 0.97, sorted(said - truth)


@pytest.mark.parametrize("kind", sorted(POSITIVE))
def test_half_of_each_type_is_found(kind: str) -> None:
    entries = POSITIVE[kind]
    found = spans(*[text for text, _ in entries]).filter(pl.col("type") == kind)
    hits = sum((row, value) in set(found.select("row", "value").rows()) for row, (_, value) in enumerate(entries))
    assert hits >= (len(entries) + 1) // 2


def test_offsets_count_characters_not_bytes() -> None:
    (row,) = spans("Grüße 🙂 an jane@example.com").select("start", "end").rows()
    assert row == (11, 27)


def test_several_spans_of_one_text_keep_their_places_and_order() -> None:
    found = spans("a@b.example, +49 30 1234567 and 4111 1111 1111 1111; c@d.example")
    assert found["value"].to_list() == ["a@b.example", "+49 30 1234567", "4111 1111 1111 1111", "c@d.example"]


def test_the_evidence_holds_digests_and_never_the_text() -> None:
    found = pii_spans(corpus(["jane@example.com", "hi", "jane@example.com and joe@example.com"], ["a"] * 3), PATTERNS)
    assert found.columns == list(SPAN_COLUMNS)
    first, again, other = found["text_digest"].to_list()
    assert first == again != other
    assert all(len(digest) == 6 for digest in (first, other))
    assert "jane" not in found.write_csv()


def test_answers_and_other_turns_are_read_too() -> None:
    said = [
        {"role": "system", "content": "Escalate to boss@example.com", "weight": None},
        {"role": "user", "content": "hello there", "weight": None},
        {"role": "assistant", "content": "write a@b.example", "weight": None},
    ]
    world = corpus(["hello there"], answers=["write a@b.example"], messages=[said])
    assert pii_spans(world, PATTERNS).select("column").to_series().to_list() == ["answer", "messages[0]"]


def test_only_the_types_asked_for_are_found() -> None:
    found = spans("a@b.example +49 30 1234567", options=PiiOptions(types=("phone",)))
    assert found["type"].to_list() == ["phone"]


def test_an_order_number_that_passes_its_check_digit_is_none_of_ours_but_a_card_number_is() -> None:
    found = spans("order number 4111111111111111", "card 4111111111111111", "4111111111111111")
    assert found.select("row", "score").rows() == [(1, 0.95), (2, 0.9)]


def test_the_longest_of_overlapping_spans_stays_then_the_surest_and_nothing_found_is_left_open() -> None:
    frame = pl.DataFrame(
        {"item": [0, 0, 0, 1, 1], "start": [0, 5, 9, 0, 0], "end": [6, 10, 20, 4, 4],
         "type": ["url", "phone", "email", "vin", "iban"], "score": [0.9, 0.9, 0.5, 0.8, 0.9]}
    )  # fmt: skip
    assert resolved(frame).select("item", "type", "start", "end").rows() == [
        (0, "url", 0, 6),
        (0, "phone", 6, 9),
        (0, "email", 9, 20),
        (1, "iban", 0, 4),
    ]


def test_row_order_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for _, text, _ in ROWS] + LOOK_ALIKES
    whole = spans(*texts).select("text", "start", "type").sort("text", "start")
    monkeypatch.setattr("tunewright.pii.spans.BATCH_ROWS", 7)
    random.Random(3).shuffle(texts)
    assert spans(*texts).select("text", "start", "type").sort("text", "start").equals(whole)


def test_rows_and_runs_passed_over_hold_no_span(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(20)
    known = [text for _, text, _ in ROWS] + LOOK_ALIKES
    texts = [f"{draw.choice(known)}{draw.choice((' ', ', ', '; '))}{draw.choice(known).upper()}" for _ in range(1500)]
    texts += ["".join(draw.choice("0123456789 -./:+ABpin@secret") for _ in range(40)) for _ in range(1500)]
    quick = spans(*texts)
    monkeypatch.setattr(numbers, "SHORTEST", dict.fromkeys(numbers.SHORTEST, 0))
    monkeypatch.setattr(words, "_with_any", lambda rows, stems, any_case=False: rows)
    monkeypatch.setattr(words, "STREET_WORDS", ("",))
    monkeypatch.setattr(numbers, "NAMED", "")
    straight = spans(*texts)
    assert quick.height > 1000
    assert quick.equals(straight)


def test_a_number_with_a_check_digit_is_not_made_part_of_an_address() -> None:
    found = spans("Send it to 12 Main Street, Springfield 4111 1111 1111 1111", options=PiiOptions())
    assert ("payment_card", "4111 1111 1111 1111") in found.select("type", "value").rows()


def test_each_identifier_that_the_rules_name_has_a_type() -> None:
    types = pii_types()
    hipaa = {kind.hipaa for kind in types.values()}
    # Of the eighteen, faces and voices (P, Q) are not in texts, and every other number is "any other" (R).
    assert {*"ABCDEFGHIJKLMNOR"} - hipaa == {"E"}  # a fax number is a phone number here
    assert {name for name, kind in types.items() if kind.gdpr == "special"} == {
        "uk_nhs",
        "medical_record",
        "health_plan",
    }
    assert {name for name, kind in types.items() if kind.gdpr == "none"} == {"url", "secret", "place"}
    assert types["postal_code"].hipaa == types["street_address"].hipaa == types["place"].hipaa == "B"


def test_what_is_masked_stays_as_it_is() -> None:
    masked = (
        "Dear [PERSON], I live at [STREET_ADDRESS], [PLACE] [POSTAL_CODE]; my card [PAYMENT_CARD-bcdfghjk] is lost."
    )
    assert spans(masked, options=PiiOptions()).is_empty()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.sampled_from([value for _, _, value in ROWS]))
def test_any_text_is_read_and_spans_never_overlap(texts: list[str], value: str) -> None:
    found = spans(*texts, f"{texts[0]} {value} {texts[-1]}\0{value}")
    assert (found["start"] >= 0).all()
    assert (found["end"] <= found["text"].str.len_chars()).all()
    overlap = found.filter((pl.col("start") < pl.col("end").shift(1).over("row")).fill_null(value=False))
    assert overlap.is_empty()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Verified ok. Cb +44 7700 900747, Keziah Ibekwe. Customer calm.", "person", "Keziah Ibekwe"),
        ("That one is settled. Cb 020 7946 0552, Greta Thornbury", "person", "Greta Thornbury"),
    ],
)
def test_a_name_beside_a_phone_number_is_no_street(text: str, kind: str, value: str) -> None:
    found = spans(text, options=PiiOptions())
    assert "street_address" not in found["type"].to_list()
    assert any(one == kind and value in said for one, said in found.select("type", "value").rows())


@pytest.mark.parametrize(
    "text",
    [
        "Customer sent GBP  353 from Pavo Fitness and wants it back",
        "the bank shows a fee of £14.78 Cardiff and more",
        "inbound call - tfr gbp 1,606 to the solicitor pending",
    ],
)
def test_an_amount_of_money_is_no_house_number(text: str) -> None:
    assert "street_address" not in spans(text, options=PiiOptions())["type"].to_list()


@pytest.mark.parametrize("shop", ["Marlowe Rail", "Tessaro Coffee"])
def test_an_address_has_a_number_or_a_street(shop: str) -> None:
    found = spans(f"Can you help me first? I dropped it at {shop} and no one has handed it in", options=PiiOptions())
    assert "street_address" not in found["type"].to_list()
    street = spans("I now live at Harbour Street and no longer in Leeds", options=PiiOptions())
    assert any(
        kind == "street_address" and "Harbour Street" in said for kind, said in street.select("type", "value").rows()
    )
