"""The model card says what was measured, and other people's text cannot act in it."""

import pytest

from tunewright.stages.release.card import model_card, plain
from tunewright.stages.release.settings import ReleaseSettings


@pytest.fixture
def card(made, bundle) -> str:
    return (bundle().folder / "README.md").read_text(encoding="utf-8")


def test_every_system_and_figure_is_in_the_card(card: str, made) -> None:
    scores = made.scorecard
    for system in scores.systems:
        assert f"| {system.system.replace('_', ' ')} |" in card
    own = scores.own.score("accuracy")
    assert f"{own.value:.3f} ({own.low:.3f} to {own.high:.3f})" in card
    assert f"On {scores.rows:,} rows that it never saw" in card
    assert "Intervals are 95 %." in card
    assert all(
        digest in card for digest in ("sha256:aa", made.corpus.dataset.digest, made.candidate.run.plan.base_digest)
    )
    assert "## Limits" in card
    assert "Lowest recall: " in card


def test_an_overridden_gate_is_told_with_who_and_why_on_one_line(card: str) -> None:
    line = next(line for line in card.splitlines() if "`evaluate.gain`" in line)
    assert "failed, overridden by m.weber: a pilot \\| \\<b\\>two\\</b\\> lines" in line


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "a | b", "# title", "[x](javascript:y)", "`code`", "one\n\n# two"]
)
def test_nothing_in_a_label_acts(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    bare = shown.replace("\\\\", "")
    assert not any(char in "<>|#[]`" and bare[at - 1] != "\\" for at, char in enumerate(bare))


def test_a_given_license_and_use_are_told(made, bundle) -> None:
    settings = ReleaseSettings(license="CC-BY-4.0", intended_use="Sort bank mail.")
    card = model_card(bundle(), made.candidate, made.scorecard, settings)
    assert "License: CC-BY-4.0" in card
    assert "Intended use: Sort bank mail." in card


def test_the_default_encoders_license_is_known_and_another_bases_is_not_claimed(made, bundle) -> None:
    plan = made.candidate.run.plan
    assert "License: that of the base model" in model_card(bundle(), made.candidate, made.scorecard, ReleaseSettings())
    bundled = plan.model_copy(update={"base": "all-MiniLM-L6-v2"})
    candidate = made.candidate.model_copy(update={"run": made.candidate.run.model_copy(update={"plan": bundled})})
    assert "base model's is Apache-2.0" in model_card(bundle(), candidate, made.scorecard, ReleaseSettings())
