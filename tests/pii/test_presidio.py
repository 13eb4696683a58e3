"""Presidio as a second detector, driven by a stand-in for the one method of it that is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import polars as pl
import pytest
from tests.pii.test_spans import spans
from tests.worlds import corpus

from tunewright.core.errors import UserError
from tunewright.pii import presidio
from tunewright.pii.spans import PiiOptions
from tunewright.pii.types import pii_types
from tunewright.stages.audit.checks.pii import Options, check

SECOND = PiiOptions(names=False, second="presidio")


@dataclass
class Hit:
    """What Presidio's results hold (`RecognizerResult`)."""

    entity_type: str
    start: int
    end: int
    score: float


class Engine:
    """Finds given words, as `AnalyzerEngine.analyze(text, language, score_threshold=...)` would."""

    def __init__(self, words: dict[str, tuple[str, float]]) -> None:
        self.words = words
        self.read: list[str] = []

    def analyze(self, text: str, language: str, score_threshold: float) -> list[Hit]:
        assert language == "en"
        self.read.append(text)
        found = [
            (word, kind, score)
            for word, (kind, score) in self.words.items()
            if word in text and score >= score_threshold
        ]
        return [Hit(kind, text.index(word), text.index(word) + len(word), score) for word, kind, score in found]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine(
        {
            "1BoatSLRHtKNngkdXEeobR76b53LETtpyT": ("CRYPTO", 0.9),
            "mail ab@c.example": ("URL", 0.9),
            "ABCDE1234F": ("IN_PAN", 0.85),
            "Tuesday": ("DATE_TIME", 0.85),
            "12345678": ("US_BANK_NUMBER", 0.05),
            "Ines Haddad": ("PERSON", 0.85),
        }
    )
    monkeypatch.setattr(presidio, "_engine", lambda: (made, "a stand-in"))
    yield made


def test_what_only_presidio_finds_joins_under_our_types(engine: Engine) -> None:
    text = "pan ABCDE1234F, wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT, Tuesday, 12345678"
    assert spans(text).is_empty()
    assert spans(text, options=SECOND).select("type", "value", "score").rows() == [
        ("identity_document", "ABCDE1234F", 0.85),
        ("account_number", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", 0.9),
    ]


def test_where_both_found_something_ours_stays_and_what_sticks_out_is_kept(engine: Engine) -> None:
    found = spans("please mail ab@c.example", options=SECOND)
    assert found.select("type", "value").rows() == [("url", "mail "), ("email", "ab@c.example")]


def test_types_and_names_bound_the_second_detector_too(engine: Engine) -> None:
    text = "Ines Haddad wrote, pan ABCDE1234F"
    assert spans(text, options=SECOND)["type"].to_list() == ["identity_document"]
    only = PiiOptions(types=("person",), second="presidio")
    assert spans(text, options=only).select("type", "value").rows() == [("person", "Ines Haddad")]


def test_equal_texts_are_read_once_and_found_in_every_row(engine: Engine) -> None:
    found = spans("pan ABCDE1234F", "nothing", "pan ABCDE1234F", options=SECOND)
    assert sorted(engine.read) == ["nothing", "pan ABCDE1234F"]
    assert found["row"].to_list() == [0, 2]


def test_a_sample_is_drawn_evenly(engine: Engine) -> None:
    found = spans(*[f"{n} pan ABCDE1234F" for n in range(10)], options=SECOND.model_copy(update={"second_texts": 3}))
    assert found["row"].to_list() == [0, 3, 6]


def test_a_long_text_is_read_in_pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presidio, "PIECE", 20)
    found = spans("x" * 25 + " ABCDE1234F", options=SECOND)
    assert found.select("start", "end").rows() == [(26, 36)]
    assert [len(text) for text in engine.read] == [20, 16]


def test_a_finding_says_what_presidio_read_with(engine: Engine) -> None:
    (finding,) = check(corpus(["pan ABCDE1234F", "fine"], ["x"] * 2), Options(names=False, second="presidio"))
    assert finding.facts["second"] == "presidio"
    assert finding.facts["second_read_with"] == "a stand-in"
    assert "second_texts" not in finding.facts
    (plain,) = check(corpus(["mail a@b.example"], ["x"]), Options(names=False))
    assert "second" not in plain.facts


def test_presidio_asked_for_and_missing_is_an_error_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presidio, "find_spec", lambda name: None if name == "presidio_analyzer" else find_spec(name))
    presidio._engine.cache_clear()
    with pytest.raises(UserError) as raised:
        check(corpus(["hello"], ["x"]), Options(names=False, second="presidio"))
    assert raised.value.code == "E-ENV-001"
    assert "pip install" in raised.value.fix


def test_no_entity_of_presidio_has_two_types_of_ours() -> None:
    theirs = pl.Series([name for kind in pii_types().values() for name in kind.presidio])
    assert theirs.len() > 30
    assert theirs.is_unique().all()
