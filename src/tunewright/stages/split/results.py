"""What `split` gives back."""

from tunewright.core.dataset import Dataset
from tunewright.core.divided import Division
from tunewright.core.frozen import Frozen


class SplitResult(Frozen):
    """What `split` did."""

    dataset: Dataset
    division: Division
