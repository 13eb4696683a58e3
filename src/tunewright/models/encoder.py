"""A pre-trained encoder that gives a text the same bits whatever else is in the call.

Sums of floats depend on the shape of the product they are part of, so every batch has one of a few fixed shapes:
8 rows of a bucket's length, short of rows filled up with empty ones. Each batch runs on one thread, and several
batches run at once, which is also the fastest way on a CPU: no operation waits for the slower core.
Mean pooling over the tokens is what sentence-transformers models were trained with (Reimers and Gurevych 2019,
arXiv 1908.10084).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import UserError
from tunewright.core.machine import cores
from tunewright.core.progress import SILENT, Progress
from tunewright.models.cpu import fast_fp32, return_memory, threads
from tunewright.models.quiet_imports import hushed

ROWS = 8
#: Attention of long texts needs rows × tokens² of memory, so long buckets hold fewer rows.
ROW_TOKENS = 8192
#: Lengths are rounded up to these: steps of an eighth to a third, so that little of a batch is padding.
LENGTHS = (
    8,
    12,
    16,
    20,
    24,
    32,
    40,
    48,
    64,
    80,
    96,
    128,
    160,
    192,
    256,
    320,
    384,
    512,
    768,
    1024,
    1536,
    2048,
    3072,
    4096,
)
#: Sentence encoders were trained on 128 to 256 tokens; a ticket's intent is said in its first hundred words.
MAX_TOKENS = 256

#: From this many texts on, tidying up costs nothing beside the work.
MANY = 1000

Finish = Callable[[Any], Any]


@dataclass
class Encoder:
    """A loaded encoder and its tokenizer.

    Attributes:
        model: a transformers model whose first output is ``(rows, tokens, dim)``.
        tokenizer: its fast tokenizer.
        max_tokens: longer texts are cut here.
        device: ``cpu`` or ``cuda``.
    """

    model: Any
    tokenizer: Any
    max_tokens: int
    device: str

    @classmethod
    def load(cls, folder: Path, *, max_tokens: int = MAX_TOKENS, device: str = "auto") -> "Encoder":
        """The encoder in `folder`, in fp32 on the GPU when there is one."""
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        with quiet(logging):
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            model = AutoModel.from_pretrained(
                folder,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation=attention(device),
            )
        require_fast(tokenizer, folder)
        return cls(model.to(device).eval(), tokenizer, fitting(max_tokens, model, tokenizer), device)

    @property
    def dim(self) -> int:
        """Width of the features."""
        return int(self.model.config.hidden_size)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to `max_tokens`; an empty text is its special tokens."""
        return token_ids(self.tokenizer, texts, self.max_tokens)

    def features(
        self,
        texts: Sequence[str],
        finish: Finish | None = None,
        *,
        width: int | None = None,
        progress: Progress = SILENT,
        what: str = "Reading texts",
    ) -> npt.NDArray[np.float32]:
        """Mean-pooled token vectors of each text, shape ``(n, dim)``; `finish` maps a batch of them to `width`."""
        out = np.empty((len(texts), width or self.dim), dtype=np.float32)
        progress.start(what, len(texts), "rows")
        try:
            with one_thread_a_batch(self.device) as pool:
                batches = list(_batches(self.ids(texts)))

                def work(batch: tuple[list[int], npt.NDArray[Any], npt.NDArray[Any]]) -> None:
                    rows, ids, mask = batch
                    out[rows] = self._forward(ids, mask, finish)[: len(rows)]

                for batch, _ in zip(batches, pool(work, batches), strict=True):
                    progress.advance(len(batch[0]))
        finally:
            progress.finish()
            if len(texts) > MANY:
                return_memory()
        return out

    def _forward(self, ids: npt.NDArray[Any], mask: npt.NDArray[Any], finish: Finish | None) -> Any:
        import torch

        with torch.inference_mode():
            tokens = torch.from_numpy(mask).to(self.device)
            hidden = self.model(input_ids=torch.from_numpy(ids).to(self.device), attention_mask=tokens)
            pooled = mean_pool(hidden.last_hidden_state, tokens)
            return (finish(pooled) if finish else pooled).float().cpu().numpy()


