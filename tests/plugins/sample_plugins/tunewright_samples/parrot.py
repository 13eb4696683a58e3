"""Says the last thing that it heard again, a word or a label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import Frozen
from tunewright.models.engine import Classification, EngineBase, GenerateRequest, Generation, Limits


class Options(Frozen):
    """What it has heard, and how it speaks."""

    labels: tuple[str, ...] = Field(("no", "yes"), min_length=1, description="Labels, of which it knows the last.")
    times: int = Field(1, ge=1, description="How often a word is said.")


class Parrot(EngineBase):
    """The engine."""

    name = "parrot"
    capabilities = frozenset({"generate", "classify"})
    limits = Limits(context_tokens=1000)

    def __init__(self, options: Options) -> None:
        self.options = options

    def count_tokens(self, messages: Sequence[Any], answer: str | None = None) -> int:
        """Words, the answer's among them."""
        return sum(len(message["content"].split()) for message in messages) + len((answer or "").split())

    def generate(self, requests: Sequence[GenerateRequest], **_: Any) -> list[Generation]:
        """The last word of each chat."""
        self.require("generate")
        words = [str(request.messages[-1]["content"]).split()[-1] for request in requests]
        return [Generation(" ".join([word] * self.options.times), 1, self.options.times, "stop") for word in words]

    def classify(self, texts: Sequence[str], **_: Any) -> Classification:
        """The last label for every text."""
        self.require("classify")
        probabilities = np.zeros((len(texts), len(self.options.labels)), dtype=np.float32)
        probabilities[:, -1] = 1
        return Classification(self.options.labels, probabilities)


def open_engine(ref: EngineRef, options: Options) -> Parrot:
    """The parrot; it reads no files."""
    return Parrot(options)
