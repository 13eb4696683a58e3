"""What the documents of a domain talk about and the rows do not."""

from types import SimpleNamespace

import pytest
from tests.worlds import corpus

from tunewright.core.context import Context, Target
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.stages.audit.checks import terminology
from tunewright.stages.audit.checks.terminology import Options, check

#: Six parts in a hundred documents each, and a phrase; the rows know the first part well and the second a little.
PARTS = ("brevoaxle", "collospoke", "dynohub", "epichuck", "flamoplate", "gradaxle")
DOCUMENTS = tuple(
    f"Inspect the {PARTS[n % 6]}, then the torque wrench kit must be put back by rider number {n}." for n in range(600)
)
ROWS = [
    *["the brevoaxle squeaks and I want it repaired"] * 6,
    *["the collospoke is bent, and Collospoke again"] * 2,
    *["where is my bicycle now"] * 30,
]


def world(rows: list[str] | None = None, documents: tuple[str, ...] = DOCUMENTS, **given: object) -> Corpus:
    split = given.pop("split", None)
    made = corpus(ROWS if rows is None else rows, **({"split": split} if split else {}))  # type: ignore[arg-type]
    made.context = Context(documents, **given)  # type: ignore[arg-type]
    return made


def ranked(finding: Finding) -> dict[str, dict[str, object]]:
    return {entry["term"]: entry for entry in finding.facts["ranked"]}


def test_terms_that_the_rows_lack_are_ranked_with_a_quota() -> None:
    (gaps,) = check(world(), Options())
    listed = ranked(gaps)
    assert gaps.rows == 0, "a statement about the whole"
    assert "brevoaxle" not in listed, "six rows are enough"
    assert {key: listed["collospoke"][key] for key in ("documents", "rows_seen", "wanted_rows")} == {
        "documents": 100, "rows_seen": 2, "wanted_rows": 1,
    }  # fmt: skip
    assert {key: listed["dynohub"][key] for key in ("documents", "rows_seen", "wanted_rows")} == {
        "documents": 100, "rows_seen": 0, "wanted_rows": 5,
    }  # fmt: skip
    order = [entry["term"] for entry in gaps.facts["ranked"]]
    assert order[0] == "torque wrench kit", "six times as many documents have it"
    assert order.index("dynohub") < order.index("collospoke"), "a smaller gap comes later"
    assert gaps.facts["wanted_rows"] == sum(entry["wanted_rows"] for entry in listed.values())


def test_the_sentence_is_short_however_many_terms_there_are() -> None:
    (gaps,) = check(world(), Options())
    missing, terms = gaps.facts["missing"], gaps.facts["terms"]
    assert gaps.sentence().startswith(
        f"{missing} of {terms} terms of your documents are seen fewer than 5 times; first: torque"
    )
    assert len(gaps.sentence()) < 160


def test_low_coverage_warns_and_high_coverage_does_not() -> None:
    (low,) = check(world(), Options())
    assert (low.severity, low.facts["coverage_of_uses"] < 0.3) == ("warning", True)
    covering = [f"about the torque wrench kit and the {part}, inspect it" for part in PARTS[1:]] * 5 + ROWS
    (high,) = check(world([*covering, *["my rider number is seven"] * 3]), Options(coverage=0.75))
    assert high.severity == "info"
    assert high.facts["coverage_of_uses"] == 0.75, "600 of the 2,400 uses are of the one term that is missing"
    assert ranked(high)["rider number"]["wanted_rows"] == 2


def test_only_training_rows_count() -> None:
    split = ["test"] * 6 + ["train"] * (len(ROWS) - 6)
    (gaps,) = check(world(split=split), Options())
    assert ranked(gaps)["brevoaxle"]["rows_seen"] == 0
    assert gaps.facts["training_rows"] == len(ROWS) - 6


def test_the_bundled_tokenizer_shows_which_terms_are_cut_up() -> None:
    gaps, cut = check(world(target=Target(method="encoder", base="", max_tokens=128)), Options())
    part = ranked(gaps)["dynohub"]
    assert part["tokens_per_word"] >= 2 * part["usual_tokens"]
    assert part["wanted_rows"] == 10, "a word in pieces needs twice the rows"
    assert ranked(gaps)["torque wrench kit"]["tokens_per_word"] < 2
    assert "brevoaxle" in ranked(cut), "the rows hold it often, but in pieces"
    assert (cut.kind, cut.severity) == ("fragmented", "info")
    assert "cut to pieces by the tokenizer; first: " in cut.sentence()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (None, "no model is named"),
        (Target(method="lora", base="nobody/model", max_tokens=64), "nobody/model is not a folder here"),
    ],
)
def test_without_a_tokenizer_at_hand_the_reason_is_kept(target: Target | None, why: str) -> None:
    (gaps,) = check(world(target=target), Options())
    assert why in gaps.facts["tokens"]
    assert ranked(gaps)["dynohub"]["tokens_per_word"] is None


def test_surprisal_needs_a_causal_model_and_says_so() -> None:
    (gaps,) = check(world(), Options(surprisal=True))
    assert "needs a causal model in a folder" in gaps.facts["surprisal"]


def test_a_causal_model_in_a_folder_is_asked_about_the_first_terms(tmp_path, monkeypatch) -> None:
    from tunewright.models import causal_lm
    from tunewright.models import term_surprise as surprise

    monkeypatch.setattr(terminology, "find_model", lambda name: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(causal_lm.CausalLM, "load", lambda folder: None)
    hard = {"dynohub": 3.0}
    monkeypatch.setattr(surprise, "surprises", lambda _, __, terms, **___: [hard.get(term, 0.5) for term in terms])
    target = Target(method="lora", base=str(tmp_path), max_tokens=64)
    (gaps,) = check(world(target=target), Options(surprisal=True))
    assert gaps.facts["surprisal"] == "first 9 terms"
    assert gaps.facts["tokens"].endswith("has no tokenizer.json")
    plain = ranked(check(world(), Options())[0])
    assert ranked(gaps)["dynohub"]["priority"] > plain["dynohub"]["priority"], "3 standard deviations are a gap"
    assert ranked(gaps)["epichuck"]["priority"] == plain["epichuck"]["priority"], "half a one is none"


def test_without_documents_it_says_how_to_give_them() -> None:
    with pytest.raises(NotChecked, match=r"data\.references in tunewright\.yaml, or .* --set data\.references=DIR"):
        check(world(documents=()), Options())


def test_few_documents_warn() -> None:
    few, _ = check(world(documents=DOCUMENTS[:60]), Options())
    assert (few.kind, few.severity) == ("few_documents", "warning")
    assert few.sentence().startswith("only 60 reference documents")


def test_documents_in_another_order_give_the_same_list() -> None:
    (straight,), (mixed,) = check(world(), Options()), check(world(documents=DOCUMENTS[::-1]), Options())
    assert straight.facts == mixed.facts
