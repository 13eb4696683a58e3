"""The record of a run: OpenAI's names, one line an event, whole lines only."""

import json

import pytest

from tunewright.stages.train.runs.job_events import FILE, STATES, JobEvents, event_of, events_of, state_of

#: The fields of an event of OpenAI's fine-tuning API, and the values that its documentation gives for two of them.
FIELDS = {"object", "id", "created_at", "level", "message", "type", "data"}
LEVELS, TYPES = {"info", "warn", "error"}, {"message", "metrics"}


def raw(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


def test_every_line_has_the_fields_of_openais_events(tmp_path) -> None:
    events = JobEvents(tmp_path)
    events.state("running", "Fine-tuning job started.", step=0)
    events.say("A spike.", "warn", step=3)
    events.metrics("Step 4/9: training loss=0.50", {"step": 4, "total_steps": 9, "train_loss": 0.5})
    events.failed("E-TRAIN-016", "It diverged.")
    lines = raw(tmp_path)
    assert all(set(line) == FIELDS for line in lines)
    assert {line["object"] for line in lines} == {"fine_tuning.job.event"}
    assert {line["level"] for line in lines} == LEVELS
    assert {line["type"] for line in lines} == TYPES
    assert all(line["id"].startswith("ftevent-") for line in lines)
    assert len({line["id"] for line in lines}) == 4
    assert lines[2]["data"] == {"step": 4, "total_steps": 9, "train_loss": 0.5}
    assert lines[3]["data"]["error"] == {"code": "E-TRAIN-016", "message": "It diverged.", "param": None}


def test_the_states_are_openais(tmp_path) -> None:
    openai = {"validating_files", "queued", "running", "succeeded", "failed", "cancelled", "paused", "pausing"}
    assert set(STATES) == openai
    events = JobEvents(tmp_path)
    for state in STATES:
        events.state(state, "so")
        assert state_of(events_of(tmp_path)) == state


def test_figures_and_sentences_change_no_state(tmp_path) -> None:
    events = JobEvents(tmp_path)
    events.state("running", "so")
    events.metrics("m", {"status": "failed"})
    events.say("s", status="no such state")
    assert state_of(events_of(tmp_path)) == "running"


def test_half_a_line_that_a_crash_left_is_no_event_and_spoils_no_other(tmp_path) -> None:
    events = JobEvents(tmp_path)
    events.say("one")
    with (tmp_path / FILE).open("a") as stream:
        stream.write('{"object": "fine_tuning.job.event", "id": "fteve')
    assert [event.message for event in events_of(tmp_path)] == ["one"]
    events.say("two")
    assert [event.message for event in events_of(tmp_path)] == ["one", "two"]
    assert event_of('{"half') is None


def test_a_folder_without_a_record_has_no_events_and_no_state(tmp_path) -> None:
    assert events_of(tmp_path) == []
    assert state_of([]) is None


def test_a_listener_hears_an_event_only_after_it_is_written(tmp_path) -> None:
    heard = []

    def listen(event) -> None:
        assert raw(tmp_path)[-1]["id"] == event.id
        heard.append(event.message)

    JobEvents(tmp_path, [listen]).say("one")
    assert heard == ["one"]


def test_what_is_no_event_of_ours_is_refused(tmp_path) -> None:
    JobEvents(tmp_path).say("one")
    line = raw(tmp_path)[0]
    assert event_of(json.dumps(line)) is not None
    assert event_of(json.dumps({**line, "object": "something.else"})) is None
    assert event_of(json.dumps({**line, "extra": 1})) is None


@pytest.mark.parametrize("text", ["zufrieden mit ü", "a line\nwith a break", '"quoted"'])
def test_any_text_survives(tmp_path, text) -> None:
    JobEvents(tmp_path).say(text)
    assert events_of(tmp_path)[0].message == text
    assert len((tmp_path / FILE).read_text(encoding="utf-8").splitlines()) == 1
