"""Personal data in rows: which finding, how severe, and what the evidence says."""

from tests.worlds import corpus, found

from tunewright.pii.types import pii_types
from tunewright.stages.audit.checks.pii import BLOCKING, Options, check

OFF = Options(names=False)


def test_one_finding_a_type_with_its_places_and_classes() -> None:
    world = corpus(["mail a@b.example", "fine", "card 4111 1111 1111 1111 and c@d.example"], ["x"] * 3)
    mail, card = check(world, OFF)
    assert (mail.name, mail.severity, mail.fix, mail.rows) == ("pii.email", "warning", "redact", 2)
    assert (card.name, card.severity) == ("pii.payment_card", "blocking")
    assert card.facts == {"spans": 1, "hipaa": "J", "gdpr": "personal", "pci": True}
    assert card.frame.columns == ["row", "score", "column", "start", "end", "type", "text_digest"]
    assert card.frame.select("row", "column", "start", "end").rows() == [(2, "prompt", 5, 24)]
    assert card.sentence(card.frame.to_dicts()[0]) == "payment card number in the prompt, characters 5 to 24"


def test_no_evidence_holds_the_text() -> None:
    for finding in check(corpus(["card 4111 1111 1111 1111, a@b.example"], ["x"]), OFF):
        assert "4111" not in finding.frame.write_csv() + finding.model_dump_json()
        assert "a@b" not in finding.frame.write_csv() + finding.model_dump_json()


def test_what_blocks_can_be_chosen_and_is_known() -> None:
    assert set(BLOCKING) <= set(pii_types())
    (mail,) = check(corpus(["mail a@b.example"], ["x"]), Options(names=False, blocking=("email",)))
    assert mail.severity == "blocking"


def test_sensitivity_moves_names_and_leaves_patterns() -> None:
    world = corpus(["mail a@b.example", "Quillfeather was late again", "call 415-555-2671"], ["x"] * 3)
    for sensitivity in ("low", "balanced", "high"):
        findings = check(world, Options.model_validate({"sensitivity": sensitivity}))
        assert {"email", "phone"} <= {f.kind for f in findings}


def test_clean_rows_have_no_finding_and_types_can_be_chosen() -> None:
    assert check(corpus(["order 4111111111111111 is late", None, ""], ["x"] * 3), OFF) == ()
    world = corpus(["a@b.example +49 30 1234567"], ["x"])
    assert [f.kind for f in check(world, Options(types=("phone",), names=False))] == ["phone"]
    assert found(check(world, OFF), "pii.email") == [0]
