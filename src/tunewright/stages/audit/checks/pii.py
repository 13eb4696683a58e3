"""Personal data and secrets: addresses, numbers, keys and names, each with its HIPAA, GDPR and PCI class.

What is recognized, and by which shape, check digit or word: `pii/`. Rows block where the data harms by itself
when a model repeats it: what PCI DSS forbids to keep, what opens an account, and what a state identifies a person by.
The rest warns, because whether an e-mail address may stay is a matter of the contract, not of the data.

`second: presidio` lets Microsoft Presidio read the texts too (``pip install "tunewright[pii]"``): its spans join ours,
and where both found something ours stays. It reads one text at a time, so `second_texts` can bound how many it reads.
"""

from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.pii.spans import PiiOptions, pii_spans, second_facts
from tunewright.pii.types import pii_types

BLOCKING = (
    "payment_card",
    "iban",
    "us_ssn",
    "uk_nino",
    "uk_nhs",
    "fr_nir",
    "es_dni",
    "it_fiscal_code",
    "de_tax_id",
    "identity_document",
    "medical_record",
    "secret",
)


class Options(Frozen):
    """Which data is looked for, and which of it blocks."""

    types: tuple[str, ...] = Field((), description="Types of personal data to look for; none named means all.")
    names: bool = Field(True, description="Look for names of persons and places too, with the built-in tagger.")
    sensitivity: Literal["low", "balanced", "high"] = Field(
        "balanced",
        description="How readily the tagger takes a word for a name: `high` misses the fewest names and flags the most "
        "words that are none, `low` the reverse. Patterns such as card numbers are not affected.",
    )
    second: Literal["", "presidio"] = Field("", description="Another detector that reads the texts too: `presidio`.")
    second_texts: int = Field(0, ge=0, description="How many texts, evenly drawn, the second one reads; 0 is all.")
    blocking: tuple[str, ...] = Field(BLOCKING, description="Types whose rows count against the score.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Spans of personal data by type; the evidence says where they stand, never what they say."""
    looked = PiiOptions.model_validate(options.model_dump(exclude={"blocking"}))
    spans = pii_spans(corpus, looked)
    second = second_facts(looked)
    return tuple(
        Finding.of(
            spans.filter(pl.col("type") == name).select(
                "row", "score", "column", "start", "end", "type", "text_digest"
            ),
            check="pii",
            kind=name,
            severity="blocking" if name in options.blocking else "warning",
            message=f"{about.title.lower() if not about.title[:2].isupper() else about.title} in the {{column}}, "
            "characters {start} to {end}",
            fix="redact",
            facts={"spans": count, "hipaa": about.hipaa, "gdpr": about.gdpr, "pci": about.pci, **second},
        )
        for name, about in pii_types().items()
        if (count := spans.filter(pl.col("type") == name).height)
    )
