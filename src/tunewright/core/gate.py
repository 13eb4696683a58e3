"""A gate: its bar, the judgement of what was measured, and who overrode it."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from pydantic import PrivateAttr

from tunewright.core.errors import GateFailed, UserError
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score

_BAR = re.compile(r"^\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$")


def today() -> date:
    """The day it is, in UTC, which the last days of overrides are held against."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A bar on a figure that a stage measures, declared by that stage.

    Attributes:
        name: ``stage.figure``, as tunewright.yaml, ``--override``, the record and the model card call it.
        bar: the bar that holds unless the project says otherwise, such as ``>= 85``.
        title: the same name as a reader says it.
        measure: the figure, from the output of the stage.
        advice: what to do when the gate is shut; a sentence without its period.
        difference: the figure is a difference, shown with its sign and, of shares, in points.
        answers: what the figures 0 and 1 are called, where the figure is a yes or a no.
        former: the name it had before; it is taken wherever users write one, and stays part of step keys.
    """

    name: str
    bar: str
    title: str
    measure: Callable[[Any], Score]
    advice: str
    difference: bool = False
    answers: tuple[str, str] | None = None
    former: str = ""


class Override(Frozen):
    """A person's decision to go on past a failed gate."""

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"when"})

    who: str
    why: str
    until: str | None = None
    when: str = ""

    def holds(self, on: date | None = None) -> bool:
        """Whether the decision still holds on the day `on` (today in UTC); its last day is included."""
        return self.until is None or (on or today()) <= date.fromisoformat(self.until)


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
    _key_name: str = PrivateAttr(default="")

    def key_content(self) -> dict[str, Any]:
        """What a step's key covers of this verdict; a gate that was renamed stands there under its first name."""
        return {**self.content(), "gate": self._key_name or self.gate}

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


def judge(gate: str, bar: str, measured: Score, *, override: Override | None = None, key_name: str = "") -> Verdict:
    """The verdict of `gate` on `measured`; an override is kept only when the gate failed.

    `key_name` is what step keys call the gate, where that is not its name.
    """
    comparison, limit = parse_bar(bar)
    end = measured.low if comparison.startswith(">") else measured.high
    judged = measured.value if end is None else end
    passed = (
        math.isfinite(judged)
        and not math.isnan(measured.value)
        and {
            ">=": judged >= limit,
            "<=": judged <= limit,
            ">": judged > limit,
            "<": judged < limit,
        }[comparison]
    )
    verdict = Verdict(
        gate=gate,
        bar=bar,
        measured=measured,
        judged=judged if math.isfinite(judged) else None,
        passed=passed,
        overridden=None if passed else override,
    )
    verdict._key_name = key_name
    return verdict


def require_overrides_hold(verdicts: Iterable[Verdict], *, what: str, on: date | None = None) -> None:
    """Stop unless every override among `verdicts` still holds on the day `on` (today in UTC).

    Args:
        verdicts: the gates that something was released with.
        what: what is to be used, for the error, such as ``the release desk-1a2b3c4d``.
        on: the day; None is today.

    Raises:
        GateFailed: E-GATE-004, exit code 3, naming each gate whose override has ended.
    """
    ended = [verdict for verdict in verdicts if verdict.overridden and not verdict.overridden.holds(on)]
    if not ended:
        return
    lines = [f"`{verdict.gate}` until {_last_day(verdict)}" for verdict in ended]
    raise GateFailed(
        "E-GATE-004",
        f"The override that {what} was let through with has ended: {', '.join(lines)}.",
        why="A person let it pass a failed gate up to that day, and nobody has decided again since.",
        fix=f'tunewright release --override {ended[0].gate} --why "…" --until DATE, or clear the bar and run again.',
    )


def _last_day(verdict: Verdict) -> str:
    return verdict.overridden.until or "" if verdict.overridden else ""
