"""Identifiers that hold a digit, judged by shape, check digit and the words before them.

A text is first cut into runs of tokens with digits, once; every rule then looks at those short runs only. A number that
its writer calls an order, an invoice or a version is none of ours, whatever its check digit says: one order number in
ten passes the Luhn formula.
"""

# ruff: noqa: E501 -- a pattern is read whole or not at all

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from tunewright.pii import checksums
from tunewright.pii.cut import AROUND, cut

WORD = r"(?:(?-u:\b)|[+(])\(?(?:[A-Za-z]{1,4}[:\-])*[A-Za-z]{0,6}[0-9][0-9A-Za-z.:/()\-]*"
#: A run: tokens with a digit, and short words in capitals between them ("GB29 NWBK 6016", "QQ 12 34 56 C").
RUN = rf"(?:(?-u:\b)[A-Z]{{1,4}}[ \u00a0])?{WORD}(?:[ \u00a0]{{1,2}}(?:{WORD}|[A-Z]{{1,4}}(?-u:\b)|x[0-9]+))*"

#: Between a word that names a number and the number.
_IS = r"(?:[\s:#=.,(\-–]|number|numbers|no|nr|num|n°|id|code|is|was|of|at|on|me|my|your|the|to|under|digits?|ending|with)*$"
NOT_OURS = (
    r"(?-u:\b)(?:order|invoice|ticket|ref|reference|case|tracking|version|sku|part|item|serial|parcel|po|bestellung|"
    r"rechnung|commande|facture|pedido|factura|ordine|fattura|product|model|article|batch|lot|build|release|"
    r"transaction|booking|shipment|request|incident|job|error|code|isbn|ean|upc|page|room|quote|contract|asset)"
    + r"s?(?:[\s:#=.,\-]|number|numero|no|nr|num|n°|id|code|is|was)*$"
)
PHONE_WORDS = (
    r"(?:phones?|telephone|mobile|mob|cell|cellphone|tel|fax|call|calling|called|ring|text|sms|whatsapp|desk|office|"
    r"landline|hotline|reach|telefon|handy|téléphone|portable|teléfono|móvil|telefono|cellulare|contact|dial|pager|answer|answering|messages?)"
)
#: A line of a signature may name the number behind it.
PHONE_BEHIND = r"(?i)^[ ,]{0,2}[\-–(\[]? ?(?:office|mobile|cell|desk|fax|home|work|direct|phone)(?:$|[^a-z])"
CARD_WORDS = r"(?:card|visa|mastercard|amex|american express|credit|debit|pan|cc|karte|carte|tarjeta|carta)"
SSN_WORDS = r"(?:ssn|social security|social security number|soc sec|social|ss#)"
NHS_WORDS = r"nhs"
TAX_WORDS = r"(?:steuer|steuer-?id|steuernummer|idnr|steueridentifikationsnummer|tax id|tin|tax)"
ACCOUNT_WORDS = (
    r"(?:account|acct|a/c|konto|kontonummer|compte|cuenta|conto|routing|sort code|customer|client|member|"
    r"kundennummer|kunde|cliente|membership|loyalty|user)"
)
PLAN_WORDS = (
    r"(?:health plan|health insurance|medicare|medicaid|beneficiary|subscriber|insurance|insurance policy|"
    r"member id|plan member|mbi|versichertennummer|krankenversicherung|mutuelle|group number)"
)
RECORD_WORDS = r"(?:mrn|medical record|medical records|patient|chart|hospital|health record|patient file|pid)"
DOCUMENT_WORDS = (
    r"(?:passport|driver'?s?'? licen[sc]e|driving licen[sc]e|licen[sc]e|dl|identity card|id card|national id|"
    r"personalausweis|reisepass|passeport|pasaporte|passaporto|permis de conduire)"
)
IMEI_WORDS = r"(?:imei|device|device id)"
VIN_WORDS = r"(?:vin|chassis|fahrgestellnummer|vehicle|vehicle identification)"
ZIP_WORDS = r"(?:zip|zipcode|zip code|postal|postal code|postcode|post code|plz|code postal|cap)"
VERSION_WORDS = (
    r"(?-u:\b)(?:version|ver|v|release|build|firmware|driver|update|section|sec|chapter|python|ios|os|kernel)[\s:.#]*$"
)
STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)

