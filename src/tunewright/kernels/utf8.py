"""Code points of UTF-8 bytes."""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled


@compiled
def code_point(data: Any, at: Any) -> Any:
    """The code point that begins at byte `at` of valid UTF-8, and where the next one begins."""
    byte = data[at]
    code, more = np.uint32(byte), 0
    if byte >= 0xF0:
        code, more = np.uint32(byte & 0x07), 3
    elif byte >= 0xE0:
        code, more = np.uint32(byte & 0x0F), 2
    elif byte >= 0xC0:
        code, more = np.uint32(byte & 0x1F), 1
    at += 1
    for _ in range(more):
        code = (code << np.uint32(6)) | np.uint32(data[at] & 0x3F)
        at += 1
    return code, at
