"""What happened in a project, append-only: who, when, what, digests, and the reason where a person overrode.

SQLite in the project by default, Postgres by URL. The table refuses UPDATE and DELETE by trigger; the ledger of
governance will seal what is written here.
"""

import getpass
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunewright.core.digest import canonical_json
from tunewright.core.errors import ExitCode, UserError
from tunewright.core.frozen import Frozen

#: Seconds to wait for others who use an SQLite file.
_PATIENCE = 30
#: Any number that nothing else in the database locks by.
_SETUP_LOCK = 7_311_994

_SQLITE_GUARDS = [
    f"CREATE TRIGGER IF NOT EXISTS events_no_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
_POSTGRES_GUARDS = [
    "CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger AS "
    "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$ LANGUAGE plpgsql",
    "CREATE OR REPLACE TRIGGER events_guard BEFORE UPDATE OR DELETE ON events "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()",
]


class Event(Frozen):
    """One thing that happened.

    Attributes:
        at: UTC time, ISO 8601.
        actor: who did it.
        kind: such as ``step.made``, ``step.hit``, ``gate.passed``, ``gate.failed``, ``gate.overridden``.
        step: the step it concerns.
        key: that step's key, or empty.
        digests: digests of what went in or came out, by name.
        reason: the person's reason, where one was asked for.
        detail: anything else worth keeping.
    """

    at: str
    actor: str
    kind: str
    step: str
    key: str = ""
    digests: Mapping[str, str] = {}
    reason: str = ""
    detail: Mapping[str, Any] = {}


class Events:
    """The append-only record of one project.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:///path/project.db`` or ``postgresql+psycopg://…``.

    Raises:
        UserError: E-STATE-001 when the database cannot be used, E-ENV-001 when its driver is missing.
    """

    def __init__(self, url: str) -> None:
        import sqlalchemy as sa

        try:
            self._engine = sa.create_engine(url)
            self._set_up(url)
        except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            raise _unusable(url, error) from error

    def _set_up(self, url: str) -> None:
        """Make the table and the triggers that guard it, where they are not there yet."""
        import sqlalchemy as sa

        from tunewright.core.events_table import EVENTS

        if url.startswith("sqlite:///"):
            file = self._engine.url.database or ""
            if not file.startswith("file:"):  # a URI is SQLite's own business, and no name of a folder
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(self._engine, "connect", _durable_sqlite)
        with self._engine.begin() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if not sqlite:  # two first runs at once would both make the table; SQLite takes turns by itself
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_SETUP_LOCK})"))
            connection.execute(sa.schema.CreateTable(EVENTS, if_not_exists=True))
            for guard in _SQLITE_GUARDS if sqlite else _POSTGRES_GUARDS:
                connection.execute(sa.text(guard))

    def append(
        self,
        kind: str,
        step: str,
        *,
        key: str = "",
        digests: Mapping[str, str] | None = None,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> Event:
        """Record that something happened, now, by the person running this process."""
        from tunewright.core.events_table import EVENTS

        event = Event(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            actor=actor(),
            kind=kind,
            step=step,
            key=key,
            digests=dict(digests or {}),
            reason=reason,
            detail=dict(detail or {}),
        )
        row = {
            **event.model_dump(exclude={"digests", "detail"}),
            "digests": canonical_json(dict(event.digests)),
            "detail": canonical_json(dict(event.detail)),
        }
        with self._engine.begin() as connection:
            connection.execute(EVENTS.insert().values(**row))
        return event

    def all(self) -> list[Event]:
        """Every event, oldest first."""
        import json

        import sqlalchemy as sa

        from tunewright.core.events_table import EVENTS

        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.id)).mappings().all()
        return [
            Event.model_validate(
                {
                    **{name: row[name] for name in ("at", "actor", "kind", "step", "key", "reason")},
                    "digests": json.loads(row["digests"]),
                    "detail": json.loads(row["detail"]),
                }
            )
            for row in rows
        ]

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()


def actor() -> str:
    """Who is running: ``TUNEWRIGHT_ACTOR`` when set (CI, services), else the login name."""
    named = os.environ.get("TUNEWRIGHT_ACTOR", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no passwd entry, as in a container run under a bare uid
        return f"uid {os.getuid()}"


def _unusable(url: str, error: Exception) -> UserError:
    """Why the database cannot be used, without the password that a URL may hold."""
    import sqlalchemy as sa

    if isinstance(error, ModuleNotFoundError):
        return UserError(
            "E-ENV-001",
            f"The database driver {error.name!r} is not installed.",
            fix='pip install "tunewright[postgres]"',
            exit_code=ExitCode.RESOURCES,
        )
    try:
        shown = sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        shown = "state.url"
    unreachable = isinstance(error, sa.exc.OperationalError)
    return UserError(
        "E-STATE-001",
        f"The record of events cannot be opened: {shown} ({_first_line(error)}).",
        why="Nothing is done that cannot be recorded.",
        fix="Start the database or correct state.url; move a broken project.db away, and a new record is begun.",
        exit_code=ExitCode.RETRYABLE if unreachable else ExitCode.USAGE,
    )


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _durable_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={1000 * _PATIENCE}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Switch to a write-ahead log; of several that do at once SQLite turns all but one away, whatever its timeout."""
    import sqlite3

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise  # what is read-only or no database stays so
            time.sleep(0.02)
        else:
            return
