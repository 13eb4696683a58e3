"""Says what it is told: a stand-in without a model, for demos and tests.

What it does is in ``tunewright.models.echo``; an evaluation that it answered opens no gate.
"""

from collections.abc import Mapping

from pydantic import Field

from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import Frozen
from tunewright.models.echo import EchoEngine
from tunewright.models.engine import Engine


class Options(Frozen):
    """What it answers, how slowly, and when it fails."""

    answers: Mapping[str, str] = Field({}, description="Scripted answers by the user's last message; others echo it.")
    labels: tuple[str, ...] = Field(("no", "yes"), min_length=1, description="Labels that it chooses from.")
    dim: int = Field(16, ge=1, le=4096, description="Width of its vectors.")
    context_tokens: int = Field(4096, ge=1, description="Words of the longest chat, its answer included.")
    concurrency: int = Field(8, ge=1, description="Calls that it says it takes at the same time.")
    seconds_a_call: float = Field(0.0, ge=0, description="Seconds before the first word of a call.")
    seconds_a_token: float = Field(0.0, ge=0, description="Seconds before each word that it writes.")
    fail_first: int = Field(0, ge=0, description="Calls that fail, from the first on, before it answers.")
    fail_every: int = Field(0, ge=0, description="Every how many calls one fails; 0 never.")


def open_engine(ref: EngineRef, options: Options) -> Engine:
    """The stand-in; it reads no files."""
    return EchoEngine(**options.model_dump())
