"""Offline, no connection leaves this machine, neither from this process nor from those that it starts of ours."""

import json
import os
import subprocess
import sys

import pytest

#: Goes offline twice, asks a process of ours, and tries where connections lead.
SCRIPT = """
import json, os, socket, subprocess, sys
from tunewright.core.errors import UserError
from tunewright.core.offline import go_offline, is_offline

CHILD = '''
from tunewright.core.offline import go_offline, is_offline
import json, os
if is_offline():
    go_offline()
import socket
try:
    socket.create_connection(("192.0.2.1", 443), 0.01)
except Exception as error:
    print(json.dumps({"offline": is_offline(), "code": getattr(error, "code", None), "hub": os.environ["HF_HUB_OFFLINE"]}))
'''

def outcome(call, *arguments):
    try:
        call(*arguments)
    except UserError as refused:
        return refused.code
    except OSError:
        return "tried"
    return "done"

before = is_offline()
go_offline()
go_offline()
hooks = []
sys.audit("tunewright.is_offline", hooks)
result = {
    "before": before,
    "after": is_offline(),
    "hooks": len(hooks),
    "child": json.loads(subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True).stdout),
    "away": outcome(socket.create_connection, ("192.0.2.1", 443), 0.01),
    "away by IPv6": outcome(socket.create_connection, ("2001:db8::1", 443), 0.01),
    "a name": outcome(socket.getaddrinfo, "example.org", 443),
    "here": outcome(socket.create_connection, ("127.0.0.1", 1), 0.1),
    "here by IPv6": outcome(socket.create_connection, ("::1", 1), 0.1),
    "here by name": outcome(socket.getaddrinfo, "localhost", 1),
}
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def result() -> dict[str, object]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    call = [sys.executable, "-c", SCRIPT]
    return json.loads(subprocess.run(call, capture_output=True, text=True, check=True, env=environment).stdout)


def test_processes_of_ours_are_told(result) -> None:
    assert (result["before"], result["after"]) == (False, True)
    assert result["child"] == {"offline": True, "code": "E-NET-001", "hub": "1"}


def test_what_leads_away_is_refused_before_it_is_tried(result) -> None:
    assert {result[where] for where in ("away", "away by IPv6", "a name")} == {"E-NET-001"}


def test_this_machine_may_be_talked_to(result) -> None:
    assert (result["here"], result["here by name"]) == ("tried", "done")
    assert result["here by IPv6"] == "tried"


def test_going_offline_twice_is_going_once(result) -> None:
    assert result["hooks"] == 1


@pytest.mark.parametrize(("options", "code"), [(["--offline"], "E-NET-001"), ([], "tried")])
def test_the_flag_of_the_program_goes_offline(options: list[str], code: str) -> None:
    script = """
import os, socket, sys
from tunewright.cli.main import main
try:
    main()
except SystemExit:
    pass
try:
    socket.create_connection(("192.0.2.1", 443), 0.01)
except Exception as error:
    print(getattr(error, "code", "tried"), os.environ.get("TUNEWRIGHT_OFFLINE"))
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    call = [sys.executable, "-c", script, "explain", "E-NET-001", *options]
    stdout = subprocess.run(call, capture_output=True, text=True, check=True, env=environment).stdout
    assert stdout.splitlines()[-1] == f"{code} {'1' if options else None}"
