"""The types of personal data, and what HIPAA, GDPR and PCI DSS call them (`types.yaml`)."""

from functools import cache
from importlib.resources import files
from typing import Literal

from tunewright.core.frozen import Frozen

#: Types that only the tagger finds; the others have a pattern.
TAGGED = ("person", "place")


class PiiType(Frozen):
    """One type.

    Attributes:
        title: what a report calls it.
        hipaa: letter of the identifier in 45 CFR 164.514(b)(2)(i), None when it is none of the eighteen.
        gdpr: ``personal`` (Article 4), ``special`` (Article 9) or ``none``.
        pci: whether PCI DSS governs it.
        presidio: what Presidio calls it, if it knows it.
    """

    title: str
    hipaa: str | None
    gdpr: Literal["personal", "special", "none"]
    pci: bool
    presidio: tuple[str, ...] = ()


@cache
def pii_types() -> dict[str, PiiType]:
    """Every type by name, in the order of the file."""
    import yaml

    text = files("tunewright.pii").joinpath("types.yaml").read_text(encoding="utf-8")
    return {name: PiiType.model_validate(entry) for name, entry in yaml.safe_load(text).items()}
