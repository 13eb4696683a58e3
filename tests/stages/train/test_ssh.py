"""`--on ssh`: one command a host, quoted and without secrets; a host that fails is explained, and ends the others."""

import os
import shlex
import socket
import stat
from pathlib import Path

import pytest
from tests.stages.train.sums import events_of, said, write_project

from tunewright.core.errors import UserError
from tunewright.stages.train.launchers import ssh

#: A stand-in for ssh and the hosts behind it: each "host" is this machine, but for two that have their troubles.
FAKE = """#!/bin/sh
echo "$@" >> "$FAKE_SSH_LOG"
while [ "$1" != "--" ]; do shift; done
case "$2" in
  unreachable) echo "ssh: connect to host unreachable port 22: No route to host" >&2; exit 255;;
  elsewhere) echo "sh: 1: cd: can't cd to the project" >&2; exit 66;;
esac
exec sh -c "$3"
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch) -> Path:
    """Where the stand-in for ssh, which is first on the path, writes what it was given."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SSH_LOG", str(tmp_path / "ssh.log"))
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    return tmp_path / "ssh.log"


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_two_hosts_train_together(tmp_path: Path, started: Path) -> None:
    project = write_project(tmp_path / "sums")
    hosts = ("--on", "ssh", "--hosts", "127.0.0.1,localhost", "--processes", "1")
    port = ("--set", f"train.launch.ssh.port={free_port()}")
    code, document = said(project, "train", *hosts, *port, "--dry-run")
    shown = [command["command"] for command in document["data"]["commands"]]
    assert code == 0 and len(shown) == 2
    assert not started.exists(), "a dry run starts nothing"

    code, document = said(project, "train", *hosts, *port)
    assert code == 0, document
    assert "hunter2" not in started.read_text()
    assert sorted(started.read_text().splitlines()) == sorted(" ".join(shlex.split(one)[1:]) for one in shown)
    assert events_of(project)[-1]["data"]["status"] == "succeeded"


@pytest.mark.parametrize(("host", "code"), [("unreachable", "E-LAUNCH-003"), ("elsewhere", "E-LAUNCH-004")])
def test_a_host_that_fails_is_explained_and_ends_the_others(
    tmp_path: Path, started: Path, host: str, code: str
) -> None:
    project = write_project(tmp_path / "sums")
    words = ("--on", "ssh", "--hosts", f"127.0.0.1,{host}", "--processes", "1")
    _, document = said(project, "train", *words, "--set", f"train.launch.ssh.port={free_port()}")
    (fault,) = document["error"]["faults"]
    assert fault["code"] == code
    assert host in fault["what"]
    assert events_of(project)[-1]["data"]["error"]["code"] == code


def test_a_command_asks_no_questions_and_is_quoted_for_the_shell_over_there() -> None:
    folder = Path("/shared/it's ours; rm -rf $HOME")
    options = ssh.Options(hosts=("ann@alpha", "beta"), processes=2, port=12345, python="/opt/p y/python")
    first, second = ssh.commands(folder, options)
    assert (first.where, second.where) == ("ann@alpha", "beta")
    assert first.line[:3] == ("ssh", "-o", "BatchMode=yes")
    assert first.line[-3:-1] == ("--", "ann@alpha")
    shell, flag, script = shlex.split(second.line[-1])
    assert (shell, flag) == ("sh", "-c")
    change, run = script.split(" || exit 66; exec ")
    assert shlex.split(change) == ["cd", str(folder)]
    words = shlex.split(run)
    assert words[-1] == str(folder)
    assert "/opt/p y/python" in words
    for name, value in {
        "--nnodes": "2",
        "--node-rank": "1",
        "--nproc-per-node": "2",
        "--master-addr": "alpha",
        "--master-port": "12345",
    }.items():
        assert words[words.index(name) + 1] == value


@pytest.mark.parametrize("host", ["-oProxyCommand=reboot", "a b", "a;b", "$(id)", ""])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(UserError) as refused:
        ssh.commands(Path("/x"), ssh.Options(hosts=(host,)))
    assert refused.value.code == "E-LAUNCH-005"


def test_hosts_have_to_be_named() -> None:
    with pytest.raises(UserError) as refused:
        ssh.commands(Path("/x"), ssh.Options())
    assert refused.value.code == "E-LAUNCH-001"
