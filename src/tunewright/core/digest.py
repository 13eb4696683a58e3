"""One digest for everything: canonical JSON for small values, column buffers for frames, bytes for files.

Canonical JSON follows RFC 8785 (JSON Canonicalization Scheme) with two additions: strings are NFC-normalized,
and NaN or infinity are refused rather than written.
"""

import hashlib
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    import polars as pl

CHUNK_BYTES = 1 << 20
FEED_ROWS = 1 << 16


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: keys sorted by UTF-16 code unit, no spaces, strings NFC.

    Raises:
        ValueError: for NaN, infinity, integers no double holds, or keys that collide after NFC.
        TypeError: for anything JSON cannot say.
    """
    return rfc8785.dumps(_normalized(value)).decode()


def _normalized(value: Any) -> Any:
    """`value` with strings in NFC and of types that rfc8785 spells.

    Raises:
        ValueError: as :func:`canonical_json`, NaN and infinity aside, which rfc8785 itself refuses.
        TypeError: as :func:`canonical_json`.
    """
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return _normalized_text(value)
    if isinstance(value, int):
        return _normalized_integer(value)
    if isinstance(value, list | tuple):
        return [_normalized(item) for item in value]
    if isinstance(value, dict):
        return _normalized_object(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _normalized_text(text: str) -> str:
    """`text` in NFC; half of a surrogate pair becomes its escape.

    RFC 8785 refuses such halves, which are no text, but a model may write one into the JSON of its answer, and answers
    are compared by this spelling.
    """
    return unicodedata.normalize("NFC", text).encode("utf-8", "backslashreplace").decode()


def _normalized_integer(value: int) -> int | float:
    """`value`, as a double where it is beyond 2**53.

    rfc8785 refuses every integer from there on; JSON carries those that a double holds, such as 2**60, and a setting
    may be one of them.

    Raises:
        ValueError: when no double holds it.
    """
    if abs(value) < 2**53:
        return value
    if int(float(value)) != value:
        raise ValueError(f"{value} is beyond what JSON numbers carry exactly; write it as a string")
    return float(value)


def _normalized_object(value: dict[Any, Any]) -> dict[str, Any]:
    """`value` with keys in NFC.

    Raises:
        ValueError: when two keys are the same then.
        TypeError: when a key is not a string.
    """
    normal: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"object key {key!r} is not a string")
        name = _normalized_text(key)
        if name in normal:
            raise ValueError(f"two keys are the same after NFC: {name!r}")
        normal[name] = _normalized(item)
    return normal


def digest(value: Any) -> str:
    """``sha256:<hex>`` of a value's canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """``sha256:<hex>`` of a file's bytes, read in chunks."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            state.update(chunk)
    return "sha256:" + state.hexdigest()


def frame_digest(frame: "pl.DataFrame") -> str:
    """``sha256:<hex>`` of a frame's names, types and values; blind to chunking, slices and spare null bitmaps.

    It is the digest of the height and of name, type and digest of each column in order, so that columns are read side
    by side; each column's own is a sha256 over its nulls, then its lengths, then its values.
    """
    import polars as pl

    def described(column: "pl.Series") -> list[str]:
        state = hashlib.sha256()
        _feed(state, column, pl)
        return [column.name, str(column.dtype), state.hexdigest()]

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        # hashlib lets go of the interpreter while it reads a long buffer.
        columns = list(pool.map(described, frame.get_columns()))
    return digest([frame.height, columns])


def _feed(state: Any, column: "pl.Series", pl: Any) -> None:
    state.update(column.is_null().to_numpy().tobytes())
    kind = column.dtype
    if kind == pl.String:
        _feed_texts(state, column.fill_null(""))
    elif kind == pl.Struct:
        for field in column.struct.fields:
            _feed(state, column.struct.field(field), pl)
    elif isinstance(kind, pl.List):
        lengths = column.list.len().fill_null(0)
        state.update(lengths.to_numpy().tobytes())
        _feed(state, column.filter(lengths > 0).explode() if len(column) else column.explode(), pl)
    elif kind == pl.Null:
        return
    elif kind == pl.Boolean:
        state.update(column.fill_null(value=False).to_numpy().tobytes())
    else:
        state.update(column.to_physical().fill_null(0).to_numpy().tobytes())


def _feed_texts(state: Any, texts: "pl.Series") -> None:
    from tunewright.core.buffers import text_buffers

    state.update(texts.str.len_bytes().to_numpy().tobytes())
    # A slice at a time, so that no second copy of a long column is made.
    for start in range(0, len(texts), FEED_ROWS):
        data, bounds = text_buffers(texts.slice(start, FEED_ROWS))
        state.update(data[bounds[0] : bounds[-1]].data)
