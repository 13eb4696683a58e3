"""How alike two texts must be to be near-duplicates, and how hard to look for them."""

from pydantic import Field

from tunewright.core.frozen import Frozen


class NearDuplicateOptions(Frozen):
    """How alike two texts must be, and how hard to look."""

    threshold_short: float = Field(0.6, gt=0, le=1, description="Jaccard similarity of two short texts (characters)")
    threshold_long: float = Field(0.6, gt=0, le=1, description="Jaccard similarity of two long texts (words)")
    short_words: int = Field(40, ge=1, description="texts of up to this many words are compared by characters")
    char_shingle: int = Field(4, ge=2, le=16, description="characters in one shingle of a short text")
    word_shingle: int = Field(3, ge=1, le=8, description="words in one shingle of a long text")
    bands: int = Field(32, ge=1, le=256, description="bands of the sketch; more bands find less similar pairs")
    band_rows: int = Field(4, ge=1, le=16, description="permutations in one band; more rows propose fewer pairs")
    window: int = Field(16, ge=2, description="texts that one text is held against in a bucket of many")
