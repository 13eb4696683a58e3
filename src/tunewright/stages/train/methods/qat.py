"""Quantization-aware training: every weight is tuned, and is read through the 4- or 8-bit grid while it is.

Jacob et al. 2018 (arXiv 1712.05877). The weights that are published lie on that grid, so that an exporter writes them
in few bits without rounding anything again (``models/quantization_grid.py``, docs/decisions/021). Rounding after
plain training is cheaper and comes first; published runs of int4 win back a third to two thirds of what that
loses, not all (torchao: Gemma 3, Qwen 3, Llama 3.2).

All weights are trained, not adapters: an adapter's sum with its base is not on the grid, so it would have to be merged
and rounded anyway, and what was chosen on the validation rows would be another model. It takes the memory of full
tuning, and 2e-5 is that method's rate.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.options import WholeOptions

if TYPE_CHECKING:
    from tunewright.models.quantization_grid import Grid

NEEDS = ("torch", "transformers", "accelerate", "safetensors", "torchao")
EXTRA = "qat"
KIND = "decoder"


class Options(WholeOptions):
    """How weights are trained on a grid."""

    bits: Literal[4, 8] = Field(4, description="Bits of a weight: 4, with a scale a group, or 8, with a scale a row.")
    group_size: Literal[32, 64, 128] = Field(
        32, description="Input columns that share a scale of 4-bit weights; fewer are more exact and a little larger."
    )
    activations: bool = Field(
        False, description="With 8 bits: round each layer's inputs to 8 bits as well, one scale a token, as W8A8 does."
    )


def unused(options: Options) -> dict[str, str]:
    """Options that the others leave without effect, and why."""
    if options.bits == 8:
        return {"group_size": "8-bit weights have one scale a row"}
    return {"activations": "inputs are rounded beside 8-bit weights only"}


def grid_of(options: Options) -> "Grid":
    """The grid that these options train on."""
    from tunewright.models.quantization_grid import Grid

    if options.bits == 8:
        return Grid(bits=8, group=0, activations=options.activations)
    return Grid(bits=4, group=options.group_size)


def train(
    corpus: Corpus,
    plan: Plan,
    options: Options,
    work: Path,
    progress: Progress,
    checkpoint_seconds: float,
    group: ProcessGroup = ALONE,
) -> Run:
    """Tune the plan's base on a grid, choose by the validation split, leave ``work/model``, its weights on the grid.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-009 (what was saved is not what was trained), E-TRAIN-010 (a checkpoint of another plan),
            E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long), E-TRAIN-040 (groups do not fit).
    """
    from tunewright.stages.train.causal_run import CausalMethod, train_causal
    from tunewright.stages.train.weights.fake_quantized import fake_quantize
    from tunewright.stages.train.weights.settling import publish_settled
    from tunewright.stages.train.weights.trained import decayed

    grid, layers = grid_of(options), list[str]()

    def prepare(base: Any) -> Any:
        model = base.requires_grad_(True)
        layers.extend(fake_quantize(model, grid))
        progress.say(f"{len(layers)} linear layers are trained on a grid: {grid.words}.")
        return model

    method = CausalMethod(
        prepare=prepare,
        groups=decayed,
        publish=lambda model, start: publish_settled(model, start, tuple(layers), grid, work, progress),
        weight_decay=options.weight_decay,
        shardable=False,
    )
    return train_causal(corpus, plan, options, work, progress, checkpoint_seconds, group, lambda machine: method)
