"""Options that methods for causal language models have in common, each written once."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from tunewright.core.frozen import Frozen
from tunewright.core.renamed_options import current_words, stored_words

Switch = Literal["auto", "on", "off"]


class RenamedOptions(Frozen):
    """Options of which some had another word before, which is understood, and is what they are stored under."""

    @model_validator(mode="before")
    @classmethod
    def _under_current_words(cls, options: Any) -> Any:
        """The options that were written, old words replaced."""
        return current_words(options) if isinstance(options, Mapping) else options

    @model_serializer(mode="wrap")
    def _under_stored_words(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a plan stores."""
        return stored_words(dump(self))

    def content(self) -> dict[str, Any]:
        """What the digest covers, under the words that are stored."""
        return stored_words(super().content())


class ChatOptions(RenamedOptions):
    """How a model is fitted to chats, whatever is trained of it."""

    epochs: int = Field(3, ge=1, description="Passes over the training rows, at most.")
    batch: int = Field(8, ge=1, description="Rows of one optimizer step.")
    accumulation: int = Field(
        1, ge=1, description="Parts a step is computed in, one after another: less memory, the same step."
    )
    learning_rate: float = Field(2e-4, gt=0, description="Peak of the learning rate.")
    warmup: float = Field(0.05, ge=0, le=0.5, description="Share of steps in which the learning rate rises.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", description="How the learning rate falls to 0 after that; constant: not at all."
    )
    max_tokens: int = Field(1024, ge=16, description="Most tokens of a chat, and of a line of packed chats.")
    too_long: Literal["drop", "cut", "error"] = Field(
        "drop", description="Chats over max_tokens: left out and counted, cut at the end, or an error."
    )
    max_lost: float = Field(0.05, ge=0, le=1, description="Share of training rows that may be left out; more fails.")
    packing: Switch = Field(
        "auto", description="Several chats in a line, kept apart; auto: on a GPU. A model that mixes them gets padding."
    )
    activation_checkpointing: Literal["auto", "none", "fp8", "selective", "full", "offload"] = Field(
        "auto",
        description="What of a step a GPU computes again for its gradient instead of keeping it, from least to most; "
        "fp8 keeps all, some of it in 8 bits; offload keeps little, in main memory; auto: keeps as much as fits.",
    )
    patience: int = Field(1, ge=0, description="Epochs without a better validation before it ends; 0: never early.")


class Shardable(RenamedOptions):
    """How a model stands in several processes."""

    fsdp: Switch = Field(
        "auto",
        description="Whether several processes divide the model among them (FSDP2) or each holds it whole, which is "
        "faster; auto: whole where it fits a GPU with room for a step.",
    )


class AdapterOptions(ChatOptions, Shardable):
    """How adapters are trained beside a base that stays as it is."""

    rank: int = Field(8, ge=1, description="Rank of the adapters.")
    alpha_ratio: float = Field(2.0, gt=0, description="Scale of the adapters as a multiple of their rank.")
    dora: bool = Field(False, description="Train each matrix's column lengths besides (DoRA, arXiv 2402.09353).")
    rslora: bool = Field(False, description="Scale by the root of the rank instead of the rank (arXiv 2312.03732).")
    lora_plus_ratio: float = Field(
        1.0, ge=1, description="Learning rate of the adapters' second matrices over the first's; 16 is LoRA+'s own."
    )
    neftune_alpha: float = Field(0.0, ge=0, description="Noise on word vectors (NEFTune: 5 to 15); 0: none.")


class WholeOptions(ChatOptions):
    """How every weight is trained."""

    learning_rate: float = Field(2e-5, gt=0, description="Peak of the learning rate.")
    weight_decay: float = Field(0.01, ge=0, description="Decay of matrices (AdamW).")
