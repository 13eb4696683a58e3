"""What is told of the machine is what the machine has."""

import os
import platform

import pytest

from tunewright.core import machine


def test_cores_and_memory_are_those_of_this_process_and_machine() -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    assert machine.machine() == (f"{machine.name()}, {machine.cores()} cores, {memory:.0f} GiB, {platform.system()}")
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux confines a process to some cores")
def test_a_process_that_is_confined_to_one_core_has_one() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert machine.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
