"""LoRA adapters on every linear layer of a causal language model, trained on the answers' tokens alone.

Hu et al. 2021 (arXiv 2106.09685). Rank 8 and a scale of twice the rank are the playbook's start; 2e-4 is the rate that
peers use for adapters. The adapter is merged in fp32 into a freshly loaded base, and the merged model's answers are
held against the adapter's before it counts as trained (docs/decisions/021).
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup
from tunewright.stages.train.options import AdapterOptions

NEEDS = ("torch", "transformers", "peft", "accelerate", "safetensors")
EXTRA = "train"
KIND = "decoder"


class Options(AdapterOptions):
    """How adapters are trained."""

    precision: Literal["auto", "bf16", "fp8-backward", "fp8"] = Field(
        "auto",
        description="What frozen products compute in on a GPU: auto is bf16; fp8-backward rounds the gradients passing "
        "through them to 8 bits, fp8 the values as well (from compute capability 8.9 on).",
    )

    @model_validator(mode="after")
    def _whole_in_fp8(self) -> "Options":
        if self.fsdp == "on" and self.precision.startswith("fp8"):
            raise ValueError(f"fsdp: on cuts weights, and precision: {self.precision} needs them whole; leave out one")
        return self


def train(
    corpus: Corpus,
    plan: Plan,
    options: Options,
    work: Path,
    progress: Progress,
    checkpoint_seconds: float,
    group: ProcessGroup = ALONE,
) -> Run:
    """Train adapters on the plan's base, choose by the validation split, leave the merged ``work/model``.

    Raises:
        UserError: E-TRAIN-003 to 005 (the base), E-TRAIN-007 (no rows), E-TRAIN-008 (its chat template),
            E-TRAIN-009 (the merged model is not the trained one), E-TRAIN-010 (a checkpoint of another plan),
            E-TRAIN-013 (too many rows lost), E-TRAIN-014 (rows too long), E-TRAIN-022 to 024 (this GPU).
    """
    from tunewright.stages.train.causal_run import CausalMethod, train_causal
    from tunewright.stages.train.weights.adapters import adapted, groups_of
    from tunewright.stages.train.weights.merging import publish_merged

    method = CausalMethod(
        prepare=lambda base: adapted(base, plan, options, group),
        groups=lambda model: groups_of(model, options),
        publish=lambda model, start: publish_merged(model, start, plan, work, progress),
        frozen=True,
        noise=options.neftune_alpha,
    )
    return train_causal(corpus, plan, options, work, progress, checkpoint_seconds, group, lambda machine: method)
