"""Which texts hold bytes that a closer look is worth: beyond ASCII, of control, or white space out of place.

A pattern takes five processor cycles a byte, whatever it looks for; these three questions together take one.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.kernels.compiled import compiled

WIDE, CONTROL, UNEVEN = 1, 2, 4
#: Tab, line feed, vertical tab, form feed, carriage return: all of them are white space to a pattern.
_FIRST_WHITE, _LAST_WHITE = 9, 13
_WHITE = 8


def byte_kinds() -> npt.NDArray[np.uint8]:
    """What each byte is: the bits above, and whether it is white space."""
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[:32] = CONTROL
    kinds[127] = CONTROL
    kinds[128:] = WIDE
    kinds[_FIRST_WHITE : _LAST_WHITE + 1] |= _WHITE
    kinds[[ord("\t"), ord("\n")]] = _WHITE
    kinds[ord("\r")] = _WHITE | UNEVEN
    kinds[ord(" ")] = _WHITE
    return kinds


@compiled
def char_classes(data: Any, offsets: Any, kinds: Any) -> Any:
    """What each text may hold, shape ``(n_texts,)``: the bits `WIDE`, `CONTROL` and `UNEVEN`.

    White space is uneven at an end of the text, beside other white space, and as a carriage return.

    Args:
        data: the bytes of all texts.
        offsets: where each begins and ends.
        kinds: :func:`byte_kinds`.
    """
    held = np.zeros(offsets.size - 1, dtype=np.uint8)
    for text in range(offsets.size - 1):
        bits = np.uint8(0)
        beside = np.uint8(0)
        before = np.uint8(_WHITE)
        for position in range(offsets[text], offsets[text + 1]):
            kind = kinds[data[position]]
            bits |= kind
            beside |= kind & before
            before = kind
        held[text] = bits & np.uint8(WIDE | CONTROL | UNEVEN)
        if offsets[text + 1] > offsets[text] and (beside | before) & np.uint8(_WHITE) > 0:
            held[text] |= np.uint8(UNEVEN)
    return held
