"""One person, one surrogate, everywhere; and never anybody's own data."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stages.clean.findings import changes, cleaned, finding
from tests.worlds import corpus, of

from tunewright.core.errors import UserError
from tunewright.pii.checksums import iban, luhn
from tunewright.project import Project
from tunewright.stages.clean.fixes.surrogate import KEY_VARIABLE, key_mark
from tunewright.stages.clean.settings import CleanSettings
from tunewright.stages.clean.surrogates import INVENTED, MAKERS, surrogate

KEY = b"0123456789abcdef"
VALUES = {
    "email": ["ann.lee@firm.co.uk", "Bo@x.org"],
    "url": ["https://firm.com/u/77", "www.firm.de"],
    "ip_address": ["84.12.9.4", "2a00:1450:4001::200e"],
    "phone": ["+1 646-555-0234", "0161 496 0321", "(212) 734 0199", "+49 30 901820"],
    "payment_card": ["4012 8888 8888 1881", "371449635398431"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"],
    "us_ssn": ["219-09-9999"],
    "date_of_birth": ["12/06/1985", "4 June 1971", "1 May 1922"],
    "postal_code": ["94103", "03601-1234"],
    "person": ["Maria Lopez", "DR. J. VAN HALEN", "Zoë"],
    "medical_record": ["MRN 00123"],
}


def spans(text: str, *parts: tuple[str, str], row: int = 0, column: str = "prompt") -> dict[str, list]:
    places = [(text.index(part), text.index(part) + len(part), kind) for part, kind in parts]
    return {
        "row": [row] * len(parts),
        "column": [column] * len(parts),
        "start": [p[0] for p in places],
        "end": [p[1] for p in places],
        "type": [p[2] for p in places],
    }


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in VALUES.items() for value in values])
def test_a_surrogate_is_another_value_and_stands_for_itself(kind: str, value: str) -> None:
    made = surrogate(kind, value, KEY)
    assert made != value
    assert surrogate(kind, made, KEY) == made
    assert surrogate(kind, value, KEY) == made
    if kind not in ("date_of_birth", "postal_code"):
        assert surrogate(kind, value, b"another key of 16") != made


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("email", "ann@firm.com", r"\w+\.\w+@example\.(com|net|org)"),
        ("phone", "+1 (646) 555-0234", r"\+1 \(\d{3}\) 555-01\d\d"),
        ("phone", "0161 496 0321", r"0\d{3} 555 01\d\d"),
        ("payment_card", "4012 8888 8888 1881", r"9\d{3}( \d{4}){3}"),
        ("iban", "DE89 3704 0044 0532 0130 00", r"DE00( \d{4}){4} \d\d"),
        ("us_ssn", "219-09-9999", r"000-\d\d-\d{4}"),
        ("ip_address", "84.12.9.4", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+"),
        ("date_of_birth", "12/06/1985", r"1985"),
        ("date_of_birth", "1 May 1922", r"\[BIRTH_DATE-[a-z]{8}\]"),
        ("postal_code", "94103", r"94100"),
        ("postal_code", "03601-1234", r"00000"),
        ("person", "MARIA de Lopez", r"[A-Z]+ de [A-Z][a-z]+"),
        ("secret", "sk_live_1", r"\[SECRET-[a-z]{8}\]"),
    ],
)
def test_a_surrogate_keeps_the_form(kind: str, value: str, form: str) -> None:
    assert re.fullmatch(form, surrogate(kind, value, KEY)), surrogate(kind, value, KEY)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(MAKERS)), st.text(max_size=40))
def test_any_text_gets_a_surrogate_that_stands_for_itself(kind: str, value: str) -> None:
    made = surrogate(kind, value, KEY)
    assert kind == "person" or made
    assert surrogate(kind, made, KEY) == made


@settings(max_examples=60, deadline=None)
@given(st.integers(10**14, 10**16 - 1), st.integers(10**17, 10**18 - 1))
def test_a_card_and_an_account_are_never_valid(card: int, account: int) -> None:
    cards = pl.Series([surrogate("payment_card", str(card), KEY)])
    accounts = pl.Series([surrogate("iban", f"DE89{account}", KEY)])
    assert not luhn(cards).any()
    assert not iban(accounts).any()


def test_the_way_of_writing_makes_no_other_person() -> None:
    def digits(text: str) -> str:
        return re.sub(r"\D", "", text)

    assert digits(surrogate("phone", "646-555-0234", KEY)) == digits(surrogate("phone", "+1 (646) 555 0234", KEY))[1:]
    assert surrogate("email", "Ann@Firm.com", KEY) == surrogate("email", "ann@firm.com", KEY)
    full, part = surrogate("person", "Maria Lopez", KEY), surrogate("person", "Lopez", KEY)
    assert full.split()[1] == part
    assert part.lower() in INVENTED


def test_one_person_is_the_same_in_every_row_and_column() -> None:
    first, second = "I am Maria Lopez, mail ann@firm.com", "Dear Maria Lopez"
    found = pl.concat(
        [
            pl.DataFrame(spans(first, ("Maria Lopez", "person"), ("ann@firm.com", "email"))),
            pl.DataFrame(spans(second, ("Maria Lopez", "person"), column="answer")),
            pl.DataFrame(spans(second, ("Maria Lopez", "person"), row=1)),
        ]
    )
    world = corpus([first, second], answers=[second, "ok"])
    frame, edits = cleaned(
        world, finding(found.to_dict(as_series=False), "surrogate", "pii.person"), fixes={"surrogate": {}}
    )
    name = surrogate("person", "Maria Lopez", KEY)
    assert frame["prompt"].to_list() == [f"I am {name}, mail {surrogate('email', 'ann@firm.com', KEY)}", f"Dear {name}"]
    assert frame["answer"][0] == f"Dear {name}"
    told = " ".join(edits[0].frame["reason"])
    assert "person replaced" in told
    assert "Maria" not in told
    assert "Maria" not in str(frame.to_dicts())


def test_a_surrogate_is_left_alone_when_the_data_is_cleaned_again() -> None:
    text = "card 4012888888881881 ok"
    world = corpus([text])
    frame, edits = cleaned(
        world, finding(spans(text, ("4012888888881881", "payment_card")), "surrogate", "pii.payment_card")
    )
    again, more = cleaned(
        of(frame),
        finding(
            spans(frame["prompt"][0], (frame["prompt"][0].split()[1], "payment_card")), "surrogate", "pii.payment_card"
        ),
    )
    assert len(edits) == 1
    assert more == ()
    assert again.equals(frame)


@pytest.mark.parametrize("given_key", ["", "short"])
def test_without_a_good_key_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch, given_key: str) -> None:
    monkeypatch.setenv(KEY_VARIABLE, given_key)
    found = finding(spans("ann@firm.com", ("ann@firm.com", "email")), "surrogate", "pii.email")
    with pytest.raises(UserError) as stopped:
        changes(corpus(["ann@firm.com"]), found)
    assert stopped.value.code == "E-CLEAN-002"
    assert given_key == "" or "short" not in stopped.value.what.replace("shorter", "")


def test_a_key_file_is_as_good_as_the_environment(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = finding(spans("ann@firm.com", ("ann@firm.com", "email")), "surrogate", "pii.email")
    (tmp_path / "key").write_bytes(KEY + b"\n")
    from_environment = changes(corpus(["ann@firm.com"]), found)
    monkeypatch.delenv(KEY_VARIABLE)
    assert changes(corpus(["ann@firm.com"]), found, key_file=str(tmp_path / "key")).equals(from_environment)
    with pytest.raises(UserError, match="no key in the file"):
        changes(corpus(["ann@firm.com"]), found, key_file=str(tmp_path / "none"))


def test_random_mode_needs_no_key_and_knows_people_within_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    text = "ann@firm.com"
    found = finding(spans(text, (text, "email")), "surrogate", "pii.email")
    rows = corpus([text])
    first = changes(rows, found, mode="random")["value"][0]
    assert changes(rows, found, mode="random")["value"][0] == first
    assert changes(corpus([text]), found, mode="random")["value"][0] != first


def test_random_mode_knows_a_person_in_two_findings_of_one_cleaning() -> None:
    text = "ann@firm.com"
    frame, edits = cleaned(
        corpus([text], None, [text]),
        finding(spans(text, (text, "email")), "surrogate", "pii.email"),
        finding(spans(text, (text, "email"), column="answer"), "surrogate", "pii.mail"),
        fixes={"surrogate": {"mode": "random"}},
    )
    assert len(edits) == 2
    assert frame["prompt"][0] == frame["answer"][0] != text


def test_a_card_of_twelve_digits_keeps_its_form_and_eleven_digits_are_no_card() -> None:
    card = surrogate("payment_card", "5018 0000 0009", KEY)
    assert re.fullmatch(r"9\d{3} \d{4} \d{4}", card), card
    assert not luhn(pl.Series([card.replace(" ", "")])).any()
    assert re.fullmatch(r"\[PAYMENT_CARD-[a-z]{8}\]", surrogate("payment_card", "5018 0000 000", KEY))


@pytest.mark.parametrize("shared", [{"use": {"pii": "surrogate"}}, {"use": {"pii.email": "surrogate"}}])
def test_each_key_has_a_mark_of_its_own_that_gives_nothing_of_it_away(monkeypatch, shared: dict) -> None:
    settings = CleanSettings(**shared)
    mark = key_mark(settings)
    assert re.fullmatch(r"[0-9a-f]{16}", mark)
    assert key_mark(settings) == mark
    monkeypatch.setenv(KEY_VARIABLE, "another key of 16 bytes")
    assert key_mark(settings) not in {mark, ""}
    assert "another" not in key_mark(settings)


def test_without_a_keyed_surrogate_no_key_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    use = {"pii": "surrogate"}
    assert key_mark(CleanSettings()) == ""
    assert key_mark(CleanSettings(use={"pii": "redact"})) == ""
    assert key_mark(CleanSettings(use=use, fixes={"surrogate": {"mode": "random"}})) == ""
    assert key_mark(CleanSettings(use=use, fixes={"surrogate": True})) != ""
    monkeypatch.delenv(KEY_VARIABLE)
    assert key_mark(CleanSettings(use=use)) == ""


def test_another_key_is_another_cleaning_and_the_first_key_finds_the_first_again(tmp_path, monkeypatch) -> None:
    lines = [f"my address number {at} is ann{at}@firm.com,post" for at in range(4)]
    (tmp_path / "mails.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "tunewright.yaml").write_text(
        "name: desk\n"
        "data: {file: mails.csv, task: classify, columns: {prompt: text, label: label}}\n"
        "audit: {checks: {pii: {names: false}}}\n"
        "clean: {use: {pii: surrogate}}\n",
        encoding="utf-8",
    )

    def prompts() -> list[str]:
        project = Project.open(tmp_path)
        after = project.clean().after
        return project.corpus(after.version).column("prompt").to_list()

    first = prompts()
    assert surrogate("email", "ann0@firm.com", KEY) in first[0]
    monkeypatch.setenv(KEY_VARIABLE, "another key of 16 bytes")
    second = prompts()
    assert surrogate("email", "ann0@firm.com", b"another key of 16 bytes") in second[0]
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    assert prompts() == first
