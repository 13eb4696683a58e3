"""Figures in words: shares, intervals, durations and digests, spelled one way through the whole report."""

from tunewright.core.durations import page_duration
from tunewright.core.score import Score

METRICS = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "calibration_error": "Calibration error",
    "quality_score": "Quality score",
    "p50_ms": "Latency, median",
    "p95_ms": "Latency, 95th percentile",
    "rows_per_s": "Throughput in batches",
    "json_valid": "Valid JSON",
    "rouge_l": "ROUGE-L",
    "token_f1": "Token F1",
}
MINUS = "\u2212"
NARROW = "\u202f"


def metric(name: str) -> str:
    """A metric's name as a reader says it."""
    return METRICS.get(name, name.replace("_", " ").capitalize())


def count(n: int) -> str:
    """``12,408``."""
    return f"{n:,}"


def share(part: float, whole: float) -> str:
    """``15.4 %``; a dash of nothing, and ``< 0.1 %`` where rounding would say none."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return f"< 0.1{NARROW}%"
    return f"{percent:.1f}{NARROW}%"


def value(score: Score) -> str:
    """The point estimate with its unit."""
    return figure(score.value, score.unit)


def figure(number: float, unit: str) -> str:
    """A number in a unit: shares as percent, points bare, times with their unit."""
    if unit == "share":
        return f"{_of_hundred(100 * number)}{NARROW}%"
    if unit in ("points", ""):
        return _of_hundred(number) if unit else _signless(f"{number:.1f}")
    if unit == "ms":
        return f"{number:.0f}{NARROW}ms" if number >= 100 else f"{number:.1f}{NARROW}ms"
    if unit == "s":
        return page_duration(number)
    if unit == "1/s":
        return f"{number:,.0f} rows a second" if number >= 10 else f"{number:.1f} rows a second"
    return _signless(f"{number:.3g}{NARROW}{unit}")


def interval(score: Score) -> str:
    """``90.8 to 94.9 %``, or an empty text where none was computed."""
    if score.low is None or score.high is None:
        return ""
    low, high = figure(score.low, score.unit), figure(score.high, score.unit)
    tail = low.partition(NARROW)[2]
    if tail and high.endswith(NARROW + tail):
        low = low.removesuffix(NARROW + tail)
    return f"{low} to {high}"


def level(score: Score) -> str:
    """``95 %``."""
    return f"{100 * score.level:.0f}{NARROW}%"


def difference(number: float, unit: str) -> str:
    """A signed difference; of shares in percentage points."""
    scaled = 100 * number if unit == "share" else number
    # Points are told to a tenth; a difference in nats is small and told to a thousandth.
    text = f"{abs(scaled):.1f}" if unit in ("share", "points") else f"{abs(scaled):.3f}"
    sign = "" if float(text) == 0 else "+" if scaled > 0 else MINUS
    return sign + text


def difference_unit(unit: str) -> str:
    """What a difference is counted in: ``points``, or the unit of the figures themselves."""
    return "points" if unit in ("share", "points") else unit


def difference_interval(score: Score) -> str:
    """``+8.9 to +14.9``, or an empty text."""
    if score.low is None or score.high is None:
        return ""
    return f"{difference(score.low, score.unit)} to {difference(score.high, score.unit)}"


def short(digest: str) -> str:
    """The first twelve hex digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def listed(words: list[str]) -> str:
    """``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plural(n: int, singular: str, plural_form: str = "") -> str:
    """``1 row``, ``1,204 rows``."""
    return f"{count(n)} {singular if n == 1 else plural_form or singular + 's'}"


def _of_hundred(number: float) -> str:
    """One decimal, but never a round 100 where something is missing from it."""
    if 99.95 <= number < 100:
        return "99.99" if number >= 99.99 else f"{number:.2f}"
    return _signless(f"{number:.1f}")


def _signless(text: str) -> str:
    """`text` with a minus sign in place of each hyphen."""
    return text.replace("-", MINUS)
