"""Settings of the split stage: the ``split:`` section of tunewright.yaml."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tunewright.core.frozen import Frozen


class SplitSettings(Frozen):
    """How rows are divided."""

    validation: float = Field(0.1, ge=0.01, le=0.4, description="Share of rows for choosing the checkpoint.")
    test: float = Field(0.1, ge=0.01, le=0.4, description="Share of rows that only the evaluation reads.")
    near_duplicates: bool = Field(True, description="Keep near-identical texts on one side, not only exact copies.")
    by: Literal["", "subject_token", "source_id"] = Field(
        "", description="Also keep rows of one subject or source together: subject_token or source_id."
    )
    given: bool = Field(True, description="Use the split column of the data where the file has one.")

    @model_validator(mode="after")
    def _leaves_rows_to_train_on(self) -> Self:
        if self.validation + self.test > 0.6:
            raise ValueError("validation and test together take more than 60 % of the rows")
        return self
