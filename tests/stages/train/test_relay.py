"""What one process tells another arrives as it was, errors too."""

import errno
import json
import os

import pytest
from tests.stages.train.tiny import Listener

from tunewright.core.errors import ExitCode, UserError, UserErrors
from tunewright.stages.train.launch.relay import Relay, decode_result, encode_result, replay


class Writing(Listener):
    """Progress that writes down every call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = []

    def start(self, *given) -> None:
        self.calls.append(("start", *given))

    def advance(self, *given) -> None:
        self.calls.append(("advance", *given))

    def finish(self, *given) -> None:
        self.calls.append(("finish", *given))

    def say(self, *given) -> None:
        self.calls.append(("say", *given))


def lines(tell) -> list[bytes]:
    reading, writing = os.pipe()
    tell(Relay(writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        return stream.readlines()


def test_a_progress_hears_on_the_other_side_what_was_told_on_this_one() -> None:
    def tell(relay: Relay) -> None:
        relay.start("Training", 9, "steps")
        relay.advance(1, "loss 0.5 ü")
        relay.advance()
        relay.say("a\nb")
        relay.finish()

    heard = Writing()
    assert [replay(line, heard) for line in lines(tell)] == [None] * 5
    assert heard.calls == [
        ("start", "Training", 9, "steps"),
        ("advance", 1, "loss 0.5 ü"),
        ("advance", 1, ""),
        ("say", "a\nb"),
        ("finish",),
    ]


def test_an_end_is_no_progress() -> None:
    heard = Writing()
    (line,) = lines(lambda relay: relay.end(interrupted=True))
    assert replay(line, heard) == {"interrupted": True}
    assert heard.calls == []


def test_a_line_calls_nothing_but_progress() -> None:
    heard = Writing()
    assert replay(json.dumps({"call": "__init__", "given": []}).encode(), heard) is None
    assert heard.calls == []


def test_a_reader_that_is_gone_stops_nobody_from_telling() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    relay = Relay(writing)
    relay.say("one")
    relay.say("two")
    os.close(writing)


def raised(error: BaseException) -> BaseException:
    """The error that comes out when `error` was raised over there."""
    try:
        raise error
    except BaseException as caught:
        with pytest.raises(type(error)) as told:
            decode_result(json.loads(json.dumps(encode_result(caught))))
        return told.value


def test_a_user_error_arrives_whole() -> None:
    told = raised(UserError("E-TRAIN-013", "what", why="why", fix="fix", exit_code=ExitCode.RESOURCES))
    assert (told.code, told.what, told.why, told.fix, told.exit_code) == ("E-TRAIN-013", "what", "why", "fix", 6)


def test_several_faults_arrive_together() -> None:
    told = raised(UserErrors([UserError("E-CFG-001", "one"), UserError("E-CFG-002", "two")]))
    assert [fault.what for fault in told.faults] == ["one", "two"]


def test_what_the_machine_refused_arrives_as_such() -> None:
    told = raised(OSError(errno.ENOSPC, "No space left on device", "model.safetensors"))
    assert (told.errno, told.filename) == (errno.ENOSPC, "model.safetensors")
    assert "in raised" in told.__notes__[0]
    assert str(raised(MemoryError("no room"))) == "MemoryError: no room"


def test_a_fault_of_ours_arrives_with_its_traceback() -> None:
    told = raised(RuntimeError("broken"))
    assert str(told) == "RuntimeError: broken"
    assert "in raised" in told.__notes__[0]


def test_ctrl_c_arrives_as_ctrl_c() -> None:
    assert isinstance(raised(KeyboardInterrupt()), KeyboardInterrupt)
