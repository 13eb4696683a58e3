"""Commands that train are run at once, followed, told of Ctrl-C and ended, one as well as several."""

import json
import sys
from pathlib import Path

import pytest
from tests.stages.train.tiny import Listener

from tunewright.core.errors import UserError
from tunewright.stages.train.launch import running
from tunewright.stages.train.launch.commands import Command, commands
from tunewright.stages.train.launch.relay import LinesOf
from tunewright.stages.train.launch.running import LOGS, RunningCommand, launch
from tunewright.stages.train.launch.worker import PROGRESS_FILE
from tunewright.stages.train.runs.job_events import JobEvents, events_of, state_of
from tunewright.stages.train.settings import TrainSettings

#: What every stand-in for a training process begins with.
TELL = f"""
import json, os, sys, time
progress = open({PROGRESS_FILE!r}, "a", buffering=1)
def tell(**message): print(json.dumps(message), file=progress)
"""


@pytest.fixture
def launched(tmp_path: Path, monkeypatch):
    """Runs programs, each a text of Python, in the place of the processes of a training."""
    monkeypatch.chdir(tmp_path)

    def run(*programs: str, progress=None, launcher: str = "", **how: object):
        lines = [
            Command(where=f"host {at}", line=(sys.executable, "-c", TELL + text), **how)
            for at, text in enumerate(programs)
        ]
        (tmp_path / PROGRESS_FILE).unlink(missing_ok=True)  # each training has a folder of its own
        monkeypatch.setattr(running, "commands", lambda settings, folder: tuple(lines))
        return launch(tmp_path, tmp_path, TrainSettings(launch=launcher), progress or Listener())

    return run


def test_one_process_is_a_launcher_with_one_command(tmp_path: Path) -> None:
    (command,) = commands(TrainSettings(), tmp_path)
    assert command.line == (sys.executable, "-P", "-m", "tunewright.stages.train.launch.worker", str(tmp_path))
    assert command.interrupts == 2, "the first lets its step end, the second ends it at once"
    assert not command.logged, "what it prints is seen"


def test_what_the_leader_tells_is_heard_and_its_end_is_the_end(launched) -> None:
    told = "tell(call='say', given=['hello']); tell(end={'candidate': '{}'})"
    assert launched(told, "pass", progress=(heard := Listener())) == {"candidate": "{}"}
    assert heard.said == ["hello"]


def test_logs_of_commands_that_did_well_are_gone_and_those_of_others_stay(launched, tmp_path: Path) -> None:
    launched("print('fine'); tell(end={'candidate': '{}'})")
    assert not (tmp_path / LOGS).exists()
    with pytest.raises(UserError, match="no process said why") as death:
        launched("print('out of luck'); sys.exit(3)", launcher="local")
    assert death.value.code == "E-LAUNCH-002"
    assert death.value.what.endswith("It printed last:\nout of luck")
    assert "host 0 ended with exit code 3" in death.value.what
    assert (tmp_path / LOGS / "0.log").read_text() == "out of luck\n"


def test_a_silent_death_of_the_only_process_is_in_the_record_whatever_an_earlier_attempt_said(
    launched, tmp_path: Path
) -> None:
    JobEvents(tmp_path).state("paused", "an earlier attempt")
    with pytest.raises(UserError, match=r"without a word, by signal 9 \(SIGKILL\)") as death:
        launched("os.kill(os.getpid(), 9)", logged=False)
    assert death.value.code == "E-TRAIN-017"
    assert state_of(events_of(tmp_path)) == "failed"


def test_where_one_command_fails_the_others_are_ended(launched) -> None:
    with pytest.raises(UserError, match="host 1 ended with exit code 5"):
        launched("time.sleep(600)", "sys.exit(5)", launcher="local")


def test_after_an_error_of_ours_a_process_has_time_to_keep_a_checkpoint(launched, tmp_path: Path) -> None:
    class Broken(Listener):
        def say(self, line: str) -> None:
            raise OSError("the terminal is gone")

    keeps = "tell(call='say', given=['hello']); sys.stdin.read(); open('checkpoint', 'w').close()"
    with pytest.raises(OSError, match="the terminal is gone"):
        launched(keeps, progress=Broken())
    assert (tmp_path / "checkpoint").exists()


def test_ctrl_c_is_passed_on_as_often_as_a_command_may_have_it_and_then_ends_it(tmp_path: Path) -> None:
    counts = "import sys\nwhile True: sys.stdout.write(sys.stdin.read(1)); sys.stdout.flush()"
    log = tmp_path / "0.log"
    command = RunningCommand(Command(where="here", line=(sys.executable, "-c", counts), interrupts=2), log)
    for count in (1, 2):
        command.interrupt(count)
    while log.read_bytes() != b"cc":
        assert command.look() is None
    command.interrupt(3)
    assert command.process.wait(60) < 0
    command.end()


def test_a_line_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = LinesOf(path)
    assert list(lines.unread()) == [], "not there yet"
    path.write_bytes(b"one\ntw")
    assert list(lines.unread()) == [b"one"]
    with path.open("ab") as stream:
        stream.write(b"o\nthree\n")
    assert list(lines.unread()) == [b"two", b"three"]
    assert list(lines.unread()) == []


def test_a_fault_of_a_member_is_the_end_where_the_leader_said_nothing(launched, tmp_path: Path) -> None:
    fault = {"crashed": {"text": "no room", "trace": "", "memory": True}, "host": "b", "process": "1", "echo": False}
    (tmp_path / "fault-1.json").write_text(json.dumps(fault))
    result = launched("sys.exit(1)", launcher="local")
    assert result["crashed"]["text"] == "on b, process 1: no room"
    assert events_of(tmp_path)[-1].data["error"]["code"] == "crashed"
