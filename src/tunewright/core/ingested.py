"""What came in: a dataset, and an account of every record of the user's file."""

from collections.abc import Mapping

from tunewright.core.dataset import Dataset
from tunewright.core.frozen import Frozen


class Ingested(Frozen):
    """The first version of the data and where its rows came from.

    Attributes:
        dataset: the rows that were read.
        file: name of the user's file.
        file_digest: digest of its bytes.
        format: what it turned out to be.
        mapping: the user's column for each of ours.
        records: records in the file; equal to rows read plus rows quarantined.
        quarantined: records set aside.
        reasons: how many were set aside for each reason.
    """

    dataset: Dataset
    file: str
    file_digest: str
    format: str
    mapping: Mapping[str, str]
    records: int
    quarantined: int
    reasons: Mapping[str, int]
