"""The judgement of a gate: a bar, what was measured, and who overrode it."""

import math
import re
from typing import ClassVar

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score

_BAR = re.compile(r"^\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$")


class Override(Frozen):
    """A person's decision to go on past a failed gate."""

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"when"})

    who: str
    why: str
    until: str | None = None
    when: str = ""


class Verdict(Frozen):
    """Whether a measured figure clears its bar.

    A bar on a figure with an interval is judged on the pessimistic end; NaN fails.
    """

    gate: str
    bar: str
    measured: Score
    judged: float | None
    passed: bool
    overridden: Override | None = None

    @property
    def open(self) -> bool:
        """Whether the flow may go on: the gate passed, or a person overrode it."""
        return self.passed or self.overridden is not None


def parse_bar(bar: str) -> tuple[str, float]:
    """``(">=", 85.0)`` of ``">= 85"``.

    Raises:
        UserError: E-CFG-005 when the text is no comparison.
    """
    match = _BAR.match(bar)
    if match is None:
        raise UserError("E-CFG-005", f"{bar!r} is no bar.", fix='Write a comparison such as ">= 85".')
    return match.group(1), float(match.group(2))


def judge(gate: str, bar: str, measured: Score, *, override: Override | None = None) -> Verdict:
    """The verdict of `gate` on `measured`; an override is kept only when the gate failed."""
    comparison, limit = parse_bar(bar)
    end = measured.low if comparison.startswith(">") else measured.high
    judged = measured.value if end is None else end
    passed = (
        math.isfinite(judged)
        and {
            ">=": judged >= limit,
            "<=": judged <= limit,
            ">": judged > limit,
            "<": judged < limit,
        }[comparison]
    )
    return Verdict(
        gate=gate,
        bar=bar,
        measured=measured,
        judged=judged if math.isfinite(judged) else None,
        passed=passed,
        overridden=None if passed else override,
    )
