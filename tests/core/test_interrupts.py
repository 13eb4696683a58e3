"""Ctrl-C inside a polars query is one KeyboardInterrupt, and nothing is printed beside it."""

import subprocess
import sys

import pytest

from tunewright.core.interrupts import PartialResult, interruptible

SCRIPT = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background passes on that it is ignored
import polars as pl  # listens from here on
from tunewright.core.interrupts import interruptible
from tunewright.core.progress import SILENT, tracked

begun = threading.Event()

def begin(batch):
    begun.set()
    return batch

def press():
    begun.wait()
    time.sleep(0.2)  # the query is past its Python function: polars listens alone
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
numbers = pl.LazyFrame({"a": range(400)}).with_columns(pl.col("a").map_batches(begin, return_dtype=pl.Int64))
pairs = numbers.join(numbers, how="cross", suffix="2").join(pl.LazyFrame({"b": range(20_000)}), how="cross")
endless = pairs.select((pl.col("a").cast(pl.String) + pl.col("a2").cast(pl.String)).str.len_chars().sum())
try:
    for _ in tracked([1], SILENT, "work", 1, "queries"):
        if sys.argv[1] == "plain":
            endless.collect()
        interruptible(endless.collect)
except KeyboardInterrupt:
    print("caught")
"""


@pytest.mark.parametrize(("how", "tracebacks"), [("single", 0), ("plain", 1)])
def test_ctrl_c_in_a_query_is_raised_once(how, tracebacks) -> None:
    """Called plainly there is a second one, which the loop's iterator prints: the reason for the function."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "caught\n", done.stderr
    assert done.stderr.count("Traceback") == tracebacks, done.stderr


def test_what_work_gives_and_raises_comes_through() -> None:
    assert interruptible(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0)
    with pytest.raises(PartialResult) as stopped:
        interruptible(_stop_with_half)
    assert stopped.value.result == "half", "a part that is there already is not lost on the way"


def _stop_with_half() -> None:
    raise PartialResult("half")
