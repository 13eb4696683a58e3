"""What is unlike the documents of the domain is foreign: row by row, and in blocks."""

import json
import random

import pytest
from tests.worlds import corpus, found

from tunewright.core.context import Context
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.stages.audit.checks.domain_mismatch import Options, check

WHO = ("our tenant", "the caretaker", "a neighbor", "my landlord", "the plumber", "the owner", "a visitor")
DID = ("reports a leaking radiator", "complains about damp walls", "asks for a spare door key", "wants the rent lowered",
       "found mold under the window", "hears the lift squeak", "needs a new mailbox lock", "saw the boiler fail")  # fmt: skip
WHERE = ("in flat {n}", "on floor {n}", "in the stairwell of house {n}", "beside cellar {n}", "in block {n}")
FOREIGN = ("sail past buoy {n} with the spinnaker set", "hoist the jib before rounding buoy {n}",
           "trim the mainsail at {n} knots of wind", "moor the yacht beside buoy {n} at low tide")  # fmt: skip


def domestic(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [
        f"{draw.choice(WHO)} {draw.choice(DID)} {draw.choice(WHERE)}".format(n=draw.randrange(300))
        for _ in range(count)
    ]


def foreign(count: int) -> list[str]:
    draw = random.Random(9)
    return [draw.choice(FOREIGN).format(n=draw.randrange(300)) for _ in range(count)]


OWN, OTHER = domestic(360, 1), foreign(40)
DOCUMENTS = tuple(domestic(600, 2))


def world(prompts: list[str], documents: tuple[str, ...] = DOCUMENTS, **columns: list[str | None]) -> Corpus:
    made = corpus(prompts, **columns)
    made.context = Context(documents)
    return made


def of_kind(findings: tuple[Finding, ...], kind: str) -> Finding:
    return next(finding for finding in findings if finding.kind == kind)


def test_foreign_rows_are_found_and_hardly_any_other() -> None:
    (finding,) = check(world(OWN + OTHER), Options())
    rows = set(finding.frame["row"])
    assert (finding.name, finding.severity, finding.fix) == ("domain_mismatch.rows", "warning", None)
    assert rows >= set(range(360, 400)), "every row about sailing"
    assert len(rows - set(range(360, 400))) <= 7, "twice the accepted share of the 360 others"
    assert finding.frame["score"].is_between(0.5, 1).all()


def test_a_person_is_told_what_the_foreign_rows_are_about() -> None:
    (finding,) = check(world(OWN + OTHER), Options())
    said = finding.sentence(finding.frame.filter(finding.frame["row"] == 360).row(0, named=True))
    assert "such rows about" in said
    assert any(word in said for word in ("buoy", "jib", "mainsail", "yacht", "spinnaker", "knots")), said
    assert sum(finding.facts["topics"].values()) == finding.rows


def test_the_rate_of_false_alarms_is_chosen() -> None:
    findings = [check(world(OWN), Options(false_alarms=rate)) for rate in (0.01, 0.1)]
    flagged = [len(found(one, "domain_mismatch.rows")) for one in findings]
    assert flagged[0] <= 0.03 * len(OWN) < flagged[1] <= 0.2 * len(OWN)


def test_a_source_and_a_month_full_of_them_are_blocks() -> None:
    sources: list[str | None] = ["desk"] * 200 + ["portal"] * 160 + ["harbor"] * 30 + ["desk"] * 10
    days = ["2025-01-09"] * 360 + ["2025-02-11"] * 40
    meta: list[str | None] = [json.dumps({"received": day, "order": "12-2025"}) for day in days]
    blocks = of_kind(check(world(OWN + OTHER, source_id=sources, meta=meta), Options()), "blocks")
    assert blocks.rows == 0
    assert blocks.sentence() == "40 of 40 rows of received in '2025-02' are unlike your documents; 1 more such blocks"
    assert blocks.facts["blocks"] == {
        "by": ["received in", "source"], "name": ["2025-02", "harbor"], "rows": [40, 30], "foreign": [40, 30],
    }  # fmt: skip


def test_dates_whose_order_is_unknown_make_no_months() -> None:
    meta: list[str | None] = [json.dumps({"received": "11/02/2025"})] * 360 + [
        json.dumps({"received": "03/04/2025"})
    ] * 40
    assert [finding.kind for finding in check(world(OWN + OTHER, meta=meta), Options())] == ["rows"]


def test_without_documents_it_says_how_to_give_them() -> None:
    with pytest.raises(NotChecked, match=r"data\.references in tunewright\.yaml, or .* --set data\.references=DIR"):
        check(world(OWN, ()), Options())
    with pytest.raises(NotChecked, match="only 19 reference documents"):
        check(world(OWN, DOCUMENTS[:19]), Options())


def test_few_documents_are_a_warning() -> None:
    few = of_kind(check(world(OWN + OTHER, DOCUMENTS[:100]), Options()), "few_documents")
    assert few.severity == "warning"
    assert few.sentence() == "only 100 reference documents: what is called foreign is unsure below 500"
    assert "few_documents" not in {finding.kind for finding in check(world(OWN + OTHER), Options())}


def test_documents_of_another_kind_are_suspected_before_the_rows() -> None:
    most, rows = check(world(OTHER * 5 + OWN[:20]), Options())
    assert most.sentence().startswith("200 of 220 rows are unlike your documents: are the documents texts of")
    assert (rows.kind, rows.severity) == ("rows", "info")


def test_rows_that_say_nothing_are_left_to_another_check() -> None:
    told = check(world([*OWN, *OTHER, "n/a", "", None]), Options())[0].frame["row"]  # type: ignore[list-item]
    assert not set(told) & {400, 401, 402}


def test_the_order_of_rows_and_documents_does_not_matter() -> None:
    order = list(range(400))
    random.Random(0).shuffle(order)
    texts = OWN + OTHER
    straight = check(world(texts), Options())[0].frame
    mixed = check(world([texts[i] for i in order], DOCUMENTS[::-1]), Options())[0].frame
    told = sorted((order[row], score, topic) for row, score, topic, _ in mixed.rows())
    assert told == [(row, score, topic) for row, score, topic, _ in straight.rows()]


def test_an_encoder_can_read_rows_and_documents() -> None:
    pytest.importorskip("torch")
    (finding,) = check(world(OWN[:100] + OTHER[:10]), Options(features="embeddings"))
    rows = set(finding.frame["row"])
    assert rows >= set(range(100, 110)), "every row about sailing"
    assert len(rows - set(range(100, 110))) <= 4


def test_an_encoder_judges_rows_by_the_pieces_of_long_documents() -> None:
    pytest.importorskip("torch")
    pages = tuple(" ".join(DOCUMENTS[at : at + 10]) for at in range(0, 600, 10))
    (finding,) = [one for one in check(world(OWN[:60] + OTHER[:10], pages), Options(features="embeddings"))
                  if one.kind == "rows"]  # fmt: skip
    assert set(finding.frame["row"]) >= set(range(60, 70))
