"""Undo what happened to texts on their way: wrong decoding, markup, unseen characters, loose accents, ragged space.

Each finding of the formats check is mended by its own step; the harmless ones (mojibake, invisible and direction
characters, composition) follow on the same text, since an entity may hide a zero-width space. A finding of another
check gets every step that is on. What counts as damage, and why: `text/encoding_damage.py`.
"""

from typing import Literal

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding
from tunewright.core.frozen import Frozen
from tunewright.stages.clean.texts import mended
from tunewright.text import encoding_damage as damage

STAGE = 2
NEEDS = ("ftfy",)

Step = Literal["mojibake", "markup", "invisible", "direction", "composition", "space"]

#: In the order in which they run: bytes before markup, since its signs may be wrong; markup before what it may hide.
STEPS: dict[Step, tuple[damage.Mend, str]] = {
    "mojibake": (damage.mended_mojibake, "UTF-8 that had been read as another encoding"),
    "markup": (damage.mended_markup, "HTML tags and entities"),
    "invisible": (damage.mended_invisible, "characters that nobody sees"),
    "direction": (damage.mended_direction, "characters that turn the direction of the text"),
    "composition": (damage.mended_composition, "accents apart from their letters"),
    "space": (damage.mended_space, "ragged white space"),
}
HARMLESS: tuple[Step, ...] = ("mojibake", "invisible", "direction", "composition")


class Options(Frozen):
    """Which kinds of damage are mended."""

    steps: tuple[Step, ...] = Field(
        ("mojibake", "markup", "invisible", "direction", "composition"),
        description="Kinds of damage that are mended; white space is not, unless named: space.",
    )


def fix(corpus: Corpus, finding: Finding, options: Options) -> pl.DataFrame:
    """The mended text of each place in the finding, prompt where it names none."""
    own = [step for step in STEPS if step == finding.kind] or list(STEPS)
    wanted = [step for step in STEPS if step in options.steps and (step in own or step in HARMLESS)]
    if not set(own) & set(wanted):
        wanted = []
    mends = ", ".join(STEPS[step][1] for step in own if step in wanted)
    return mended(corpus, finding, lambda texts: _settled(texts, wanted), f"mended: {mends}")


def _settled(texts: pl.Series, steps: list[Step]) -> pl.Series:
    """`texts` after every step, in rounds until none changes anything: what one step uncovers, the next mends."""
    new = texts
    for _ in range(damage.LAYERS):
        before = new
        for step in steps:
            new = STEPS[step][0](new)
        if new.equals(before):
            break
    return new
