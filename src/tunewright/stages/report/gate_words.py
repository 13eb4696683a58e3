"""A gate and its verdict as a reader says them: name, bar, figure and interval."""

from tunewright.core.gate import Verdict, parse_bar
from tunewright.stages.report import format as fmt
from tunewright.stages.report.material import ReportMaterial


def gate_title(material: ReportMaterial, verdict: Verdict) -> str:
    """The gate's title; of a gate that no stage declares any more, its name in words."""
    gate = material.gates.get(verdict.gate)
    return gate.title if gate else verdict.gate.replace(".", ": ").replace("_", " ")


def bar_text(material: ReportMaterial, verdict: Verdict) -> str:
    """A gate's bar as a reader writes it: ``≥ 85``, a difference of shares in points, a yes or no by its answer."""
    gate = material.gates.get(verdict.gate)
    if gate and gate.answers:
        return gate.answers[1]
    if gate and gate.difference and verdict.measured.unit == "share":
        comparison, limit = parse_bar(verdict.bar)
        return f"{comparison.replace('>=', '≥').replace('<=', '≤')}{fmt.NARROW}{fmt.difference(limit, 'share')} points"
    return verdict.bar.strip().replace(">=", "≥").replace("<=", "≤").replace(" ", fmt.NARROW)


def measured_text(material: ReportMaterial, verdict: Verdict) -> str:
    """What a gate measured, in the unit of its bar's reader."""
    gate, score = material.gates.get(verdict.gate), verdict.measured
    if gate and gate.difference:
        return f"{fmt.difference(score.value, score.unit)} {fmt.difference_unit(score.unit)}"
    if gate and gate.answers:
        return gate.answers[int(bool(score.value))]
    return fmt.value(score)


def measured_interval(material: ReportMaterial, verdict: Verdict) -> str:
    """The interval of what a gate measured; empty where it has none."""
    gate = material.gates.get(verdict.gate)
    return fmt.difference_interval(verdict.measured) if gate and gate.difference else fmt.interval(verdict.measured)
