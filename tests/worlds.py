"""Tiny corpora a person can judge."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from tunewright.core.corpus import Corpus
from tunewright.core.dataset import COLUMNS, Dataset, Task
from tunewright.core.digest import frame_digest


def turns(prompt: str | None, answer: str | None) -> list[dict[str, Any]]:
    """A conversation of one question and, if given, its answer."""
    said = [("user", prompt), *([("assistant", answer)] if answer is not None else [])]
    return [{"role": role, "content": content, "weight": None} for role, content in said]


def rows(
    prompts: Sequence[str | None],
    labels: Sequence[str | None] | None = None,
    answers: Sequence[str | None] | None = None,
    **columns: Sequence[Any],
) -> pl.DataFrame:
    """A frame in the columns of a dataset; rows and lines are counted from the header on."""
    n = len(prompts)
    task = "reply" if answers is not None else "classify"
    given: dict[str, Sequence[Any]] = {
        "row": list(range(n)),
        "line": [i + 2 for i in range(n)],
        "example_id": [f"id{i}" for i in range(n)],
        "task": [task] * n,
        "prompt": prompts,
        "answer": answers or [None] * n,
        "label": labels or [None] * n,
        "origin": ["domain"] * n,
        "weight": [1.0] * n,
        "messages": [turns(*said) for said in zip(prompts, answers or [None] * n, strict=True)],
        **columns,
    }
    return pl.DataFrame(
        {name: pl.Series(name, given.get(name, [None] * n), dtype=kind, strict=False) for name, kind in COLUMNS.items()}
    )


def corpus(
    prompts: Sequence[str | None],
    labels: Sequence[str | None] | None = None,
    answers: Sequence[str | None] | None = None,
    **columns: Sequence[Any],
) -> Corpus:
    """A corpus in memory over :func:`rows`."""
    return of(rows(prompts, labels, answers, **columns))


def of(frame: pl.DataFrame) -> Corpus:
    """A corpus in memory over a frame."""
    task: Task = frame["task"][0] if frame.height else "classify"
    dataset = Dataset(table="world", version=None, rows=frame.height, task=task, root=frame_digest(frame))
    return Corpus(dataset, frame.lazy())


def found(findings: Sequence[Any], name: str) -> list[int]:
    """Rows of the finding called `name`, empty when there is none."""
    return next((f.frame["row"].to_list() for f in findings if f.name == name), [])
