"""Settings of the report stage: the ``report:`` section of tunewright.yaml."""

from pydantic import Field

from tunewright.core.frozen import Frozen


class ReportSettings(Frozen):
    """How much of the data a report may show. Samples are always masked."""

    examples: int = Field(3, ge=0, le=20, description="Example rows shown for each finding.")
    errors: int = Field(12, ge=0, le=100, description="Wrong answers shown, the most confident first.")
    confusions: int = Field(12, ge=0, le=100, description="Pairs of classes shown that are taken for each other.")
    characters: int = Field(
        180, ge=20, le=1000, description="Characters of a sample's text that are shown; the rest is cut off."
    )
