"""What `report` gives back."""

from tunewright.core.frozen import Frozen


class ReportResult(Frozen):
    """Where `report` was written."""

    path: str
    bytes: int
