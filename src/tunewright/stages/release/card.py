"""The model card: what the model is for, what it was made from, how it was measured, and where it fails."""

import re

from tunewright.core.candidate import Candidate
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, Scorecard
from tunewright.models.license import BaseLicense, license_of
from tunewright.stages.release.settings import ReleaseSettings

WORST = 5
#: What Markdown or HTML would read as more than a character; labels and reasons are other people's text.
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def model_card(release: Release, candidate: Candidate, scorecard: Scorecard, settings: ReleaseSettings) -> str:
    """Markdown in the order of Mitchell et al. 2019 (arXiv 1810.03993)."""
    sections = (
        [f"# {plain(release.name)}", "", f"**{scorecard.decision}.** {plain(scorecard.words)}"],
        _model(candidate, settings),
        _measured(scorecard),
        _limits(release, scorecard),
        ["## Gates", "", *_gates(release)],
        ["## Data", "", *(f"- {plain(stage)}: `{digest}`" for stage, digest in release.data.items())],
        _use(release),
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown or HTML would act on."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _model(candidate: Candidate, settings: ReleaseSettings) -> list[str]:
    run, plan = candidate.run, candidate.run.plan
    use = settings.intended_use or f"Answers of the kind {candidate.task} on texts like those it was trained on."
    what = f"- Gives one of {len(candidate.labels)} labels, listed in `labels.json`" if candidate.labels else ""
    return [
        "## Model",
        "",
        f"- Method: {plain(plan.method)} on {plain(plan.base)} (weights `{plan.base_digest}`)",
        *_license(settings.license, license_of(plan.base)),
        f"- Trained on {run.trained_rows:,} rows in {run.precision}, best checkpoint at step {run.best_step:,}",
        *([what] if what else []),
        f"- Intended use: {plain(use)}",
    ]


def _license(stated: str, base: BaseLicense) -> list[str]:
    """The license that the user stated, the one that the base is under, and whom the base asks to name."""
    of_base = f"the base model's is {plain(base.name)}" if base.name else "the base model's is not stated in its card"
    alike = ", under which a model tuned from it has to be given on" if base.share_alike else ""
    return [
        f"- License: {f'{plain(stated)}; ' if stated else ''}{of_base}{alike}; your data may ask for more",
        *(f"- Contains, by way of the base model: {plain(source)}" for source in base.attribution),
    ]


def _measured(scorecard: Scorecard) -> list[str]:
    columns = scorecard.own.scores
    names = [plain(score.metric.replace("_", " ")) for score in columns]
    level = f"{100 * columns[0].level:g} %"
    return [
        "## Measured",
        "",
        f"On {scorecard.rows:,} rows that it never saw, beside systems that need no tuning. Intervals are {level}.",
        "",
        "| System | " + " | ".join(names) + " |",
        "|---" * (1 + len(columns)) + "|",
        *(_row(system.system, system.scores, columns) for system in scorecard.systems),
        "",
        *(_against(comparison) for comparison in scorecard.comparisons),
    ]


def _against(comparison: Comparison) -> str:
    difference = comparison.difference
    return (
        f"- Against {plain(comparison.baseline.replace('_', ' '))}: {_cell(difference, '+')} in "
        f"{plain(difference.unit)}; better on {comparison.wins:,} rows, worse on {comparison.losses:,}, "
        f"the same on {comparison.ties:,}"
    )


def _row(name: str, scores: tuple[Score, ...], columns: tuple[Score, ...]) -> str:
    by_metric = {score.metric: score for score in scores}
    cells = [_cell(by_metric.get(column.metric)) for column in columns]
    return f"| {plain(name.replace('_', ' '))} | " + " | ".join(cells) + " |"


def _cell(score: Score | None, sign: str = "") -> str:
    if score is None:
        return "–"
    ends = "" if score.low is None else f" ({score.low:{sign}.3f} to {score.high:{sign}.3f})"
    return f"{score.value:{sign}.3f}{ends}"


def _limits(release: Release, scorecard: Scorecard) -> list[str]:
    lines = [
        "## Limits",
        "",
        "- Not intended for texts of another domain or language, nor for decisions that no person reviews.",
        f"- The figures hold for rows like the {scorecard.rows:,} it was tested on; other texts were not measured.",
    ]
    if release.labels:
        lines.append("- Every text gets one of the labels, even one that none of them fits.")
    if release.task != "classify":
        lines.append(
            "- It writes what is likeliest, which may be wrong or made up; a person should read an answer before it is "
            "sent."
        )
    if scorecard.classes:
        worst = sorted(scorecard.classes, key=lambda scores: (scores.recall.value, scores.label))[:WORST]
        listed = "; ".join(f"{plain(cls.label)} {_cell(cls.recall)} on {cls.support:,} rows" for cls in worst)
        lines.append(f"- Lowest recall: {listed}.")
    if scorecard.confusions:
        first = scorecard.confusions[0]
        lines.append(
            f"- Confused most often: {plain(first.truth)} taken for {plain(first.predicted)}, {first.rows:,} rows."
        )
    return lines


def _gates(release: Release) -> list[str]:
    lines = []
    for verdict in release.verdicts:
        outcome = "passed" if verdict.passed else "failed"
        if verdict.overridden:
            outcome = f"failed, overridden by {plain(verdict.overridden.who)}: {plain(verdict.overridden.why)}"
        lines.append(f"- `{verdict.gate}` {plain(verdict.bar)}, measured {_cell(verdict.measured)}: {outcome}")
    return lines or ["- None was asked for."]


def _use(release: Release) -> list[str]:
    call = ["import tunewright", "", f'release = tunewright.load("{release.name}")', 'release.predict(["…"])']
    if release.task != "classify":
        call += [
            "",
            "# or without Tunewright:",
            "from transformers import pipeline",
            "",
            f'answer = pipeline("text-generation", "{release.name}/{Candidate.MODEL_FOLDER}")',
            'answer([{"role": "user", "content": "…"}])',
        ]
    return [
        "## Use",
        "",
        "```python",
        *call,
        "```",
        "",
        f"Loaded from this folder, the model gave the bits of the evaluation on {release.parity_rows:,} test rows.",
        "`sha256sum -c SHA256SUMS` checks every file.",
    ]
