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


def test_the_license_and_the_sources_are_read_from_the_card_beside_the_base(made, bundle, tmp_path) -> None:
    def license_lines(base: str, **settings: str) -> list[str]:
        plan = made.candidate.run.plan.model_copy(update={"base": base})
        candidate = made.candidate.model_copy(update={"run": made.candidate.run.model_copy(update={"plan": plan})})
        card = model_card(bundle(), candidate, made.scorecard, ReleaseSettings(**settings))
        return [line for line in card.splitlines() if line.startswith(("- License", "- Contains"))]

    assert license_lines(made.candidate.run.plan.base) == [
        "- License: the base model's is not stated in its card; your data may ask for more"
    ]
    assert license_lines("all-MiniLM-L6-v2") == [
        "- License: the base model's is Apache-2.0; your data may ask for more"
    ]
    first, *sources = license_lines("starter-8m", license="CC-BY-SA-4.0")
    assert first == (
        "- License: CC-BY-SA-4.0; the base model's is CC-BY-SA-4.0, under which a model tuned from it has to be given "
        "on; your data may ask for more"
    )
    assert len(sources) == 4
    assert "starter-8m (Tunewright), CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/" in sources[0]
    assert any("Schema-Guided Dialogue (Rastogi et al. 2020), CC BY-SA 4.0" in line for line in sources)
    own = tmp_path / "own"
    own.mkdir()
    (own / "README.md").write_text("---\nlicense: mit\nattribution: ['A <b>corpus</b>']\n---\n# Ours\n")
    assert license_lines(str(own)) == [
        "- License: the base model's is MIT; your data may ask for more",
        "- Contains, by way of the base model: A \\<b\\>corpus\\</b\\>",
    ]
