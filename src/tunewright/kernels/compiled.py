"""How every loop here is compiled: without the GIL, so that threads run side by side, and kept on disk.

Numba keeps the machine code beside the module, or in the user's cache folder (``NUMBA_CACHE_DIR``) where the
package is read-only.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` as machine code; integer arithmetic wraps, so results are the same bits on every machine."""
    return cast(Function, numba.njit(nogil=True, cache=True)(function))
