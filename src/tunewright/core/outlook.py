"""What people's reviews say of a bar so far."""

from typing import Literal

from tunewright.core.frozen import Frozen

Standing = Literal["pass", "fail", "review more"]


class Outlook(Frozen):
    """Whether the reviews decide about a bar, and how many more rows would.

    Attributes:
        outcome: ``pass`` or ``fail`` where the whole interval lies on one side, else ``review more``.
        more: about how many more rows would decide, were the estimate right; 0 when it is decided.
        words: the same in a sentence.
    """

    outcome: Standing
    more: int
    words: str
