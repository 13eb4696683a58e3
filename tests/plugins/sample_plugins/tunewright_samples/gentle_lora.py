"""Adapters that are trained at a small learning rate."""

from pathlib import Path

from pydantic import Field

from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.progress import Progress
from tunewright.stages.train.methods import lora

NEEDS = lora.NEEDS
KIND = "decoder"


class Options(lora.Options):
    """How adapters are trained."""

    learning_rate: float = Field(1e-5, gt=0, description="Peak of the learning rate.")


def train(
    corpus: Corpus, plan: Plan, options: Options, work: Path, progress: Progress, checkpoint_seconds: float
) -> Run:
    """The run of plain adapters with these options."""
    progress.say("gently")
    return lora.train(corpus, plan, options, work, progress, checkpoint_seconds)
