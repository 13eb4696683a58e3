"""One measured figure with its count and interval."""

from tunewright.core.frozen import Frozen


class Score(Frozen):
    """A figure, how many things it was measured on, and the interval it may lie in.

    Attributes:
        metric: its name, such as ``accuracy`` or ``quality_score``.
        value: the point estimate.
        n: rows (or other units) it was measured on.
        low: lower end of the interval, None when none could be computed.
        high: upper end.
        level: confidence of the interval.
        method: how the interval was made, such as ``wilson`` or ``bootstrap-2000``.
        unit: what the figure counts, such as ``share``, ``points``, ``ms``.
    """

    metric: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    unit: str = "share"
