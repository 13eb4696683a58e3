"""What is there before the first step of a causal model's training: the base, the rows, and how it renders them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tunewright.models.causal_lm import CausalLM
from tunewright.models.files import ModelFiles
from tunewright.models.template_fingerprint import Template
from tunewright.stages.train.data.chats import Chats


@dataclass(frozen=True)
class Start:
    """What is there before the first step.

    Attributes:
        files: where the base lies.
        base: the base, loaded.
        rows: the training rows.
        held_out: the validation rows.
        longest: most tokens of a chat.
        template: how the base's tokenizer renders chats.
        again: loads the base anew, as it was.
    """

    files: ModelFiles
    base: CausalLM
    rows: Chats
    held_out: Chats
    longest: int
    template: Template
    again: Callable[[], CausalLM]


def keep_tokenizer(start: Start, folder: Path) -> None:
    """Save the tokenizer and the fingerprint of its chat template beside the weights in `folder`."""
    start.base.tokenizer.save_pretrained(folder)
    start.template.keep(folder)
