"""How many tokens each row is to the model that is to be tuned, counted as training will read it.

An encoder reads the prompt with its special tokens. A causal model reads the whole chat in its own template, and
learns from the answers' tokens alone: :mod:`tunewright.models.chat` renders both here and in training, so a count is
the number that training will see. Batches of rows are tokenized in one call each, on all cores; most texts need no
tokenizer to be counted in a BERT encoder's pieces (:mod:`tunewright.models.wordpiece`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa

from tunewright.core.context import Target
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest, file_digest
from tunewright.core.errors import UserError
from tunewright.models.chat import answered_each, turns_of, with_template
from tunewright.models.encoder import fitting, quiet, require_fast
from tunewright.models.files import DEFAULT_ENCODER, find_encoder, find_model
from tunewright.models.wordpiece import WordPieces

#: Kept counts of another version are not read.
VERSION = 1
BATCH_ROWS = 2048
#: The method whose model reads prompts; every other one reads chats.
ENCODER = "encoder"
#: What is part of a tokenizer, its template or its limits; weights are not.
TOKENIZER_FILES = {".json", ".jinja", ".txt", ".model"}

CHAT_COUNTS = {
    "row": pl.Int64,
    "tokens": pl.Int64,
    "trained": pl.Int64,
    "lost": pl.Int64,
    "skipped": pl.Int64,
    "refused": pl.String,
}


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of every row.

    Attributes:
        limit: tokens of a row that training will read.
        rows: of an encoder `row` and `tokens`. Of a causal model also `trained` (tokens of answers and what stops
            them), `lost` (those of them beyond the limit), `skipped` (answers that are not trained because the
            template shows them otherwise once the chat goes on) and `refused` (why the template does not fit the
            chat; then the counts are null).
    """

    limit: int
    rows: pl.DataFrame


def reads_prompts(target: Target) -> bool:
    """Whether the model reads prompts (an encoder) and not chats."""
    return target.method == ENCODER


def token_counts(corpus: Corpus, target: Target) -> TokenCounts:
    """Tokens of every row of `corpus` to `target`; rows without a prompt have none to an encoder.

    Raises:
        UserError: E-TRAIN-001 to 005, when the model's files cannot be had or are not as they must be.
    """
    folder = (find_encoder if reads_prompts(target) else find_model)(target.base).folder
    tokenizer, limit = _bundled(folder, target) if _is_bundled(target) else _loaded(folder, target)
    name, count = ("prompt_tokens", _prompts) if reads_prompts(target) else ("chat_tokens", _chats)
    settings = [VERSION, _files_digest(folder), limit]
    return TokenCounts(limit, corpus.frame_evidence(name, settings, lambda: count(corpus, tokenizer, limit)))


def _is_bundled(target: Target) -> bool:
    return reads_prompts(target) and target.base in ("", DEFAULT_ENCODER)


def _bundled(folder: Path, target: Target) -> tuple[Any, int]:
    """The bundled encoder's tokenizer without transformers, whose import takes longer than a hundred thousand rows.

    That both count alike is what tests hold them to; it is promised of no other model.
    """
    import json

    from tokenizers import Tokenizer

    config, settings = (json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer_config.json"))
    limit = min(target.max_tokens, config["max_position_embeddings"], settings["model_max_length"])
    return Tokenizer.from_file(str(folder / "tokenizer.json")), limit


def _loaded(folder: Path, target: Target) -> tuple[Any, int]:
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging

    with quiet(logging):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    require_fast(tokenizer, folder)
    # Training asks the loaded model for its limits; they are in its configuration.
    limit = fitting(target.max_tokens, SimpleNamespace(config=config), tokenizer)
    if reads_prompts(target):
        return tokenizer.backend_tokenizer, limit
    with_template(tokenizer)
    return tokenizer, limit


def _files_digest(folder: Path) -> str:
    """One digest over the files that decide a count; another release of tokenizers may count otherwise."""
    import tokenizers

    files = sorted(path for path in folder.iterdir() if path.suffix in TOKENIZER_FILES and path.is_file())
    return digest([tokenizers.__version__, {path.name: file_digest(path) for path in files}])


def _prompts(corpus: Corpus, tokenizer: Any, limit: int) -> pl.DataFrame:
    del limit  # an encoder's count does not depend on it
    tokenizer.no_truncation()
    tokenizer.no_padding()

    pieces = WordPieces.of(tokenizer)

    def count(batch: pa.RecordBatch) -> pl.DataFrame:
        rows = pl.DataFrame(pl.from_arrow(batch)).drop_nulls("prompt")
        texts = rows["prompt"]
        tokens = (
            pieces.counts(texts)
            if pieces
            else [len(encoding) for encoding in tokenizer.encode_batch_fast(texts.to_list())]
        )
        return rows.select("row", tokens=pl.Series(tokens, dtype=pl.Int64))

    return _counted(corpus, ("prompt",), count)


def _chats(corpus: Corpus, tokenizer: Any, limit: int) -> pl.DataFrame:
    def count(batch: pa.RecordBatch) -> pl.DataFrame:
        sides = [batch.column(name).to_pylist() for name in ("prompt", "answer", "messages")]
        chats = answered_each(tokenizer, [turns_of(*row) for row in zip(*sides, strict=True)])
        counts = [
            (None, None, None, None, chat.what)
            if isinstance(chat, UserError)
            else (len(chat.ids), sum(chat.trained), sum(chat.trained[limit:]), chat.skipped, None)
            for chat in chats
        ]
        schema = {name: kind for name, kind in CHAT_COUNTS.items() if name != "row"}
        return pl.DataFrame(counts, schema=schema, orient="row").select(
            pl.Series("row", batch.column("row").to_pylist(), dtype=pl.Int64), *schema
        )

    return _counted(corpus, ("prompt", "answer", "messages"), count)


def _counted(corpus: Corpus, columns: Iterable[str], count: Callable[[pa.RecordBatch], pl.DataFrame]) -> pl.DataFrame:
    progress = corpus.progress
    progress.start("counting tokens", len(corpus), "rows")
    parts = []
    try:
        for batch in corpus.batches("row", *columns, size=BATCH_ROWS):
            parts.append(count(batch))
            progress.advance(batch.num_rows)
    finally:
        progress.finish()
    return pl.concat(parts) if parts else pl.DataFrame(schema=CHAT_COUNTS)
