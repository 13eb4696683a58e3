"""Events in Postgres: the same record, and the database refuses to change it. The test starts its own server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tunewright.core.events import Events

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
INITDB = shutil.which("initdb") or (str(BINARIES[-1]) if BINARIES else None)

pytest.importorskip("psycopg", reason='the Postgres driver is absent: pip install "tunewright[postgres]"')
pytestmark = pytest.mark.skipif(INITDB is None, reason="no Postgres server is installed (Debian: postgresql)")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    import tempfile

    assert INITDB
    binaries = Path(INITDB).resolve().parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Postgres refuses to run as root; its own package makes the user "postgres".
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="tunewright-pg-"))
    if as_user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    subprocess.run(
        [*as_user, str(binaries / "initdb"), "-D", str(data), "-U", "tw", "-A", "trust"],
        check=True,
        capture_output=True,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [*as_user, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, capture_output=True)
    try:
        yield f"postgresql+psycopg://tw@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_the_record_is_the_same_as_in_sqlite(url: str, tmp_path: Path) -> None:
    here, there = Events(f"sqlite:///{tmp_path / 'p.db'}"), Events(url)
    for events in (here, there):
        events.append(
            "gate.failed", "audit.quality_score", digests={"v": "sha256:1"}, detail={"judged": 72.5}, reason="é"
        )
    (one,), (other,) = here.all(), there.all()
    assert one.model_copy(update={"at": ""}) == other.model_copy(update={"at": ""})
    Events(url)  # opening it again makes nothing twice


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
def test_postgres_itself_refuses_to_change_an_event(url: str, statement: str) -> None:
    Events(url).append("step.made", "audit")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(statement))
