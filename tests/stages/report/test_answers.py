"""The report of a model that writes: its units, its many figures, and its answers beside the desk's own."""

from dataclasses import replace

import polars as pl
from tests.stages.report import materials

from tunewright.core.divided import Divided
from tunewright.core.score import Score
from tunewright.core.scorecard import SystemScores
from tunewright.stages.report.material import ReportMaterial, worst_errors
from tunewright.stages.report.page import Quote, Ranged
from tunewright.stages.report.sections import data, evaluation, training

METRICS = ("exact_match", "category_accuracy", "priority_accuracy", "json_valid", "rouge_l", "token_f1")
TRUTH = [f'{{"category": "refund", "reply": "Hello {at}"}}' for at in range(8)]
WRITTEN = [TRUTH[0], '{"category": "login", "reply": "Hi"}', None, None, "no JSON", None, None, None]


def written() -> ReportMaterial:
    full = materials.full()
    systems = tuple(
        SystemScores(
            system=name,
            about=about,
            scores=(
                *(materials.rate(metric, 30, 50) for metric in METRICS),
                Score(
                    metric="log_likelihood", value=value, n=8, low=value - 0.1, high=value + 0.1, unit="nats a token"
                ),
            ),
        )
        for name, about, value in (("tuned", "the tuned candidate", -0.2), ("untuned", "The base as it came.", -6.5))
    )
    frame = pl.DataFrame({"row": range(8), "truth": TRUTH, "predicted": WRITTEN, "nats": [0.2] * 8})
    card = full.evaluated.scorecard.model_copy(
        update={
            "task": "reply",
            "metric": "log_likelihood",
            "systems": systems,
            "comparisons": (),
            "classes": (),
            "confusions": (),
            "rows": 8,
            "suite": materials.sha("split"),
        }
    ).with_predictions(frame)
    run = full.run.model_copy(
        update={
            "metric": "log_likelihood",
            "curve": tuple(
                point.model_copy(update={"validation_metric": -0.5 - 0.01 * at})
                for at, point in enumerate(full.run.curve)
            ),
        }
    )
    evaluated = replace(full.evaluated, scorecard=card, rows=materials.quoted(rows=8))
    return replace(
        full,
        evaluated=evaluated,
        run=run,
        divided=Divided(
            dataset=full.divided.dataset, division=full.divided.division.model_copy(update={"classes": {}})
        ),
    )


def table(section, title: str):
    return next(candidate for candidate in section.tables if candidate.caption.startswith(title))


def test_a_likelihood_is_no_percentage() -> None:
    section = training.section(written())
    assert "%" not in section.lead[-1]
    assert "nats a token" in section.lead[-1]
    curve = section.figures[-1]
    assert "%" not in curve.label
    assert "nats a token" in curve.svg


def test_many_figures_have_a_line_each_with_the_main_one_first() -> None:
    section = evaluation.section(written())
    shown = table(section, "Every figure")
    assert [column.name for column in shown.columns] == ["Figure", "tuned", "untuned"]
    assert [row[0] for row in shown.rows][:3] == ["Log likelihood", "Exact match", "Category accuracy"]
    assert len(shown.rows) == 7
    assert isinstance(shown.rows[1][1], Ranged) and shown.rows[1][1].text.startswith("60")
    assert "untuned: The base as it came." in section.lead
    assert "of the test split" in section.lead[0]  # and not a digest


def test_few_figures_stay_side_by_side() -> None:
    shown = table(evaluation.section(materials.full()), "Every figure")
    assert [column.name for column in shown.columns] == ["System", "Accuracy", "Macro-F1", "Calibration error"]


def test_answers_are_shown_beside_the_desks_own_where_they_differ_and_were_written() -> None:
    section = evaluation.mistakes(written())
    shown = table(section, "Answers that differ")
    assert [row[2:] for row in shown.rows] == [
        (Quote(TRUTH[1]), Quote('{"category": "login", "reply": "Hi"}')),
        (Quote(TRUTH[4]), Quote("no JSON")),
    ]
    assert "3 test rows" in section.lead[0]
    assert worst_errors(written().evaluated.scorecard.predictions, 50)["row"].to_list() == [1, 4]


def test_rows_without_classes_are_not_called_stratified() -> None:
    assert "drawn at random" in data.split(written()).lead[0]
    assert "stratified by class" in data.split(materials.full()).lead[0]
