"""Writes every page, and says which of them changed."""

import sys

from tools.docs.write import write

sys.stdout.write("".join(f"{path}\n" for path in write()))
