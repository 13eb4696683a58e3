"""The verdict in plain words: what it is, whether to ship, by how much, what the gates said, what it cost."""

from tunewright.core.durations import page_duration
from tunewright.core.gate import Verdict
from tunewright.core.scorecard import Comparison, Scorecard
from tunewright.stages.report import format as fmt
from tunewright.stages.report.gate_words import bar_text, gate_title, measured_interval, measured_text
from tunewright.stages.report.material import ReportMaterial
from tunewright.stages.report.page import Badge, Headline, KeyFigure, Tone
from tunewright.stages.report.redact import sample

WORDS = 600
DECISIONS: dict[str, tuple[str, str, Tone]] = {
    "ship": ("Ship", "Ready to ship", "good"),
    "do not ship": ("Do not ship", "Not good enough to ship", "bad"),
    "do not fine-tune": ("Do not fine-tune", "Fine-tuning is not worth it here", "warn"),
    "inconclusive": ("Inconclusive", "Too close to call", "warn"),
}


def headline(material: ReportMaterial) -> Headline:
    """The first screen of the report."""
    badge, title = _decision(material)
    sentences = [
        _model_sentence(material),
        _gain_sentence(material),
        _data_sentence(material),
        _gates_sentence(material),
        _cost_sentence(material),
    ]
    card = material.evaluated and material.evaluated.scorecard
    return Headline(
        badge=badge,
        title=title,
        sentences=tuple(sentence for sentence in sentences if sentence),
        words=sample(card.words, WORDS) if card else sample(material.stopped, WORDS),
        figures=tuple(_key_figures(material)),
    )


def against_best(card: Scorecard) -> Comparison | None:
    """The paired comparison with the best baseline, where there is a baseline."""
    if len(card.systems) < 2:
        return None
    best = card.best_baseline.system
    return next((comparison for comparison in card.comparisons if comparison.baseline == best), None)


def _decision(material: ReportMaterial) -> tuple[Badge, str]:
    """Badge and title of the report: what was decided, or how far the run came."""
    if material.evaluated:
        return _decision_when_evaluated(material, material.evaluated.scorecard)
    if any(not verdict.open for verdict in material.verdicts):
        audit_only = material.plan is None and material.cleaned is None
        title = "The data is not ready to train on" if audit_only else "Stopped: the data is not ready"
        return Badge("Not ready" if audit_only else "Stopped", "bad"), title
    if material.stopped:
        return Badge("Unfinished", "warn"), "The run ended early"
    return _decision_when_not_evaluated(material)


def _decision_when_not_evaluated(material: ReportMaterial) -> tuple[Badge, str]:
    """Badge and title of a run that no gate stopped and that has no scorecard yet."""
    if material.audited is None:
        return Badge("Unfinished", "plain"), "Nothing has been measured yet"
    if not material.verdicts:
        return Badge("Audited", "plain"), "What is wrong with the data"
    if any(verdict.overridden for verdict in material.verdicts):
        return Badge("Overridden", "warn"), "Going on past a failed gate"
    return Badge("Ready", "good"), "The data is ready to train on"


def _decision_when_evaluated(material: ReportMaterial, card: Scorecard) -> tuple[Badge, str]:
    """Badge and title by the scorecard's decision, unless a gate shut or was overridden."""
    word, title, tone = DECISIONS[card.decision]
    shut = [verdict for verdict in material.verdicts if not verdict.open]
    if card.decision == "ship" and shut:
        return Badge("Stopped", "bad"), f"Stopped by the gate on {gate_title(material, shut[0])}"
    if material.release and any(verdict.overridden for verdict in material.verdicts):
        return Badge("Overridden", "warn"), f"{title}, and released past a failed gate"
    return Badge(word, tone), title


def _model_sentence(material: ReportMaterial) -> str:
    """What was planned or trained from what, in a sentence; empty before there is a plan."""
    if material.plan is None:
        return ""
    plan, run = material.plan, material.run
    kind = {
        "classify": f"a classifier of {fmt.plural(len(plan.labels), 'class', 'classes')}",
        "reply": "a model that writes replies",
        "extract": "a model that extracts fields",
    }[plan.task]
    base = sample(plan.base, 80).rstrip("/").rpartition("/")[2]
    trained = f", trained on {fmt.plural(run.trained_rows, 'row')}" if run else ", planned but not trained"
    source = f" of {sample(material.ingested.file, 60)}" if material.ingested and run else ""
    return f"This is {kind}: {base}, tuned by the method “{plan.method}”{trained}{source}."


