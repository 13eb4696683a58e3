"""A fast run knows from the source which tests start a process or train, and refuses the rest to start one."""

import multiprocessing
import os
import subprocess

import pytest
from tests.fast import LEFT_OUT, LONG, ROOT, SEEDS, Guard, is_fast, reaching

PROCESSES, TRAINS = SEEDS["starts_processes"], SEEDS["trains"]
DOORS = {
    "Popen": lambda: subprocess.run(["true"], check=False),
    "fork": lambda: os.fork(),  # noqa: PLW0108 - looked up when the guard is closed
    "system": lambda: os.system("true"),
    "start": lambda: multiprocessing.Process(target=print).start(),
}


@pytest.mark.parametrize(
    ("path", "name", "seeds"),
    [
        pytest.param("cli/test_sweep.py", "PROGRAM", PROCESSES, id="imported from a helper"),
        pytest.param("plugins/test_sample_plugins.py", "desk", TRAINS, id="through a helper's function"),
        pytest.param("stages/release/test_manifest.py", "made", TRAINS, id="through a fixture of the folder"),
        pytest.param("models/test_causal_lm.py", "tiny_llama", TRAINS, id="through a fixture of every test"),
    ],
)
def test_what_a_test_reaches_is_read_from_the_source(path, name, seeds) -> None:
    assert name in reaching(ROOT / path, seeds)


def test_a_helper_between_a_test_and_a_process_is_seen_and_its_neighbor_is_not() -> None:
    source = ROOT / "plugins" / "test_sample_plugins.py"
    reached = reaching(source, PROCESSES)
    assert {"called", "installed"} <= reached, "they start pip and the program"
    assert "test_the_package_has_a_plugin_for_every_group_that_there_is" not in reached


@pytest.mark.parametrize("place", LONG)
def test_what_takes_long_is_where_the_list_says(place) -> None:
    assert (ROOT / place).exists()


def test_this_very_test_is_left_out_for_it_names_a_process(request) -> None:
    assert multiprocessing.__name__
    assert request.node.get_closest_marker("starts_processes") is not None
    assert not is_fast(request.node)
    assert set(SEEDS) < set(LEFT_OUT)


@pytest.mark.parametrize("door", DOORS)
def test_no_door_to_a_process_is_open_behind_the_guard(door, monkeypatch) -> None:
    guard = Guard()
    guard.close(monkeypatch)
    with pytest.raises(pytest.fail.Exception, match="A fast test started a process"):
        DOORS[door]()
    monkeypatch.undo()
    assert len(guard.attempts) == 1


def test_the_refusal_is_no_error_that_code_could_swallow_and_is_remembered(monkeypatch) -> None:
    guard = Guard()
    guard.close(monkeypatch)
    with pytest.raises(pytest.fail.Exception):
        try:
            subprocess.Popen(["true"])
        except Exception:
            pytest.fail("the guard raised what an `except Exception` takes")
    assert "true" in guard.attempts[0]
    assert "@pytest.mark.starts_processes" in guard.sentence()