Valid = Callable[[pl.Series], "checksums.Bools"]


@dataclass(frozen=True)
class Rule:
    """One shape of one type.

    Attributes:
        type: the type it finds.
        shape: expression for the whole span, without bounds.
        score: how sure the shape alone makes us; None when the words are needed.
        words: what may stand before it, at the end of a lowercase text; makes the score 0.95.
        valid: check digit over the span without its separators.
        keep: further condition over `match`, `plain`, `before`, `after`.
        guarded: not when the words before name an order, an invoice and the like.
    """

    type: str
    shape: str
    score: float | None
    words: str = ""
    valid: Valid | None = None
    keep: pl.Expr | None = None
    guarded: bool = True


_PLAIN, _MATCH = pl.col("plain"), pl.col("match")
_LENGTH = _PLAIN.str.len_chars()
_IIN = (
    r"^(?:4[0-9]{12}(?:[0-9]{3})?(?:[0-9]{3})?|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)"
    r"[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}|"
    r"35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14,17}|(?:50[0-9]{2}|5[6-8][0-9]{2}|6[37][0-9]{2})[0-9]{8,15}|"
    r"(?:1800|2131)[0-9]{11})$"
)
_SSN_AREAS = ~_PLAIN.str.contains(r"^(?:000|666|9)|^...00|0000$")
_PUBLIC = ~_MATCH.str.contains(
    r"^(?:0|10|127|255|192\.168|169\.254|172\.(?:1[6-9]|2[0-9]|3[01])|2(?:2[4-9]|3[0-9]|4[0-9]))\."
)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DIGITS_7_15 = _LENGTH.is_between(7, 15)
_HEX = r"[0-9A-Fa-f]{1,4}"

