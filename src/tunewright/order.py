"""The stages in the order of the work: a new stage is a folder below ``stages/`` and one line here.

intake → audit → clean → audit → ⟨audit.quality_score⟩ → split → plan → train → evaluate → ⟨evaluate.gain⟩
→ ⟨evaluate.ship⟩ → release

A gate is judged after the stage that declares it, and stops the first step behind it that costs money or goes out.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the shell reads the names below for its help text, and nothing heavy with them
    from tunewright.core.gate import Gate
    from tunewright.core.stage import StageSpec, StepSpec

STEPS = (
    "intake",
    "audit",
    "clean",
    "split",
    "plan",
    "train",
    "evaluate",
    "release",
)

#: Stages that are no step of a run, and have settings all the same.
BESIDE = ("report",)

#: Gates that are judged after a later stage than their own: the data's is judged on the rows that would be trained on.
JUDGED_AFTER = {"audit.quality_score": "clean"}


@cache
def steps() -> "tuple[StepSpec[Any], ...]":
    """The steps of a run, in order."""
    return tuple(import_module(f"tunewright.stages.{name}.stage").STAGE for name in STEPS)


@cache
def stages() -> "tuple[StageSpec, ...]":
    """Every stage, the steps of a run first."""
    return (*steps(), *(import_module(f"tunewright.stages.{name}.stage").STAGE for name in BESIDE))


@cache
def gates() -> "tuple[Gate, ...]":
    """The gate of every stage, in the order of the stages."""
    return tuple(gate for stage in stages() for gate in stage.gates)


def gate(name: str) -> "Gate":
    """The gate called `name`, or that was called so once.

    Raises:
        KeyError: no stage declares it.
    """
    for each in gates():
        if name in (each.name, each.former):
            return each
    raise KeyError(name)
