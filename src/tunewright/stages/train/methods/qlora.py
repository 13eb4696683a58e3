"""QLoRA: adapters over a base held in 4 or 8 bits, for a model whose 16-bit weights do not fit.

Dettmers et al. 2023 (arXiv 2305.14314): NF4 with quantized block scales, products in bf16 where a GPU has it and in
fp32 elsewhere, adapters in fp32. It saves memory of the weights and nothing else, so LoRA comes first where the base
fits. The options that LoRA has too mean the same here.

What is trained is the rounded base with an adapter, so that is what is published: the adapter is merged into the base's
dequantized values (``merge_into: dequantized``), and the merged model is held against the trained one by divergence
before it counts (docs/decisions/021).

On a CPU both widths work and resume to the last bit, but nothing is quicker for it: 4-bit weights are widened at every
product. With 8 bits inputs are rounded as well (LLM.int8), so the merged model, whose inputs are not, is close to the
trained one and not equal to it: what that rounding does to the base is measured, and allowed. On a CPU it is emulated,
and neither time nor memory of a product is saved.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.options import AdapterOptions

if TYPE_CHECKING:
    from tunewright.stages.train.data.inputs import Start
    from tunewright.stages.train.machine import Machine

NEEDS = ("torch", "transformers", "peft", "accelerate", "safetensors", "bitsandbytes")
EXTRA = "qlora"
KIND = "decoder"


class Options(AdapterOptions):
    """How adapters over a quantized base are trained."""

    bits: Literal[4, 8] = Field(4, description="Bits of the base's weights: 4 (NF4, double quantized) or 8 (LLM.int8).")
    merge_into: Literal["dequantized", "original"] = Field(
        "dequantized",
        description="Base that the adapter is merged into: the rounded one it was trained on, or the one on disk, "
        "which is another function; refused if that undoes the fine-tune.",
    )


def train(
    corpus: Corpus,
    plan: Plan,
    options: Options,
    work: Path,
    progress: Progress,
    checkpoint_seconds: float,
    group: ProcessGroup = ALONE,
) -> Run:
    """Train adapters on the plan's base in few bits, choose by the validation split, leave the merged ``work/model``.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-009 (the merged model is not the trained one), E-TRAIN-010 (a checkpoint of another plan),
            E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long), E-TRAIN-022 to 024 (this GPU).
    """
    from functools import partial

    from tunewright.stages.train.causal_run import CausalMethod, train_causal
    from tunewright.stages.train.weights.adapters import adapted, groups_of
    from tunewright.stages.train.weights.merging import publish_merged
    from tunewright.stages.train.weights.quantized import load_dequantized, load_quantized

    def method_on(machine: "Machine") -> CausalMethod:
        load = partial(load_quantized, bits=options.bits, max_tokens=options.max_tokens, precision=machine.precision)

        def publish(model: Any, start: "Start") -> None:
            dequantized = partial(
                load_dequantized,
                start.files.folder,
                device=machine.device,
                bits=options.bits,
                precision=machine.precision,
            )
            publish_merged(
                model,
                start,
                plan,
                work,
                progress,
                base=options.merge_into,
                load=None if options.merge_into == "original" else dequantized,
                unrounded=dequantized if options.bits == 8 else None,
            )

        return CausalMethod(
            prepare=lambda base: adapted(base, plan, options, group),
            groups=lambda model: groups_of(model, options),
            publish=publish,
            load=load,
            noise=options.neftune_alpha,
        )

    return train_causal(corpus, plan, options, work, progress, checkpoint_seconds, group, method_on)
