"""What a sample of the user's data may look like in a report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.stages.report.redact import label, mask, sample


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.doe+x@mail.example.org.", "write to [email]."),
        ("call +49 (0)151 2345-6789 now", "call [number] now"),
        ("card 4929-1234-5678-9012 lost", "card [number] lost"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [account] please"),
        ("customer 88412", "customer [number]"),
        ("open https://a.example/reset?token=1 now", "open [link] now"),
        ("key sk-abcdef0123456789abcdef01", "key sk-[key]"),
        ("٠١٥١٢٣٤٥٦٧٨ اتصل", "[number] اتصل"),
        ("paid 12.50 on day 3 of 2026", "paid 12.50 on day 3 of 2026"),
        ("internationalization_of_payments", "internationalization_of_payments"),
    ],
)
def test_what_points_at_a_person_is_masked_and_the_rest_is_kept(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_secret_at_the_cut_is_masked_before_the_text_is_cut() -> None:
    for cut in range(20, 60):
        assert "jane" not in sample("x" * 15 + " jane@example.org and more text follows here", cut)


def test_a_number_that_begins_before_the_cut_leaves_no_digits() -> None:
    assert not any(c.isdigit() for c in sample("4929 1234 5678 9012 " * 4000, 40))


def test_class_names_keep_their_codes_and_stay_apart() -> None:
    assert label("8471300000") == "8471300000"
    assert label("savings_account_opening_149") == "savings_account_opening_149"
    assert label("jane@example.org") == "[email]"
    assert label(None) == "(none)"


@given(st.text(max_size=3000), st.integers(20, 300))
def test_a_sample_is_one_printable_line_of_bounded_length(text: str, characters: int) -> None:
    shown = sample(text, characters)
    assert len(shown) <= characters
    assert shown == shown.strip()
    assert not any(c in shown for c in "\n\r\t\x00\u202e\u2066\u2028")
    shown.encode()


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_an_address_that_the_window_halves_is_left_out() -> None:
    for before in range(500, 620):
        shown = sample("1" * before + " jane.doe@example.org" + " more" * 200, 120)
        assert "jane" not in shown
