"""One digest for everything: canonical JSON for small values, column buffers for frames, bytes for files.

Canonical JSON follows RFC 8785 (JSON Canonicalization Scheme) with two additions: strings are NFC-normalized,
and NaN or infinity are refused rather than written.
"""

import hashlib
import json
import math
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    return _write(value)


def _write(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(unicodedata.normalize("NFC", value), ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > 2**53 and int(float(value)) != value:
            raise ValueError(f"{value} is beyond what JSON numbers carry exactly; write it as a string")
        return _number(float(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(item) for item in value) + "]"
    if isinstance(value, dict):
        return _object(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _object(value: dict[Any, Any]) -> str:
    normal: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"object key {key!r} is not a string")
        name = unicodedata.normalize("NFC", key)
        if name in normal:
            raise ValueError(f"two keys are the same after NFC: {name!r}")
        normal[name] = item
    keys = sorted(normal, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_write(normal[k])}" for k in keys) + "}"


def _number(value: float) -> str:
    """ECMAScript number-to-string (RFC 8785 section 3.2.2.3), from Python's shortest round-trip digits."""
    if not math.isfinite(value):
        raise ValueError("NaN and infinity have no place in a record")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, power = f"{abs(value)!r}e0".partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    # The value is 0.DIGITS × 10**point.
    point = int(power.split("e")[0]) + len(whole) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    exponent = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "") + exponent


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

    def told(column: "pl.Series") -> list[str]:
        state = hashlib.sha256()
        _feed(state, column, pl)
        return [column.name, str(column.dtype), state.hexdigest()]

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        # hashlib lets go of the interpreter while it reads a long buffer.
        columns = list(pool.map(told, frame.get_columns()))
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
