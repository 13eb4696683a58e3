"""One digest for everything: canonical JSON for small values, column buffers for frames, bytes for files.

Canonical JSON follows RFC 8785 (JSON Canonicalization Scheme) with two additions: strings are NFC-normalized,
and NaN or infinity are refused rather than written.
"""

import hashlib
import json
import math
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

CHUNK_BYTES = 1 << 20


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: keys sorted by UTF-16 code unit, no spaces, strings NFC.

    Raises:
        ValueError: for NaN, infinity, integers beyond 2**53, or keys that collide after NFC.
        TypeError: for anything JSON cannot say.
    """
    return _write(value)


def _write(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(unicodedata.normalize("NFC", value), ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise ValueError(f"{value} is beyond what JSON numbers carry exactly; write it as a string")
        return str(int(value))
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
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = int(exponent)
    if -7 < power < 0:  # ECMAScript writes 1e-6 as 0.000001, Python as 1e-06
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.{'0' * (-power - 1)}{digits.replace('.', '')}"
    return f"{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


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
    """``sha256:<hex>`` of a frame's names, types and values; blind to chunking, slices and spare null bitmaps."""
    import polars as pl

    state = hashlib.sha256()
    state.update(canonical_json([[name, str(kind)] for name, kind in frame.schema.items()]).encode())
    state.update(str(frame.height).encode())
    for column in frame.iter_columns():
        _feed(state, column, pl)
    return "sha256:" + state.hexdigest()


def _feed(state: Any, column: "pl.Series", pl: Any) -> None:
    state.update(column.is_null().to_numpy().tobytes())
    kind = column.dtype
    if kind == pl.String:
        filled = column.fill_null("")
        state.update(filled.str.len_bytes().to_numpy().tobytes())
        state.update(filled.str.join("").item().encode() if len(filled) else b"")
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
