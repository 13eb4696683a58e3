"""What came in: a dataset, and an account of every record of the user's file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import polars as pl
from pydantic import PrivateAttr

from tunewright.core.dataset import Dataset
from tunewright.core.frozen import Frozen

QUARANTINE_COLUMNS = {"line": pl.Int64, "reason": pl.String, "raw": pl.String}
#: For people who want to mend them; beside the value in the step's folder.
QUARANTINE_FILE = "quarantine.csv"


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
    _quarantine: pl.DataFrame = PrivateAttr(default_factory=lambda: pl.DataFrame(schema=QUARANTINE_COLUMNS))

    @property
    def quarantine(self) -> pl.DataFrame:
        """The records set aside: `line`, `reason`, `raw` (how it begins)."""
        return self._quarantine

    def with_quarantine(self, frame: pl.DataFrame) -> Self:
        """This account with the records that were set aside."""
        self._quarantine = frame
        return self

    def write(self, folder: Path) -> None:
        """Keep the account, and the records set aside where there are any."""
        super().write(folder)
        if self._quarantine.height:
            self._quarantine.write_csv(folder / QUARANTINE_FILE)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The account kept in `folder`."""
        account, file = super().read(folder), folder / QUARANTINE_FILE
        return account.with_quarantine(pl.read_csv(file, schema=QUARANTINE_COLUMNS)) if file.exists() else account
