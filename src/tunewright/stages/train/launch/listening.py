"""How a process that trains hears of the one that started it: a byte on its standard input is Ctrl-C.

The end of that input means that whoever started it is gone: nobody would see it or stop it any more, so it pauses with
a checkpoint, and a run started later goes on from there.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

#: How long a process that nobody follows any more may take to end its step and keep a checkpoint.
GRACE_S = 120.0


def listen(interrupt: Callable[[], None]) -> None:
    """Call `interrupt` from now on for each Ctrl-C, and at the end of the input; end, if that one is not heeded."""
    descriptor = _own_input()
    threading.Thread(target=_listen, args=(descriptor, interrupt), name="listen", daemon=True).start()


def listen_in_main_thread() -> None:
    """Have each Ctrl-C interrupt the main thread, as a terminal's would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start out deaf to it
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    listen(lambda: signal.pthread_kill(main_thread, signal.SIGINT))


def _listen(descriptor: int, interrupt: Callable[[], None]) -> None:
    """Read until the other side is gone; then end this process in a while."""
    while os.read(descriptor, 1):
        interrupt()
    interrupt()
    time.sleep(GRACE_S)
    os._exit(1)


def _own_input() -> int:
    """Standard input for us alone: libraries, and programs that they start, read nothing."""
    descriptor, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return descriptor
