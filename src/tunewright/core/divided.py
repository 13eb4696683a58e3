"""A dataset divided into train, validation and test."""

from collections.abc import Mapping

from tunewright.core.dataset import Dataset
from tunewright.core.frozen import Frozen


class Division(Frozen):
    """How many rows, groups and rows of each class each split has."""

    rows: Mapping[str, int]
    groups: int
    classes: Mapping[str, Mapping[str, int]]
    given: bool


class Divided(Frozen):
    """A dataset whose `split` column is filled, and the counts."""

    dataset: Dataset
    division: Division
