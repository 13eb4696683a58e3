"""The share of written answers that are a JSON object with the very keys that the desk's own answer has.

A program that reads the answers breaks on the others, whatever they say. Measured where every answer of the desk is a
JSON object; keys inside of values are not compared.
"""

from collections.abc import Sequence

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Generations
from tunewright.stages.evaluate.entities import json_objects
from tunewright.stats.intervals import Sampling
from tunewright.stats.wilson import wilson_score

TASKS: tuple[Task, ...] = ("reply", "extract")


class Options(Frozen):
    """Nothing to choose."""


def measure(references: Sequence[str], answers: Generations, sampling: Sampling, options: Options) -> Score | None:
    """Valid objects among the written answers; None when none was written, or the desk's own are no objects."""
    wanted, written = json_objects(references), json_objects(answers.texts)
    if not written or None in wanted:
        return None
    valid = sum(
        theirs is not None and ours is not None and set(theirs) == set(ours)
        for theirs, ours in zip(wanted, written, strict=False)
    )
    return wilson_score("json_valid", valid, len(written), level=sampling.level)
