"""An encoder with a head, in this process: labels texts, and embeds them.

Batches have a few fixed shapes, so a text has the same bits in every batch, order and process.
"""

from pydantic import Field

from tunewright.core.engine_ref import EngineRef
from tunewright.core.frozen import Frozen
from tunewright.models.engine import Engine
from tunewright.models.files import find_encoder

NEEDS = ("torch", "transformers", "safetensors")
EXTRA = "train"

__all__ = ["EXTRA", "NEEDS", "Options", "find_base", "open_engine"]
find_base = find_encoder


class Options(Frozen):
    """Where it is computed."""

    device: str = Field("auto", description="cpu, cuda, or auto for a GPU where there is one.")


def open_engine(ref: EngineRef, options: Options) -> Engine:
    """The classifier in the reference's folder.

    Raises:
        UserError: E-ENGINE-006 without a folder, E-TRAIN-005 when its tokenizer is not a fast one, E-TRAIN-006
            when the folder holds no classifier.
    """
    from tunewright.models.classifier import Classifier

    return Classifier.load(ref.require_folder(), device=options.device)
