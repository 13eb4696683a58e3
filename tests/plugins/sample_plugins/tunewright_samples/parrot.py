"""Says the last word again."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import Frozen
from tunewright.models.engine import EngineBase, GenerateRequest, Generation, Limits

STANDS_IN = True


class Options(Frozen):
    """How it speaks."""

    times: int = Field(1, ge=1, description="How often the word is said.")


class Parrot(EngineBase):
    """The engine."""

    name = "parrot"
    capabilities = frozenset({"generate"})
    limits = Limits(context_tokens=1000)

    def __init__(self, times: int) -> None:
        self.times = times

    def count_tokens(self, messages: Sequence[Any], answer: str | None = None) -> int:
        """Words, the answer's among them."""
        return sum(len(message["content"].split()) for message in messages) + len((answer or "").split())

    def generate(self, requests: Sequence[GenerateRequest], **_: Any) -> list[Generation]:
        """The last word of each chat."""
        self.require("generate")
        words = [str(request.messages[-1]["content"]).split()[-1] for request in requests]
        return [Generation(" ".join([word] * self.times), 1, self.times, "stop") for word in words]


def open_engine(ref: EngineRef, options: Options) -> Parrot:
    """The parrot; it reads no files."""
    return Parrot(options.times)
