"""Ctrl-C inside a polars query is one KeyboardInterrupt, and nothing is printed beside it."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background passes on that it is ignored
import polars as pl  # listens from here on
from tunewright.core.interrupts import SingleInterrupt
from tunewright.core.progress import SILENT, tracked

numbers = pl.LazyFrame({"a": range(400)})
pairs = numbers.join(numbers, how="cross", suffix="2").join(pl.LazyFrame({"b": range(20_000)}), how="cross")
endless = pairs.select((pl.col("a").cast(pl.String) + pl.col("a2").cast(pl.String)).str.len_chars().sum())
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    for _ in tracked([1], SILENT, "work", 1, "queries"):
        if sys.argv[1] == "plain":
            endless.collect()
        with SingleInterrupt():
            endless.collect()
except KeyboardInterrupt:
    print("caught")
"""


@pytest.mark.parametrize(("how", "tracebacks"), [("single", 0), ("plain", 1)])
def test_ctrl_c_in_a_query_is_raised_once(how, tracebacks) -> None:
    """Without the block there is a second one, which the loop's iterator prints: the reason for the block."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "caught\n", done.stderr
    assert done.stderr.count("Traceback") == tracebacks, done.stderr
