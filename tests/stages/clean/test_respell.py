"""A class has one name."""

from tests.stages.clean.findings import cleaned
from tests.worlds import corpus, found, of

from tunewright.stages.audit.checks import formats


def test_the_commonest_spelling_becomes_the_only_one() -> None:
    labels = ["card_arrival", "Card Arrival", "card-arrival", "card_arrival", "C", "C++", "c"]
    world = corpus([f"text {i}" for i in range(7)], labels)
    (finding,) = formats.check(world, formats.Options())
    assert (finding.name, finding.severity, finding.fix) == ("formats.labels_variants", "blocking", "respell")
    assert (
        finding.sentence(finding.frame.row(0, named=True))
        == "labelled 'Card Arrival', elsewhere spelled 'card_arrival'"
    )
    frame, (edit,) = cleaned(world, finding)
    assert frame["label"].to_list() == ["card_arrival"] * 4 + ["C", "C++", "C"]
    assert edit.frame["reason"].unique().to_list() == ["spelled like most rows of its class"]
    assert found(formats.check(of(frame), formats.Options()), "formats.labels_variants") == []
