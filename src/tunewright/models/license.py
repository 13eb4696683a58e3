"""The license that a base model is given under and whom it asks to name, read from the model card beside its weights.

A model card is the ``README.md`` of a model's folder, whose head between two lines of dashes holds ``license:`` as the
Hugging Face Hub writes it, and in our own cards ``attribution:``. Nothing is fetched: a card that is not on this
machine says nothing.
"""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from tunewright.core.frozen import Frozen
from tunewright.models.files import DEFAULT_ENCODER, DEFAULT_PACKAGE, STARTER_FOLDER, STARTERS

CARD = "README.md"
HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
#: The Hub's names in small letters of licenses whose own name is written otherwise (spdx.org/licenses).
SPELLED = {"apache": "Apache", "cc": "CC", "by": "BY", "sa": "SA", "nc": "NC", "nd": "ND", "mit": "MIT", "bsd": "BSD"}


class BaseLicense(Frozen):
    """What a base model's card says of its license.

    Attributes:
        name: the license, such as ``CC-BY-SA-4.0``; empty where the card does not say, or there is no card.
        attribution: one line for each source that has to be named.
    """

    name: str = ""
    attribution: tuple[str, ...] = ()

    @property
    def share_alike(self) -> bool:
        """Whether models tuned from this one have to be given on under the same license."""
        return "-SA-" in self.name


def license_of(base: str) -> BaseLicense:
    """What the card of `base`, the name of a bundled model, a folder or a Hub id, says of its license."""
    card = _card(base)
    if card is None or not card.is_file():
        return BaseLicense()
    head = _head(card.read_text(encoding="utf-8", errors="replace"))
    sources = head.get("attribution")
    return BaseLicense(
        name=_name(head),
        attribution=tuple(str(source) for source in sources) if isinstance(sources, list) else (),
    )


def _card(base: str) -> Path | None:
    """Where the card of `base` would be on this machine; None where that is not known."""
    if base in STARTERS:
        return STARTER_FOLDER / base / CARD
    if base in ("", DEFAULT_ENCODER):
        return _bundled_card()
    folder = Path(base).expanduser()
    return folder / CARD if folder.is_dir() else _cached_card(base)


def _bundled_card() -> Path | None:
    try:
        package = distribution(DEFAULT_PACKAGE)
    except PackageNotFoundError:
        return None
    cards = [file for file in package.files or () if file.name == CARD]
    return Path(str(package.locate_file(cards[0]))) if cards else None


def _cached_card(base: str) -> Path | None:
    """The card that was downloaded with the weights of a Hub repository."""
    try:
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError
    except ImportError:  # a release can be described where nothing can be fetched
        return None
    try:
        path = try_to_load_from_cache(base, CARD)
    except HFValidationError:  # the path of a folder that is gone
        return None
    return Path(path) if isinstance(path, str) else None


def _head(text: str) -> dict[str, Any]:
    """The fields of a card's head; none where it has no head, or one that is no table."""
    import yaml

    match = HEAD.match(text)
    if match is None:
        return {}
    try:
        fields = yaml.safe_load(match.group(1))
    except yaml.YAMLError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _name(head: dict[str, Any]) -> str:
    """The license in the head's fields as it is usually written; ``other`` by the name that the card gives it."""
    entry = head.get("license")
    names = [str(name).strip() for name in (entry if isinstance(entry, list) else [entry]) if name]
    names = [str(head.get("license_name") or "") if name.lower() == "other" else name for name in names]
    return " or ".join(_spelled(name) for name in names if name)


def _spelled(name: str) -> str:
    """``cc-by-sa-4.0`` as ``CC-BY-SA-4.0``; a name with capitals of its own stays."""
    if name != name.lower():
        return name
    return "-".join(SPELLED.get(part, part) for part in name.split("-"))