def _gain_sentence(material: ReportMaterial) -> str:
    """The main figure beside the best baseline's, with their difference; empty before the evaluation."""
    if material.evaluated is None:
        return ""
    card = material.evaluated.scorecard
    own = card.own.score(card.metric)
    sure = f" ({fmt.level(own)} interval {fmt.interval(own)})" if fmt.interval(own) else ""
    text = f"{fmt.metric(card.metric)} on {fmt.plural(card.rows, 'unseen row')} is {fmt.value(own)}{sure}"
    best = against_best(card)
    if best is None:
        return text + "; no baseline was measured."
    base = card.best_baseline
    gap = fmt.difference(best.difference.value, best.difference.unit)
    sure = fmt.difference_interval(best.difference)
    inner = f" ({fmt.level(best.difference)} interval {sure})" if sure else ""
    unit = "points" if best.difference.unit in ("share", "points") else best.difference.unit
    about = f" ({_as_clause(sample(base.about, 120))})" if base.about else ""
    return (
        f"{text}. The best baseline that needs no tuning, {sample(base.system, 40).replace('_', ' ')}{about}, reaches "
        f"{fmt.value(base.score(card.metric))}: a difference of {gap} {unit}{inner}."
    )


def _data_sentence(material: ReportMaterial) -> str:
    """The quality score of the data, and the one before cleaning; empty before the audit."""
    if material.audited is None:
        return ""
    quality = material.audited.report.quality
    rows = material.audited.report.dataset.rows
    text = f"The data scores {fmt.value(quality)} of 100: the share of its {fmt.plural(rows, 'row')} without a defect"
    if material.before and material.after:
        return f"{text}, {fmt.value(material.before.report.quality)} before cleaning."
    return text + "."


def _as_clause(sentence: str) -> str:
    """A sentence as a part of another one."""
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def _gates_sentence(material: ReportMaterial) -> str:
    """That every gate passed, or a sentence for each that did not; empty where none was judged."""
    if not material.verdicts:
        return ""
    passed = [verdict for verdict in material.verdicts if verdict.passed]
    if len(passed) == len(material.verdicts):
        names = fmt.listed([gate_title(material, verdict) for verdict in passed])
        return f"Every gate passed: {names}." if len(passed) > 1 else f"The gate on {names} passed."
    return " ".join(_failed_sentence(material, verdict) for verdict in material.verdicts if not verdict.passed)


def _failed_sentence(material: ReportMaterial, verdict: Verdict) -> str:
    """What a shut gate asks for and what was measured, and who went on past it and why."""
    ends = measured_interval(material, verdict)
    text = f"The gate on {gate_title(material, verdict)} failed: it asks for {bar_text(material, verdict)}, "
    text += f"measured was {measured_text(material, verdict)}"
    text += f" (interval {ends}, of which the worse end counts)" if ends else ""
    if verdict.overridden is None:
        return text + ". Nothing after it was started."
    who, why = sample(verdict.overridden.who, 60), sample(verdict.overridden.why, 200).rstrip(".")
    return f"{text}; {who} went on, giving as reason: “{why}”."


def _cost_sentence(material: ReportMaterial) -> str:
    """Time, energy and money, as far as they are known; empty where no step was timed."""
    if not material.costs:
        return ""
    spent = [f"{page_duration(sum(step.seconds for step in material.costs))} of computing"]
    if material.run and material.run.energy_wh is not None:
        spent.append(f"{material.run.energy_wh:.1f} Wh for training")
    if material.usd is not None:
        spent.append(f"US$ {material.usd:,.2f} for the machine")
    where = f" on {sample(material.machine, 80)}" if material.machine else ""
    return f"It cost {fmt.listed(spent)}{where}."


def _key_figures(material: ReportMaterial) -> list[KeyFigure]:
    """The figures at the top, as far as they were measured: quality, gain, latency, rows, time."""
    figures = []
    if material.evaluated:
        card = material.evaluated.scorecard
        own, best = card.own.score(card.metric), against_best(card)
        figures.append(KeyFigure(fmt.metric(card.metric), fmt.value(own), fmt.interval(own)))
        if best:
            low = best.difference.low
            tone: Tone = "good" if low is not None and low > 0 else "bad" if best.difference.value <= 0 else "warn"
            gap = fmt.difference(best.difference.value, best.difference.unit)
            ends = fmt.difference_interval(best.difference) or "no interval"
            note = f"{fmt.difference_unit(best.difference.unit)}; {ends}"
            figures.append(KeyFigure("Gain over baseline", gap, note, tone))
    if material.audited:
        quality = material.audited.report.quality
        before = material.before.report.quality if material.before and material.after else None
        verdict = material.quality_verdict
        note = f"{fmt.value(before)} before cleaning" if before else fmt.interval(quality)
        tone = "plain" if verdict is None else "good" if verdict.passed else "bad"
        figures.append(KeyFigure("Data quality of 100", fmt.value(quality), note, tone))
    if material.evaluated:
        slow = [score for score in material.evaluated.scorecard.latency if "95" in score.metric]
        figures += [KeyFigure("Answers within", fmt.value(score), "95 of 100, on this machine") for score in slow[:1]]
    if not material.evaluated and material.ingested:
        read = material.ingested.records - material.ingested.quarantined
        note = f"{fmt.count(material.ingested.quarantined)} set aside"
        figures.append(KeyFigure("Rows read", fmt.count(read), note))
    if material.costs:
        total = sum(step.seconds for step in material.costs)
        energy = material.run.energy_wh if material.run else None
        figures.append(
            KeyFigure("Time", page_duration(total), "all steps" if energy is None else f"{energy:.1f} Wh training")
        )
    return figures
