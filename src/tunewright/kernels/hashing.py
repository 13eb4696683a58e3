"""What the hashes of several loops are made of: the constants of FNV-1a, and a finalizer that spreads every bit."""

from typing import Any

import numpy as np

from tunewright.kernels.compiled import compiled

#: FNV-1a of 64 bits (Fowler, Noll, Vo): where it starts, and what each byte multiplies.
FNV_START = np.uint64(0xCBF29CE484222325)
FNV_PRIME = np.uint64(0x100000001B3)
_K1 = np.uint64(0xBF58476D1CE4E5B9)
_K2 = np.uint64(0x94D049BB133111EB)


@compiled
def mixed(x: Any) -> Any:
    """splitmix64's finalizer (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    x = (x ^ (x >> np.uint64(30))) * _K1
    x = (x ^ (x >> np.uint64(27))) * _K2
    return x ^ (x >> np.uint64(31))
