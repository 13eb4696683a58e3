"""Check digits: the issuers' own examples hold, and no single wrong digit does."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.pii import checksums
from tunewright.pii.numbers import Valid

VALID: list[tuple[Valid, str]] = [
    (checksums.luhn, "4111111111111111"),
    (checksums.luhn, "490154203237518"),
    (checksums.iban, "GB29NWBK60161331926819"),
    (checksums.iban, "NO9386011117947"),
    (checksums.nhs, "9434765919"),
    (checksums.nir, "255081416802538"),
    (checksums.dni, "12345678Z"),
    (checksums.dni, "X1234567L"),
    (checksums.fiscal_code, "RSSMRA85T10A562S"),
    (checksums.tax_id, "86095742719"),
    (checksums.vin, "1M8GDM9AXKP042788"),
]


@pytest.mark.parametrize(("valid", "value"), VALID)
def test_an_issuers_example_holds_and_no_wrong_digit_does(valid: Valid, value: str) -> None:
    assert valid(pl.Series([value])).tolist() == [True]
    wrong = [
        value[:i] + digit + value[i + 1 :]
        for i, old in enumerate(value)
        if old.isdigit()
        for digit in "0123456789"
        if digit != old
    ]
    assert not valid(pl.Series(wrong)).any()


@given(st.lists(st.integers(0, 10**15 - 1), min_size=1, max_size=20))
def test_luhn_is_the_textbook_sum(numbers: list[int]) -> None:
    def textbook(value: str) -> bool:
        doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(value))]
        total = sum(d - 9 if d > 9 else d for d in doubled)
        return total % 10 == 0 and total > 0

    values = [f"{number:015d}" for number in numbers]
    assert checksums.luhn(pl.Series(values)).tolist() == [textbook(value) for value in values]
