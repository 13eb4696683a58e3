"""The scorecard on a screen: systems in lines while their figures fit beside each other, else figures in lines."""

import pytest

from tunewright.cli.commands.evaluate import evaluate_table
from tunewright.core.score import Score
from tunewright.stages.evaluate.results import EvaluateResult, SystemLine
from tunewright.stats.wilson import wilson_score


def result(*more: str) -> EvaluateResult:
    def line(name: str, hits: int) -> SystemLine:
        return SystemLine(system=name, scores=tuple(wilson_score(one, hits, 50) for one in ("accuracy", *more)))

    return EvaluateResult(
        candidate="sha256:aa",
        scorecard="sha256:bb",
        rows=50,
        metric="accuracy",
        systems=(line("tuned", 40), line("untuned", 10)),
        best_baseline="untuned",
        gain=Score(metric="gain", value=0.6, n=50),
        decision="ship",
        words="It is better.",
        verdict=None,
    )


def shown(capsys: pytest.CaptureFixture[str], value: EvaluateResult) -> list[list[str]]:
    evaluate_table(value)
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_few_figures_stand_beside_each_other(capsys) -> None:
    lines = shown(capsys, result("macro_f1"))
    assert lines[0] == ["system", "accuracy", "95", "%", "interval", "macro_f1"]
    assert lines[2] == ["untuned", "0.200", "0.112", "to", "0.330", "0.200"]


def test_many_figures_have_a_line_each_and_none_is_cut(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ("exact_match", "category_accuracy", "priority_accuracy", "json_valid", "rouge_l")
    lines = shown(capsys, result(*names))
    assert lines[0] == ["metric", "tuned", "95", "%", "interval", "untuned"]
    assert [line[0] for line in lines[1:7]] == ["accuracy", *names]
    assert lines[1] == ["accuracy", "0.800", "0.670", "to", "0.888", "0.200"]
    assert lines[7][0] == "ship:"
