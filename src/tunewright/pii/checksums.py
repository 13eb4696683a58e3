"""Check digits of many identifiers at once: each function takes strings without separators and says which are valid.

Strings become a matrix of bytes, shape ``(n, width)``, padded on the left with zeros, which no checksum here notices.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: Length of an IBAN by country (SWIFT IBAN registry, release 99).
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
#: Values of characters at odd places of an Italian fiscal code (D.M. 23.12.1976); at even places A is 0, B is 1 ...
FISCAL_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), 1, 2, 3, 4, 5, 7, 9, *range(2, 10)), strict=True))


def _matrix(values: pl.Series, width: int) -> Ints:
    """ASCII codes of `values`, the last `width` characters of each; anything not a letter or digit becomes zero."""
    plain = values.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "0")
    padded = plain.str.pad_start(width, "0").str.tail(width)
    return (
        np.frombuffer("".join(padded.to_list()).encode(), dtype=np.uint8).reshape(len(values), width).astype(np.int64)
    )


def _digits(values: pl.Series, width: int) -> Ints:
    return _matrix(values, width) - ord("0")


def _mod97(codes: Ints) -> Ints:
    """Value modulo 97 of each row, letters counting as two digits (ISO 7064 mod 97-10)."""
    left = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        letter = column >= ord("A")
        left = np.where(letter, left * 100 + column - 55, left * 10 + column - 48) % 97
    return left


def luhn(values: pl.Series) -> Bools:
    """The Luhn formula (ISO/IEC 7812-1 annex B): payment cards and IMEI."""
    digits = _digits(values, 20)
    doubled = digits[:, -2::-2] * 2
    total: Ints = digits[:, ::-2].sum(axis=1) + np.where(doubled > 9, doubled - 9, doubled).sum(axis=1)
    return np.asarray((total % 10 == 0) & (total > 0))


def iban(values: pl.Series) -> Bools:
    """The length of the country, and modulo 97 equal to 1 (ISO 13616)."""
    values = values.str.to_uppercase()
    length = values.str.head(2).replace_strict(IBAN_LENGTHS, default=-1, return_dtype=pl.Int64)
    turned = values.str.slice(4) + values.str.head(4)
    return np.asarray((_mod97(_matrix(turned, 34)) == 1) & (length == values.str.len_chars()).to_numpy())


def nhs(values: pl.Series) -> Bools:
    """Ten digits, modulo 11 (NHS Data Dictionary)."""
    digits = _digits(values, 10)
    check = 11 - (digits[:, :9] * np.arange(10, 1, -1)).sum(axis=1) % 11
    return np.asarray(np.where(check == 11, 0, check) == digits[:, 9])


def nir(values: pl.Series) -> Bools:
    """Fifteen digits with the key 97 - n mod 97; Corsica's 2A and 2B count as 19 and 18 (INSEE)."""
    plain = values.str.to_uppercase().str.replace("2A", "19", literal=True).str.replace("2B", "18", literal=True)
    return np.asarray(97 - _mod97(_matrix(plain.str.head(13), 13)) == plain.str.tail(2).cast(pl.Int64).to_numpy())


def dni(values: pl.Series) -> Bools:
    """Eight digits and the letter of their remainder modulo 23; a NIE's X, Y, Z count as 0, 1, 2."""
    plain = values.str.to_uppercase().str.replace("^X", "0").str.replace("^Y", "1").str.replace("^Z", "2")
    letters = np.array([ord(letter) for letter in DNI_LETTERS])
    numbers = plain.str.slice(0, 8).cast(pl.Int64).to_numpy()
    return np.asarray(letters[numbers % 23] == _matrix(plain, 9)[:, 8])


def fiscal_code(values: pl.Series) -> Bools:
    """Sixteen characters whose last is the check letter (D.M. 23.12.1976)."""
    codes = _matrix(values, 16)
    rank = np.where(codes >= ord("A"), codes - ord("A"), codes - ord("0"))
    total = np.array(FISCAL_ODD)[rank[:, 0:15:2]].sum(axis=1) + rank[:, 1:15:2].sum(axis=1)
    return np.asarray(total % 26 == rank[:, 15])


def tax_id(values: pl.Series) -> Bools:
    """Eleven digits, one of the first ten twice or thrice, ISO 7064 mod 11,10 (German Steuer-ID)."""
    digits = _digits(values, 11)
    product = np.full(len(digits), 10, dtype=np.int64)
    for column in digits[:, :10].T:
        total = (column + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    check = 11 - product
    counts = np.stack([(digits[:, :10] == d).sum(axis=1) for d in range(10)], axis=1)
    once = np.sort(counts, axis=1)
    repeated = ((once[:, -1] == 2) & (once[:, -2] == 1)) | ((once[:, -1] == 3) & (once[:, -2] == 1))
    return np.asarray((np.where(check == 10, 0, check) == digits[:, 10]) & (digits[:, 0] > 0) & repeated)


def vin(values: pl.Series) -> Bools:
    """Seventeen characters whose ninth is the check digit (49 CFR 565.15)."""
    codes = _matrix(values, 17)
    table = np.zeros(128, dtype=np.int64)
    for letter, value in VIN_VALUES.items():
        table[ord(letter)] = value
    table[ord("0") : ord("9") + 1] = np.arange(10)
    left = (table[codes] * np.array(VIN_WEIGHTS)).sum(axis=1) % 11
    return np.asarray(np.where(left == 10, ord("X"), left + ord("0")) == codes[:, 8])
