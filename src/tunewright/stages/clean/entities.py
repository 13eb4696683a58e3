"""Entities of a prompt, moved to where their words are after the prompt was mended.

Offsets are characters of the prompt. A mended prompt is compared with the old one character by character; an entity
goes where its first and last character went, and its text is read anew.
"""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import polars as pl

from tunewright.core.dataset import ENTITIES

Entity = Mapping[str, Any]
Step = tuple[str, int, int, int, int]


def realigned(rows: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """`rows` whose entities fit the prompts that `new` (`row`, `new`) is about to give them.

    An entity of which nothing is left is removed with its words.
    """
    concerned = rows.filter(pl.col("entities").list.len() > 0).join(new, on="row", how="inner", maintain_order="left")
    if concerned.is_empty():
        return rows
    # An alignment of two texts has no columnar form; only rows with entities and a changed prompt come here.
    moved = [
        _all_moved(entities, old or "", mended)
        for entities, old, mended in zip(concerned["entities"], concerned["prompt"], concerned["new"], strict=True)
    ]
    fresh = concerned.select("row").with_columns(moved=pl.Series(moved, dtype=ENTITIES))
    joined = rows.join(fresh, on="row", how="left", maintain_order="left")
    return joined.with_columns(entities=pl.coalesce("moved", "entities")).drop("moved")


def _all_moved(entities: Sequence[Entity], old: str, new: str) -> list[dict[str, Any]]:
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    moved = []
    for entity in entities:
        start, end = _place(entity["start"], steps, at_end=False), _place(entity["end"], steps, at_end=True)
        text = new[start:end]
        if text.strip():
            moved.append({"label": entity["label"], "start": start, "end": end, "text": text})
    return moved


def _place(offset: int, steps: Sequence[Step], *, at_end: bool) -> int:
    """Where the border at `offset` of the old text is in the new one; inside a changed part, its nearer outside."""
    for kind, old_start, old_end, new_start, new_end in steps:
        inside = old_start < offset <= old_end if at_end else old_start <= offset < old_end
        if inside:
            if kind == "equal":
                return new_start + offset - old_start
            return new_end if at_end else new_start
    return steps[-1][4] if steps and offset else 0
