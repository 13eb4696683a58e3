"""Damage, mixed ways of writing, and dates that nobody guesses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worlds import corpus, found, of, rows

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.stages.audit.checks.formats import Options, check


def check_of(texts: list[str | None], sources: list[str] | None = None, **options) -> dict[str, Finding]:
    world = of(rows(texts, ["x"] * len(texts), source_id=sources or ["app"] * len(texts)))
    return {finding.kind: finding for finding in check(world, Options(**options))}


def orders(texts: list[str], sources: list[str] | None = None) -> dict[tuple[str, str], str]:
    told = check_of(texts, sources)["date_orders"].facts["orders"]
    return {(one["source"], one["separator"]): one["order"] for one in told}


@pytest.mark.parametrize(
    ("text", "kind", "severity", "fix"),
    [
        ("Itâ€™s broken", "mojibake", "blocking", "normalize"),
        ("pass\u200bword", "invisible", "blocking", "normalize"),
        ("bell\x07", "invisible", "blocking", "normalize"),
        ("pay \u202e001", "direction", "blocking", "normalize"),
        ("cafe\u0301", "composition", "warning", "normalize"),
        ("<p>hello</p>", "markup", "warning", "normalize"),
        ("fish &amp; chips", "markup", "warning", "normalize"),
        ("caf\ufffd", "lost", "warning", None),
        ("p\u0430ypal is down", "mixed_scripts", "warning", None),  # a Cyrillic а
        ("\u0391pple and p\u03bfst", "mixed_scripts", "warning", None),  # a Greek Α, a Greek ο
        ("help\n\nSent from my iPhone", "signature", "warning", "strip_quotes"),
        ("no.\n\nOn Mon, 3 Mar 2025, Bo wrote:\n> yes", "quoted_reply", "warning", "strip_quotes"),
        ("<div>no.</div><div>On 3 Mar 2025, Bo wrote:</div>&gt; yes", "quoted_reply", "warning", "strip_quotes"),
        ("two  spaces", "space", "info", "normalize"),
    ],
)
def test_damage_is_named_and_says_what_mends_it(text: str, kind: str, severity: str, fix: str | None) -> None:
    finding = check_of(["fine", text])[kind]
    assert (finding.severity, finding.fix) == (severity, fix)
    assert finding.frame.select("row", "column", "source").rows() == [(1, "prompt", "app")]
    assert finding.sentence(finding.frame.row(0, named=True)).startswith("the prompt ")


@pytest.mark.parametrize(
    "text",
    [
        "Größe, façade, naïve, Łódź, Señor, £5, «été»",
        "Привет, это μ и Δt",
        "5 μm and 3 kΩ",
        "日本語のテキスト と English",
        "a<b && c>d",
        "version 1.2.3 of 10.0.0.1 at 12:30",
        "👩‍🚀 🇩🇪 ✌🏽",
        "naïve “quotes” – dash… ™ © ½",
        None,
        "",
    ],
)
def test_ordinary_writing_is_not_damage(text: str | None) -> None:
    assert check_of([text]) == {}


def test_answers_and_other_turns_are_looked_at_too() -> None:
    said = [
        {"role": "system", "content": "b\u200bc", "weight": None},
        {"role": "user", "content": "a", "weight": None},
        {"role": "assistant", "content": "d\u200be", "weight": None},
    ]
    world = of(rows(["a"], answers=["d\u200be"], messages=[said]))
    (finding,) = check(world, Options())
    assert finding.frame["column"].to_list() == ["answer", "messages[0]"]
    assert finding.rows == 1


def test_one_number_over_twelve_settles_the_order_of_its_source_and_sign_alone() -> None:
    texts = ["13/4/2025", "3/4/2025", "4/13/2025", "3/4/2025", "3/4/2025", "3.4.2025"]
    sources = ["web", "web", "app", "app", "post", "web"]
    assert orders(texts, sources) == {
        ("web", "/"): "day_first",
        ("app", "/"): "month_first",
        ("post", "/"): "ambiguous",
        ("web", "."): "ambiguous",
    }
    findings = check_of(texts, sources)
    assert findings["dates_ambiguous"].frame["row"].to_list() == [4, 5]
    assert findings["dates_ambiguous"].fix is None
    assert "dates_conflict" not in findings


def test_both_orders_in_one_source_are_a_conflict_and_nothing_is_guessed() -> None:
    findings = check_of(["13/4/2025", "4/13/2025", "3/4/2025", "5/5/2025"])
    assert orders(["13/4/2025", "4/13/2025", "3/4/2025"]) == {("app", "/"): "conflict"}
    assert findings["dates_conflict"].frame.select("row", "seen").rows() == [(2, "3/4/2025")]
    assert findings["dates_conflict"].fix is None


def test_a_day_that_is_not_in_the_calendar_is_named() -> None:
    finding = check_of(["31/2/2025", "29/2/2024", "29 February 2023", "2025-13-01"])["dates_impossible"]
    assert finding.frame["seen"].to_list() == ["31/2/2025", "29 February 2023", "2025-13-01"]


@pytest.mark.parametrize(("rarer", "is_mixed"), [(1, False), (2, True), (3, True)])
def test_a_second_format_is_a_mix_from_two_percent_on(rarer: int, is_mixed: bool) -> None:
    texts = [f"on 2025-03-{day % 28 + 1:02d}" for day in range(100 - rarer)] + ["on 4 March 2025"] * rarer
    findings = check_of(texts, mixed_least=1)
    assert ("dates_mixed" in findings) is is_mixed
    if is_mixed:
        assert findings["dates_mixed"].rows == rarer
        assert findings["dates_mixed"].frame["form"].unique().to_list() == ["day_month"]


def test_sources_may_differ_without_being_mixed() -> None:
    texts = ["on 2025-03-04"] * 10 + ["on 4 March 2025"] * 10
    assert "dates_mixed" not in check_of(texts, ["a"] * 10 + ["b"] * 10)
    assert check_of(texts)["dates_mixed"].rows == 10


def test_amounts_and_phones_of_the_rarer_form_are_listed() -> None:
    texts = ["paid 12.50 €", "paid 1,234.50 €", "paid 7.00 €", "paid 12,50 €", "about 1,234 €", "no amount 12,50"]
    finding = check_of(texts, mixed_least=1)["amounts_mixed"]
    assert finding.frame.select("row", "form", "most").rows() == [
        (3, "decimal comma, sign after", "decimal point, sign after")
    ]
    phones = ["call +49 30 901820", "call +1 646 555 0123", "call 646-555-0123"]
    assert check_of(phones, mixed_least=1)["phones_mixed"].frame.select("row", "form").rows() == [(2, "dashed")]


def test_spellings_of_a_class_are_one_and_signs_make_another() -> None:
    world = corpus([f"t{i}" for i in range(6)], ["Card Arrival", "card_arrival", "card_arrival", "C++", "C", None])
    assert found(check(world, Options()), "formats.labels_variants") == [0]


def test_nothing_to_look_at_gives_nothing() -> None:
    assert check(corpus([None] * 3), Options()) == ()


PIECES = [
    "13/4/2025",
    "3/4/2025",
    "4/13/2025",
    "2025-03-04",
    "5.6.2025",
    "4 March 2025",
    "x",
    "<br>",
    "Ã©",
    "12,50 €",
    "$3.50",
]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["a", "b"])), min_size=1, max_size=12), st.randoms())
def test_the_order_of_rows_changes_nothing(given_rows: list[tuple[str, str]], draw) -> None:
    frame = rows(
        [text for text, _ in given_rows], ["l"] * len(given_rows), source_id=[source for _, source in given_rows]
    )
    shuffled = list(range(frame.height))
    draw.shuffle(shuffled)

    def told(world: Corpus) -> set[tuple]:
        ids = world.scan("row", "example_id").collect()
        lines: set[tuple] = set()
        for finding in check(world, Options(mixed_least=1)):
            named = finding.frame.join(ids, on="row").drop("row")
            lines |= {(finding.name, str(finding.facts), *line) for line in named.rows()} or {
                (finding.name, str(finding.facts))
            }
        return lines

    import polars as pl

    mixed = frame[shuffled].with_columns(row=pl.int_range(frame.height, dtype=pl.Int64))
    assert told(of(mixed)) == told(of(frame))
