"""What a trained classifier says of texts: the same bits in every batch, order and process.

A classifier's folder holds the encoder as transformers loads it (``config.json``, ``model.safetensors``, the
tokenizer), ``head.safetensors`` (`weight` ``(labels, dim)`` and `bias`) and ``classifier.json`` (label names in
index order, pooling, longest text).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from tunewright.core.errors import UserError
from tunewright.core.frozen import Frozen
from tunewright.core.progress import SILENT, Progress
from tunewright.models.chat import Message
from tunewright.models.encoder import Encoder
from tunewright.models.engine import (
    CancelToken,
    Capability,
    Classification,
    Embeddings,
    EngineBase,
    Limits,
    check,
    unit,
)

HEAD_FILE = "head.safetensors"


class ClassifierFile(Frozen):
    """How the head reads the encoder; ``classifier.json`` in a model folder."""

    NAME: ClassVar[str] = "classifier.json"

    format: Literal[1] = 1
    labels: tuple[str, ...]
    pooling: Literal["mean"] = "mean"
    max_tokens: int


class Classifier(EngineBase):
    """A trained classifier, loaded.

    Args:
        encoder: the fine-tuned encoder.
        weight: the head's matrix, shape ``(labels, dim)``.
        bias: the head's offsets, shape ``(labels,)``.
        labels: label names in index order.
    """

    name = "classifier"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({"classify", "embed"})

    def __init__(self, encoder: Encoder, weight: Any, bias: Any, labels: tuple[str, ...]) -> None:
        self.encoder = encoder
        self.labels = labels
        self._weight = weight
        self._bias = bias

    @classmethod
    def load(cls, folder: Path, *, device: str = "auto") -> "Classifier":
        """The classifier in a model folder.

        Raises:
            UserError: E-TRAIN-006 when the folder holds no classifier, or its parts do not fit together.
        """
        from safetensors.torch import load_file

        described = folder / ClassifierFile.NAME
        if not described.exists() or not (folder / HEAD_FILE).exists():
            raise _broken(folder, f"{ClassifierFile.NAME} or {HEAD_FILE} is missing")
        about = ClassifierFile.model_validate_json(described.read_text(encoding="utf-8"))
        encoder = Encoder.load(folder, max_tokens=about.max_tokens, device=device)
        head = load_file(folder / HEAD_FILE, device=encoder.device)
        if set(head) != {"weight", "bias"} or head["weight"].shape != (len(about.labels), encoder.dim):
            raise _broken(folder, f"{HEAD_FILE} does not fit {len(about.labels)} labels × {encoder.dim}")
        return cls(encoder, head["weight"], head["bias"], about.labels)

    @property
    def limits(self) -> Limits:
        """Tokens of the longest text; one call at a time, which uses every core."""
        return Limits(self.encoder.max_tokens)

    def count_tokens(self, messages: Sequence[Message], answer: str | None = None) -> int:
        """Tokens that are read of all messages and `answer`, each a text by itself."""
        texts = [str(message["content"] or "") for message in messages]
        return sum(map(len, self.encoder.ids([*texts, answer] if answer is not None else texts)))

    def classify(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Classification:
        """The probability of every label for each text."""
        self.require("classify")
        check(cancel)

        def finish(pooled: Any) -> Any:
            check(cancel)
            return self._probabilities(pooled)

        probabilities = self.encoder.features(
            texts, finish, width=len(self.labels), progress=progress, what="Predicting"
        )
        return Classification(self.labels, probabilities)

    def embed(
        self, texts: Sequence[str], *, progress: Progress = SILENT, cancel: CancelToken | None = None
    ) -> Embeddings:
        """The tuned encoder's mean-pooled vector of each text, at length one."""
        self.require("embed")
        check(cancel)

        def finish(pooled: Any) -> Any:
            check(cancel)
            return pooled

        return Embeddings(unit(self.encoder.features(texts, finish, progress=progress)))

    def close(self) -> None:
        """Let go of the weights."""
        super().close()
        self.encoder.model = None

    def _probabilities(self, pooled: Any) -> Any:
        import torch

        # Not a matrix product: for a few labels MKL computes the rows of one by different kernels, so that a text's
        # last bits would depend on its place (on an Intel Xeon, 8 rows of 32 times 3 labels).
        logits = (pooled.unsqueeze(1) * self._weight).sum(-1) + self._bias
        return torch.softmax(logits, dim=1)


def _broken(folder: Path, what: str) -> UserError:
    return UserError(
        "E-TRAIN-006",
        f"{folder} does not hold a classifier: {what}.",
        why="A head read with the wrong labels would answer with confidence and be wrong.",
        fix="Train again, or restore the folder from its release.",
    )
