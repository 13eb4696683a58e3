"""A model trained on a grid, written with its weights on it, and the proof that nothing else changed."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.core.candidate import Candidate
from tunewright.core.errors import UserError
from tunewright.core.files import sync_tree
from tunewright.core.progress import Progress
from tunewright.models.quantization_grid import OnGrid

if TYPE_CHECKING:
    from tunewright.models.quantization_grid import Grid
    from tunewright.stages.train.data.inputs import Start

#: Rounding twice is rounding once, so the saved model is the trained one but for the order of sums.
TOLERANCE = 1e-5


def publish_settled(
    model: Any, start: "Start", layers: tuple[str, ...], grid: "Grid", work: Path, progress: Progress
) -> OnGrid:
    """Write ``work/model`` at once and whole: weights on the grid, in fp32, where they are exact; and which grid.

    Raises:
        UserError: E-TRAIN-009 when what was saved does not give the trained logits.
    """
    from transformers.utils import logging

    from tunewright.models.causal_lm import CausalLM
    from tunewright.models.encoder import quiet
    from tunewright.stages.train.data.inputs import keep_tokenizer
    from tunewright.stages.train.weights.fake_quantized import round_activations, settle
    from tunewright.stages.train.weights.merging import gap, probe_logits, rounded

    target = work / Candidate.MODEL_FOLDER
    aside = work / f".{Candidate.MODEL_FOLDER}.part"
    for folder in (target, aside):
        shutil.rmtree(folder, ignore_errors=True)
    trained = probe_logits(model, start.held_out)
    round_activations(model, enabled=False)
    weights_alone = probe_logits(model, start.held_out)
    settle(model, layers, grid)
    with quiet(logging):
        model.save_pretrained(aside, safe_serialization=True)
    keep_tokenizer(start, aside)
    saved = probe_logits(CausalLM.load(aside, device=start.base.device).model, start.held_out)
    on_grid = OnGrid(
        grid=grid,
        layers=layers,
        ignored=_linear(model, layers),
        difference=rounded(gap(weights_alone, saved).difference),
        kl_activations=rounded(gap(trained, saved).kl) if grid.activations else 0.0,
    )
    _require_same(on_grid.difference)
    on_grid.keep(aside)
    progress.say(on_grid.words)
    sync_tree(aside)
    aside.rename(target)
    return on_grid


def _linear(model: Any, layers: tuple[str, ...]) -> tuple[str, ...]:
    """The linear layers that are not on the grid."""
    import torch

    return tuple(
        name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear) and name not in layers
    )


def _require_same(difference: float) -> None:
    """Raise E-TRAIN-009 when the saved model is another one than the trained one."""
    if not difference <= TOLERANCE:
        raise UserError(
            "E-TRAIN-009",
            f"The logits of the saved model differ from the trained one's by {difference:.2g} of their scale.",
            why="Its weights lie on the grid already, so that writing them may change nothing.",
            fix="Report this with the base model's name; its layers are not all rounded as they were trained.",
        )
