"""Personal data and secrets: addresses, numbers, keys and names, each with its HIPAA, GDPR and PCI class.

What is recognized, and by which shape, check digit or word: `evidence/pii`. Rows block where the data harms by itself
when a model repeats it: what PCI DSS forbids to keep, what opens an account, and what a state identifies a person by.
The rest warns, because whether an e-mail address may stay is a matter of the contract, not of the data.
"""

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.evidence.pii.spans import PiiOptions, pii_spans
from tunewright.evidence.pii.types import pii_types

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
    blocking: tuple[str, ...] = Field(BLOCKING, description="Types whose rows count against the score.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Spans of personal data by type; the evidence says where they stand, never what they say."""
    spans = pii_spans(corpus, PiiOptions(types=options.types, names=options.names))
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
            facts={"spans": count, "hipaa": about.hipaa, "gdpr": about.gdpr, "pci": about.pci},
        )
        for name, about in pii_types().items()
        if (count := spans.filter(pl.col("type") == name).height)
    )