def attention(device: str) -> str:
    """How attention is computed: fused on a GPU, plain products on a CPU.

    There PyTorch's fused kernel takes half of a short text's time: 11.5 ms a layer against 0.9 (32 rows of at
    most 32 tokens, one core of an AMD EPYC, torch 2.13).
    """
    return "eager" if device == "cpu" else "sdpa"


def mean_pool(hidden: Any, mask: Any) -> Any:
    """Mean of the vectors of real tokens: ``(rows, tokens, dim)`` and ``(rows, tokens)`` to ``(rows, dim)``."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)


def token_ids(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token ids of each text with special tokens, cut to `max_tokens`."""
    if not len(texts):
        return []
    coded = tokenizer(list(texts), truncation=True, max_length=max_tokens, add_special_tokens=True)
    # A tokenizer without special tokens gives nothing for an empty text; one padding token stands for it.
    return [list(ids) or [tokenizer.pad_token_id or 0] for ids in coded["input_ids"]]


def fitting(max_tokens: int, model: Any, tokenizer: Any) -> int:
    """`max_tokens`, or what the model and its tokenizer can hold if that is less."""
    positions = getattr(model.config, "max_position_embeddings", None) or max_tokens
    # RoBERTa counts positions from the padding index + 1.
    offset = model.config.pad_token_id + 1 if model.config.model_type in ("roberta", "xlm-roberta") else 0
    return int(min(max_tokens, positions - offset, tokenizer.model_max_length))


def require_fast(tokenizer: Any, folder: Path) -> None:
    """Stop unless the tokenizer is one of the fast ones.

    Raises:
        UserError: E-TRAIN-005.
    """
    if not tokenizer.is_fast:
        raise UserError(
            "E-TRAIN-005",
            f"The tokenizer in {folder} has no tokenizer.json.",
            why="Only fast tokenizers are used: the others run Python per character and may need extra code.",
            fix="Load it once with transformers' AutoTokenizer and save it with save_pretrained.",
        )


@contextmanager
def quiet(logging: Any) -> Iterator[None]:
    """Within this block transformers draws no bars of its own and warns of nothing, nor do those that it imports."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with hushed():
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def one_thread_a_batch(device: str) -> Iterator[Callable[..., Iterator[Any]]]:
    """An ordered parallel map whose workers each use one thread inside an operation."""
    import torch

    workers = cores() if device == "cpu" else 1
    with (
        fast_fp32(),
        threads(1),
        ThreadPoolExecutor(workers, initializer=lambda: torch.set_num_threads(1)) as pool,
    ):
        yield pool.map


def bucket(length: int) -> int:
    """The fixed length that a text of `length` tokens is padded to."""
    return next((size for size in LENGTHS if size >= length), length)


def _batches(coded: list[list[int]]) -> Iterator[tuple[list[int], npt.NDArray[Any], npt.NDArray[Any]]]:
    """Row numbers, ids and mask of each batch, longest first; every bucket's batches have one shape."""
    buckets: dict[int, list[int]] = {}
    for row, ids in enumerate(coded):
        buckets.setdefault(bucket(len(ids)), []).append(row)
    for length in sorted(buckets, reverse=True):
        height = max(1, min(ROWS, ROW_TOKENS // length))
        for start in range(0, len(buckets[length]), height):
            rows = buckets[length][start : start + height]
            tokens = np.zeros((height, length), dtype=np.int64)
            mask = np.zeros((height, length), dtype=np.int64)
            mask[:, 0] = 1  # an empty row still attends to something, or its softmax would be 0 / 0
            for place, row in enumerate(rows):
                tokens[place, : len(coded[row])] = coded[row]
                mask[place, : len(coded[row])] = 1
            yield rows, tokens, mask
