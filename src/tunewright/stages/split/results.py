"""What `split` gives back."""

from tunewright.core.dataset import Dataset
from tunewright.core.divided import Divided, Division
from tunewright.core.frozen import Frozen
from tunewright.core.outputs import Outputs


class SplitResult(Frozen):
    """What `split` did."""

    dataset: Dataset
    division: Division


def split_result(outputs: Outputs) -> SplitResult:
    """How the rows were divided."""
    divided = outputs[Divided]
    return SplitResult(dataset=divided.dataset, division=divided.division)
