"""The model card: what the model is for, what it was made from, how it was measured, and where it fails."""

from tunewright.core.candidate import Candidate
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard
from tunewright.release.settings import ReleaseSettings

WORST = 5


def model_card(release: Release, candidate: Candidate, scorecard: Scorecard, settings: ReleaseSettings) -> str:
    """Markdown in the order of Mitchell et al. 2019 (arXiv 1810.03993)."""
    plan = candidate.run.plan
    use = settings.intended_use or f"Answers of the kind `{release.task}` on texts like those it was trained on."
    lines = [
        f"# {release.name}",
        "",
        f"**{scorecard.decision}.** {scorecard.words}",
        "",
        "## Model",
        "",
        f"- Method: {plan.method} on {plan.base} (weights {plan.base_digest})",
        f"- License: {settings.license or 'that of the base model and of your data'}",
        f"- Trained on {candidate.run.trained_rows:,} rows, best checkpoint at step {candidate.run.best_step}",
        f"- Intended use: {use}",
        "- Not intended: texts of another domain or language; decisions that no person reviews.",
        "",
        "## Measured",
        "",
        f"On {scorecard.rows:,} rows that it never saw. Intervals are 95 %.",
        "",
        "| System | " + " | ".join(score.metric for score in scorecard.own.scores) + " |",
        "|---" * (1 + len(scorecard.own.scores)) + "|",
        *(_row(system.system, system.scores, scorecard.own.scores) for system in scorecard.systems),
        "",
        *_weak_classes(scorecard),
        "## Gates",
        "",
        *(
            f"- `{v.gate}` {v.bar}: {'passed' if v.passed else 'overridden' if v.overridden else 'failed'}"
            + (f" by {v.overridden.who}: {v.overridden.why}" if v.overridden else "")
            for v in release.verdicts
        ),
        "",
        "## Data",
        "",
        *(f"- {stage}: `{digest}`" for stage, digest in release.data.items()),
        "",
        "## Use",
        "",
        "```python",
        "import tunewright",
        "",
        f'release = tunewright.load("{release.name}")',
        'release.predict(["…"])',
        "```",
        "",
        f"Its packaged weights gave the very bits of the evaluation on {release.parity_rows:,} test rows.",
        "`sha256sum -c SHA256SUMS` checks every file.",
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, scores: tuple[Score, ...], columns: tuple[Score, ...]) -> str:
    by_metric = {score.metric: score for score in scores}
    cells = [_cell(by_metric.get(column.metric)) for column in columns]
    return f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |"


def _cell(score: Score | None) -> str:
    if score is None:
        return "–"
    return f"{score.value:.3f}" + (f" ({score.low:.3f}–{score.high:.3f})" if score.low is not None else "")


def _weak_classes(scorecard: Scorecard) -> list[str]:
    if not scorecard.classes:
        return []
    worst = sorted(scorecard.classes, key=lambda one: one.recall.value)[:WORST]
    lines = [f"- {one.label}: recall {_cell(one.recall)} on {one.support} rows" for one in worst]
    return ["Weakest classes:", "", *lines, ""]