RULES: tuple[Rule, ...] = (
    Rule("iban", r"[A-Z]{2}[0-9]{2}(?:[ \-]?[A-Z0-9]{1,4}){3,8}[A-Z0-9]{0,3}", 0.99, valid=checksums.iban, guarded=False),
    Rule("iban", r"(?i)[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", 0.99, words=r"iban", guarded=False, valid=checksums.iban),
    Rule("iban", r"[A-Z]{2}[0-9]{2}(?:[ \-]?[A-Z0-9]{4}){2,7}(?:[ \-]?[A-Z0-9]{1,3})?", None, words=r"iban", guarded=False),
    Rule("payment_card", r"[0-9](?:[ \-]{0,2}[0-9]){11,18}", 0.9, words=CARD_WORDS, valid=checksums.luhn,
         keep=_PLAIN.str.contains(_IIN)),
    Rule("payment_card", r"[0-9](?:[ \-]{0,2}[0-9]){11,18}", None, words=CARD_WORDS, valid=checksums.luhn),
    Rule("us_ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", 0.85, words=SSN_WORDS, keep=_SSN_AREAS),
    Rule("us_ssn", r"[0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4}", None, words=SSN_WORDS, keep=_SSN_AREAS),
    Rule("uk_nino", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", 0.9,
         keep=~_PLAIN.str.contains("^(?:BG|GB|KN|NK|NT|TN|ZZ)")),
    Rule("uk_nhs", r"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{4}", None, words=NHS_WORDS, valid=checksums.nhs),
    Rule("fr_nir", r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", 0.95,
         valid=checksums.nir),
    Rule("es_dni", r"(?:[0-9]{8}|[XYZxyz]-?[0-9]{7})[ \-]?[A-Za-z]", 0.9, valid=checksums.dni),
    Rule("it_fiscal_code", r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", 0.98,
         valid=checksums.fiscal_code),
    Rule("de_tax_id", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", None, words=TAX_WORDS, valid=checksums.tax_id),
    Rule("identity_document", r"[A-Z]{0,3}[\- ]?[0-9][0-9A-Z]*(?:-[0-9A-Z]+){0,3}", None, words=DOCUMENT_WORDS,
         keep=_LENGTH.is_between(6, 16) & _PLAIN.str.contains("[0-9].*[0-9].*[0-9].*[0-9]")),
    Rule("ip_address", rf"{_OCTET}(?:\.{_OCTET}){{3}}", 0.85, words=r"(?:ip|address|host|client)",
         keep=_PUBLIC & ~pl.col("before").str.contains(VERSION_WORDS)
         & ~pl.col("after").str.contains(r"^\.[0-9]"), guarded=False),
    Rule("ip_address", rf"(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,6}}(?::{_HEX}){{1,6}}|(?:{_HEX}:){{2,7}}:", 0.9, guarded=False,
         keep=_MATCH.str.contains(":.*:.*:") & _LENGTH.is_between(6, 32)
         & ~_MATCH.str.contains(r"^(?:fe80|::1|(?i:2001:0?db8))")),
    Rule("device_id", r"[0-9A-Fa-f]{2}(?:[:\-][0-9A-Fa-f]{2}){5}", 0.95, guarded=False,
         keep=_PLAIN.str.contains("[A-Fa-f]") | _MATCH.str.contains(":")),
    Rule("device_id", r"[0-9]{2}[ \-]?[0-9]{6}[ \-]?[0-9]{6}[ \-]?[0-9]", None, words=IMEI_WORDS, valid=checksums.luhn),
    Rule("vin", r"[A-HJ-NPR-Z0-9]{17}", 0.85, words=VIN_WORDS, valid=checksums.vin,
         keep=_PLAIN.str.contains("[A-Z].*[A-Z]") & _PLAIN.str.contains("[0-9]{4}$")),
    Rule("vin", r"[A-HJ-NPR-Z0-9]{17}", None, words=VIN_WORDS),
    Rule("medical_record", r"[A-Z]{0,3}[\- ]?[0-9]{2,}(?:-[0-9]+){0,2}", None, words=RECORD_WORDS, keep=_LENGTH.is_between(5, 12)),
    Rule("health_plan", r"[A-Z]{0,4}[\- ]?[0-9][0-9A-Z]+(?:-[0-9A-Z]+){0,3}", None, words=PLAN_WORDS,
         keep=_LENGTH.is_between(6, 16)),
    Rule("health_plan", r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?"
         r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}", 0.85),
    Rule("account_number", r"[A-Z]{0,3}[\-]?[0-9][0-9\-]{3,17}[0-9]", None, words=ACCOUNT_WORDS, keep=_LENGTH.is_between(5, 18)),
    Rule("account_number", r"[0-9]{2}-[0-9]{2}-[0-9]{2}", None, words=r"sort code"),
    Rule("postal_code", r"(?:[A-Z]{1,2}[0-9][A-Z0-9]?|GIR) [0-9][ABD-HJLNP-UW-Z]{2}", 0.8),
    Rule("postal_code", r"[0-9]{3,5}(?:-[0-9]{3,4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[0-9]{4} ?[A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]",
         None, words=ZIP_WORDS),
    Rule("postal_code", rf"(?:{STATES}) [0-9]{{5}}(?:-[0-9]{{4}})?", 0.85,
         keep=pl.col("before").str.contains(r"[,\n]\s*$")),
    Rule("phone", r"\+[1-9][0-9]{0,2}(?:[ .\-/]?\(0?\)?[0-9]{0,5}\)?)?(?:[ .\-/]?[0-9]{1,8}){1,6}(?: ?(?:x|ext\.?) ?[0-9]{1,5})?", 0.9,
         words=PHONE_WORDS, keep=_LENGTH.is_between(8, 20)),
    Rule("phone", r"(?:\+?1[ .\-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[\-.])[2-9][0-9]{2}[\-. ]?[0-9]{4}(?: ?(?:x|ext\.?) ?[0-9]{1,5})?",
         0.85, words=PHONE_WORDS),
    Rule("phone", r"(?:00[1-9][0-9](?:[ \-/]?[0-9]{2,5}){2,5}|001-[0-9]{3}-[0-9]{3}-[0-9]{4}(?:x[0-9]{1,5})?)", 0.75, words=PHONE_WORDS,
         keep=_LENGTH.is_between(10, 18) & _MATCH.str.contains(r"[ \-/]")),
    Rule("phone", r"0[1-9][0-9]{1,3}[ /\-][0-9]{3,4}[ \-]?[0-9]{3,5}", 0.75, words=PHONE_WORDS, keep=_LENGTH.is_between(9, 12)),
    Rule("phone", r"0[1-9](?:[ .][0-9]{2}){4}|0[1-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}|\(0[0-9]{2,4}\) ?[0-9]{3,4} ?[0-9]{3,5}", 0.8, words=PHONE_WORDS),
    Rule("phone", r"07[0-9]{3} ?[0-9]{3} ?[0-9]{3}", 0.75, words=PHONE_WORDS),
    Rule("phone", r"\(?[0-9]{2,12}\)?(?:[ .\-/]?\(?[0-9]{1,8}\)?){0,5}(?:x[0-9]{1,5})?", None, words=PHONE_WORDS,
         keep=_DIGITS_7_15 & ~_MATCH.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}")),
)  # fmt: skip

#: Any word that a rule asks for, and what is before a run when one of them names its first number.
ASKED = f"(?:{'|'.join(dict.fromkeys(rule.words for rule in RULES if rule.score is None))})"
NAMED = rf"{ASKED}{_IS}"

#: Bytes of the shortest span of each type; shorter runs hold none and are passed over.
SHORTEST = {
    "iban": 12, "payment_card": 12, "us_ssn": 9, "uk_nino": 9, "uk_nhs": 10, "fr_nir": 15, "es_dni": 9,
    "it_fiscal_code": 16, "de_tax_id": 11, "identity_document": 6, "ip_address": 6, "device_id": 15, "vin": 17,
    "medical_record": 5, "health_plan": 6, "account_number": 5, "postal_code": 3, "phone": 7,
}  # fmt: skip


def runs(texts: pl.DataFrame) -> pl.DataFrame:
    """The runs of `texts` (`item`, `text`): `run`, `item`, `start`, `text`, `before`, `after`."""
    matches = cut(texts.filter(pl.col("text").str.contains("[0-9]")), RUN).rename({"match": "text"})
    return matches.with_row_index("run")


def number_spans(texts: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """`item`, `start`, `end`, `type`, `score` of identifiers of `types`; they may overlap."""
    return spans_in_runs(runs(texts), types)


def spans_in_runs(known_runs: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """Identifiers of `types` in runs that :func:`runs` returned; columns as of :func:`number_spans`.

    Which runs a rule has anything to say about is asked for all rules of one length together; most rules then look at
    a handful of runs, and many at none.
    """
    rules = [rule for rule in RULES if rule.type in types]
    left = _with_context(known_runs)
    spans: dict[int, pl.DataFrame] = {}
    for least in sorted({SHORTEST[rule.type] for rule in rules}):
        left = left.filter(pl.col("bytes") >= least)
        here = {place: rule for place, rule in enumerate(rules) if SHORTEST[rule.type] == least}
        for words_needed in (False, True):
            among = {place: rule for place, rule in here.items() if (rule.score is None) is words_needed}
            spans |= _by_rule(left.filter("may_be_named") if words_needed else left, among)
    # In the order of the rules: of two that find the same span, the first says how sure it is.
    return pl.concat([_none(), *(spans[place] for place in sorted(spans))])


def _with_context(known_runs: pl.DataFrame) -> pl.DataFrame:
    """Runs with their length, the lowercase text that leads to them, and whether anything could name a number in them.

    A word names a number when it stands right before it: at the end of what is before the run, or in the run itself.
    """
    text, before = pl.col("text"), pl.col("before").str.to_lowercase()
    within = text.str.contains(r"[A-Za-z]{2}|^[(+]?[A-Za-z]") & pl.col("context").str.contains(ASKED)
    return (
        known_runs.with_columns(bytes=text.str.len_bytes())
        .filter(pl.col("bytes") >= min(SHORTEST.values()))
        .rename({"item": "of"})
        .with_columns(
            item="run",
            context=(pl.col("before") + text).str.to_lowercase(),
            behind=text.str.contains(r"[A-Za-z]$") | pl.col("after").str.contains(PHONE_BEHIND),
        )
        .with_columns(may_be_named=before.str.contains(NAMED) | within | pl.col("behind"))
    )


def _by_rule(known_runs: pl.DataFrame, rules: dict[int, Rule]) -> dict[int, pl.DataFrame]:
    """The spans of each of `rules` that finds any, by its place."""
    if known_runs.is_empty() or not rules:
        return {}
    masks = known_runs.select(_may_hold(rule).alias(str(place)) for place, rule in rules.items())
    hits = {place: known_runs.filter(masks[str(place)]) for place in rules if masks[str(place)].any()}
    return {place: _spans(some, rules[place]) for place, some in hits.items()}


def _may_hold(rule: Rule) -> pl.Expr:
    shaped = pl.col("text").str.contains(_bounded(rule.shape))
    return (
        shaped if rule.score is not None else shaped & (pl.col("context").str.contains(rule.words) | pl.col("behind"))
    )


def _bounded(shape: str) -> str:
    return r"(^|[^0-9A-Za-z])(" + shape + r")($|[^0-9A-Za-z])"


def _none() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"item": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "score": pl.Float64}
    )


def _spans(known_runs: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    inner = cut(known_runs, _bounded(rule.shape), lead="${1}", value="${2}", trail="${3}").filter(pl.col("match") != "")
    if inner.is_empty():
        return _none()
    outer = known_runs.select("run", "of", base="start", far_before="before", far_after="after")
    spans = inner.join(outer, left_on="item", right_on="run", how="left", maintain_order="left")
    first = pl.col("start") == pl.col("before").str.len_chars()
    spans = spans.with_columns(
        before=(pl.when(first).then(pl.col("far_before") + pl.col("before")).otherwise("before"))
        .str.tail(AROUND)
        .str.to_lowercase(),
        after=(pl.col("after") + pl.col("far_after")).str.head(AROUND),
        plain=pl.col("match").str.replace_all(r"[^0-9A-Za-z]", ""),
    )
    named = pl.col("before").str.contains(rf"(?:^|[^a-z0-9]){rule.words}{_IS}") if rule.words else pl.lit(value=False)
    if rule.type == "phone":
        named = named | pl.col("after").str.contains(PHONE_BEHIND)
    spans = spans.with_columns(named=named).filter(pl.col("named") if rule.score is None else pl.lit(value=True))
    if rule.keep is not None:
        spans = spans.filter(rule.keep)
    if rule.guarded:
        spans = spans.filter(pl.col("named") | ~pl.col("before").str.contains(NOT_OURS))
    if rule.valid is not None and spans.height:
        spans = spans.filter(pl.Series(rule.valid(spans["plain"])))
    score = pl.when("named").then(0.95).otherwise(rule.score or 0.95)
    return spans.select(
        item=pl.col("of").cast(pl.Int64),
        start=pl.col("base") + pl.col("start"),
        end=pl.col("base") + pl.col("end"),
        type=pl.lit(rule.type),
        score=pl.max_horizontal(score, pl.lit(rule.score or 0.0)),
    )
