"""What the template is given: plain text in a few shapes. Only a figure's SVG is markup, and charts.py made it."""

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

Tone = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True)
class Badge:
    """A status by word, icon and color."""

    text: str
    tone: Tone


@dataclass(frozen=True)
class Bar:
    """A share in a table cell: drawn and said."""

    text: str
    share: float
    tone: Tone = "plain"


@dataclass(frozen=True)
class Hash:
    """A digest: shown short, whole on hover and in the list of digests."""

    full: str


@dataclass(frozen=True)
class Ranged:
    """A figure with its interval in small print."""

    text: str
    interval: str = ""


@dataclass(frozen=True)
class Quote:
    """A piece of the user's data, masked and cut, isolated from the text around it."""

    text: str


Cell = str | Badge | Bar | Hash | Ranged | Quote


@dataclass(frozen=True)
class Column:
    """A heading, and whether its cells are figures (right-aligned) or the row's own heading."""

    name: str
    numeric: bool = False
    head: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption; `shown` rows are open, the rest folded."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shown: int | None = None


@dataclass(frozen=True)
class Figure:
    """A chart: what it shows in words, and the same figures as a table."""

    svg: Markup
    title: str
    label: str
    table: Table


@dataclass(frozen=True)
class Example:
    """One row of the user's file that a finding is about."""

    line: str
    sentence: str
    text: str
    answer: str = ""


@dataclass(frozen=True)
class FindingView:
    """A finding with its examples."""

    name: str
    severity: Badge
    rows: str
    share: Bar
    sentence: str
    fix: str
    examples: tuple[Example, ...]
    after: str
    hash: Hash | None


@dataclass(frozen=True)
class KeyFigure:
    """One of the figures at the top."""

    name: str
    text: str
    note: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Headline:
    """The verdict: what it is, whether to ship, by how much, what the gates said, what it cost."""

    badge: Badge
    title: str
    sentences: tuple[str, ...]
    words: str
    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Section:
    """One part of the report, in the order it is read."""

    id: str
    title: str
    lead: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    findings: tuple[FindingView, ...] = ()
    digests: tuple[tuple[str, Hash], ...] = ()
