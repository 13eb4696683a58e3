"""What `release` gives back."""

from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict


class ReleaseResult(Frozen):
    """What `release` packaged: its name, its digest, where it lies."""

    name: str
    release: str
    folder: str
    verdicts: tuple[Verdict, ...]
    parity_rows: int
