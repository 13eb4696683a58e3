"""Events can be added, never changed."""

import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tunewright.core.errors import UserError
from tunewright.core.events import Events


def test_an_event_keeps_who_when_what_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_ACTOR", "dana")
    events = Events(f"sqlite:///{tmp_path / 'p' / 'project.db'}")
    events.append(
        "gate.overridden", "audit.quality_score", reason="pilot", digests={"v": "sha256:1"}, detail={"n": 1.5}
    )
    (event,) = events.all()
    assert (event.actor, event.kind, event.reason) == ("dana", "gate.overridden", "pilot")
    assert event.digests == {"v": "sha256:1"}
    assert event.detail == {"n": 1.5}
    assert event.at.endswith("+00:00")


def _append(url: str) -> None:
    events = Events(url)
    for _ in range(20):
        events.append("step.made", "audit")


def test_many_first_openings_at_once_make_one_table_and_lose_no_event(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for trial in range(3):
        url = f"sqlite:///{tmp_path / f'{trial}.db'}"
        several = [context.Process(target=_append, args=(url,)) for _ in range(4)]
        for process in several:
            process.start()
        for process in several:
            process.join()
        assert [process.exitcode for process in several] == [0] * 4
        assert len(Events(url).all()) == 80


def test_a_database_that_cannot_be_written_is_told_at_once_and_not_waited_for(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "project.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE one (id INTEGER)")
    made.close()
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits for what will not change"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as told:
        Events(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert told.value.code == "E-STATE-001"
    assert "readonly" in told.value.why + told.value.what
    assert list(tmp_path.iterdir()) == [path], "a URI is not taken for the name of a folder"


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
def test_the_database_itself_refuses_to_change_an_event(tmp_path: Path, statement: str) -> None:
    url = f"sqlite:///{tmp_path / 'project.db'}"
    Events(url).append("step.made", "audit")
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(statement))
