"""What `release` gives back."""

from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.outputs import Outputs
from tunewright.core.release import Release


class ReleaseResult(Frozen):
    """What `release` packaged: its name, its digest, where it lies."""

    name: str
    release: str
    folder: str
    verdicts: tuple[Verdict, ...]
    parity_rows: int


def release_result(outputs: Outputs) -> ReleaseResult:
    """What was packaged."""
    release = outputs[Release]
    return ReleaseResult(
        name=release.name,
        release=release.digest,
        folder=str(release.folder),
        verdicts=release.verdicts,
        parity_rows=release.parity_rows,
    )
