"""The program in a process of its own."""

import sys

PROGRAM = [sys.executable, "-m", "tunewright.cli.main"]
#: Hears Ctrl-C even where a test run was started in the background, which passes on that it is ignored.
_HEAR = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
HEARING = [sys.executable, "-c", _HEAR, *PROGRAM]
