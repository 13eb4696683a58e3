"""One figure of a stage as a person reads it."""

from tunewright.core.frozen import Frozen


class Figure(Frozen):
    """A figure with its name, ready to be shown.

    Attributes:
        label: what it is.
        value: the figure in words, with its unit.
        note: what a reader should know beside it; may be empty.
    """

    label: str
    value: str
    note: str = ""
