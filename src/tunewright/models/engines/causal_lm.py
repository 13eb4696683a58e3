"""A causal language model in this process, by transformers: writes, streams, scores and embeds.

Chats are computed one by one, each on a thread of its own, so an answer has the same bits whoever else is asked.
"""

from pydantic import Field

from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import Frozen
from tunewright.models.engine import Engine
from tunewright.models.files import find_model

NEEDS = ("torch", "transformers", "safetensors")
EXTRA = "train"

__all__ = ["EXTRA", "NEEDS", "Options", "find_base", "open_engine"]
find_base = find_model


class Options(Frozen):
    """Where it is computed."""

    device: str = Field("auto", description="cpu, cuda, or auto for a GPU where there is one.")


def open_engine(ref: EngineRef, options: Options) -> Engine:
    """The model in the reference's folder.

    Raises:
        UserError: E-ENGINE-006 without a folder, E-TRAIN-005 when its tokenizer is not a fast one.
    """
    from tunewright.models.causal_lm import CausalLM

    return CausalLM.load(ref.require_folder(), device=options.device)
