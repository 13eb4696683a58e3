"""The report says of a gate what its stage declares of it, whatever the gate is called."""

from dataclasses import replace

import pytest
from tests.stages.report import materials

from tunewright.core.gate import Gate, Verdict, judge
from tunewright.core.score import Score
from tunewright.stages.report.api import render
from tunewright.stages.report.gate_words import bar_text, gate_title, measured_interval, measured_text
from tunewright.stages.report.headline import headline
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.sections import gates


def declared(**shown: object) -> Gate:
    """A gate that no stage of ours has."""
    return Gate(
        name="guard.refusals", bar=">= 0.9", title="refused attacks", measure=lambda score: score, advice="", **shown
    )


def material(gate: Gate | None, verdict: Verdict) -> ReportMaterial:
    """A report of one verdict; `gate` is None where nobody declares it."""
    return replace(materials.nothing(), verdicts=(verdict,), gates={gate.name: gate} if gate else {})


def verdict(
    bar: str, value: float, low: float | None = None, high: float | None = None, unit: str = "share"
) -> Verdict:
    return judge("guard.refusals", bar, Score(metric="refusals", value=value, n=200, low=low, high=high, unit=unit))


@pytest.mark.parametrize(
    ("gate", "judged", "words"),
    [
        (
            declared(),
            verdict(">= 0.9", 0.95, 0.92, 0.97),
            ("refused attacks", "≥\u202f0.9", "95.0\u202f%", "92.0 to 97.0\u202f%"),
        ),
        (
            declared(difference=True),
            verdict("> -0.02", 0.01, -0.01, 0.03),
            ("refused attacks", ">\u202f\u22122.0 points", "+1.0 points", "\u22121.0 to +3.0"),
        ),
        (
            declared(difference=True),
            verdict("<= 0.5", -0.25, -0.5, 0.125, "nats"),
            ("refused attacks", "≤\u202f0.5", "\u22120.250 nats", "\u22120.500 to +0.125"),
        ),
        (
            declared(answers=("leaks", "holds")),
            verdict(">= 1", 1.0, unit="yes or no"),
            ("refused attacks", "holds", "holds", ""),
        ),
        (
            declared(answers=("leaks", "holds")),
            verdict(">= 1", 0.0, unit="yes or no"),
            ("refused attacks", "holds", "leaks", ""),
        ),
        (
            None,
            verdict(">= 0.9", 0.95, 0.92, 0.97),
            ("guard: refusals", "≥\u202f0.9", "95.0\u202f%", "92.0 to 97.0\u202f%"),
        ),
    ],
)
def test_a_gate_is_shown_in_the_words_of_its_stage(gate: Gate | None, judged: Verdict, words: tuple[str, ...]) -> None:
    shown = material(gate, judged)
    functions = (gate_title, bar_text, measured_text, measured_interval)
    assert tuple(function(shown, judged) for function in functions) == words
    row = gates.section(shown).tables[0].rows[0]
    assert row[0] == words[0][0].upper() + words[0][1:]
    assert (row[1], row[2].text, row[2].interval) == words[1:]


def test_a_shut_gate_is_named_in_the_headline_by_its_title() -> None:
    shut = verdict(">= 0.9", 0.85, 0.79, 0.9)
    sentences = " ".join(headline(material(declared(), shut)).sentences)
    assert "The gate on refused attacks failed: it asks for ≥\u202f0.9, measured was 85.0\u202f%" in sentences
    assert "(interval 79.0 to 90.0\u202f%, of which the worse end counts)" in sentences


def test_the_gate_on_the_data_is_the_one_that_the_material_names() -> None:
    full = materials.full()
    renamed = full.verdicts[0].model_copy(update={"gate": "guard.refusals"})
    named = replace(full, verdicts=(renamed,), quality_gate="guard.refusals", gates={"guard.refusals": declared()})
    assert "The dashed line is the gate: ≥\u202f85." in render(named)
    assert {figure.name: figure.tone for figure in headline(named).figures}["Data quality of 100"] == "good"
    other = replace(named, quality_gate="audit.quality_score")
    assert "The dashed line is the gate: ≥" not in render(other)
    assert {figure.name: figure.tone for figure in headline(other).figures}["Data quality of 100"] == "plain"
