"""`--offline` holds in every process that a run starts: none of them could connect beyond this machine.

Each process of Python that the program starts, and the program itself, reports as it ends what a connection would have
met there. It asks the interpreter's audit hooks, which is where a connection is refused, and connects to nothing.
"""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.program import PROGRAM
from tests.stages.train.sums import write_project

#: Read by every Python that finds it on its path, before anything else.
REPORTER = """
import atexit, json, os, sys

BEYOND = (("socket.connect", (None, ("192.0.2.1", 443))), ("socket.getaddrinfo", ("example.com", 443, 0, 0, 0)))
HERE = (("socket.connect", (None, ("127.0.0.1", 443))), ("socket.connect", (None, "/tmp/a.socket")))
path = os.path.join(os.environ["REPORTS"], f"{os.getpid()}.json")


def met(event, arguments):
    try:
        sys.audit(event, *arguments)
    except BaseException as error:
        return getattr(error, "code", type(error).__name__)
    return "allowed"


def report(ended):
    flags = {name: os.environ.get(name) for name in ("TUNEWRIGHT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    document = {"line": sys.orig_argv, "ended": ended, "flags": flags}
    document |= {"beyond": [met(*probe) for probe in BEYOND], "here": [met(*probe) for probe in HERE]} if ended else {}
    with open(path, "w") as stream:
        json.dump(document, stream)


report(False)
atexit.register(report, True)
"""


@dataclass
class Report:
    """What one process was, and what a connection would have met in it."""

    line: str
    ended: bool
    flags: dict[str, str | None]
    beyond: list[str] = field(default_factory=list)
    here: list[str] = field(default_factory=list)


def reports_of(folder: Path, *words: str) -> list[Report]:
    """The reports of the program called with `words`, and of all that it started."""
    (folder / "path").mkdir()
    (folder / "reports").mkdir()
    (folder / "path" / "sitecustomize.py").write_text(REPORTER)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    environment["REPORTS"] = str(folder / "reports")
    environment["PYTHONPATH"] = os.pathsep.join([str(folder / "path"), environment.get("PYTHONPATH", "")])
    outcome = subprocess.run([*PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    documents = [json.loads(path.read_text()) for path in (folder / "reports").glob("*.json")]
    return [Report(**(document | {"line": shlex.join(document["line"])})) for document in documents]


def reports_with(reports: list[Report], module: str) -> list[Report]:
    """The reports of processes that run `module`."""
    return [report for report in reports if f"-m {module}" in report.line]


def require_refusing(reports: list[Report]) -> None:
    """Every process of ours refuses, and every other one would hand the flags on to ours."""
    for report in reports:
        assert report.ended, f"{report.line} ended without a report"
        assert report.here == ["allowed", "allowed"], report
        assert set(report.flags.values()) == {"1"}, report
        if "tunewright." in report.line and "torch.distributed.run" not in report.line:
            assert report.beyond == ["E-NET-001", "E-NET-001"], report


def test_the_process_that_trains_refuses_what_leaves_this_machine(tmp_path: Path) -> None:
    project = write_project(tmp_path / "sums")
    reports = reports_of(tmp_path, "train", "-C", str(project), "--offline", "--quiet")
    assert len(reports_with(reports, "tunewright.cli.main")) == 1
    assert len(reports_with(reports, "tunewright.stages.train.launch.worker")) == 1
    require_refusing(reports)


@pytest.mark.slow
def test_processes_that_train_together_refuse_it_each(tmp_path: Path) -> None:
    project = write_project(tmp_path / "sums")
    words = ("train", "-C", str(project), "--on", "local", "--processes", "2", "--offline", "--quiet")
    reports = reports_of(tmp_path, *words)
    members = reports_with(reports, "tunewright.stages.train.launch.member")
    own = [report for report in members if "torch.distributed.run" not in report.line]
    assert len(own) == 2
    require_refusing(reports)


def test_without_the_flag_nothing_is_refused_so_that_these_tests_can_fail(tmp_path: Path) -> None:
    (report,) = reports_of(tmp_path, "explain", "E-NET-001")
    assert report.beyond == ["allowed", "allowed"]
    assert set(report.flags.values()) == {None}


def test_other_hosts_are_told_on_their_command_line(tmp_path: Path) -> None:
    project = write_project(tmp_path / "sums")
    words = ("train", "-C", str(project), "--on", "ssh", "--hosts", "a,b", "--processes", "1", "--dry-run", "--json")
    outcome = subprocess.run([*PROGRAM, *words, "--offline"], capture_output=True, text=True, check=True)
    lines = [command["command"] for command in json.loads(outcome.stdout)["data"]["commands"]]
    assert len(lines) == 2
    assert all("TUNEWRIGHT_OFFLINE=1" in line for line in lines), lines


def test_a_worker_of_a_ray_cluster_is_told_by_the_driver_since_it_has_an_environment_of_its_own() -> None:
    code = """
import os, sys
from tunewright.stages.train.launch import ray_driver

def run_member(folder):
    try:
        sys.audit("socket.connect", None, ("192.0.2.1", 443))
    except Exception as error:
        print(folder, error.code)
    return True

ray_driver.run_member = run_member
os.environ["TUNEWRIGHT_OFFLINE"] = "1"
config = ray_driver.work_config("handed")
del os.environ["TUNEWRIGHT_OFFLINE"]
ray_driver._work(config)
"""
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.stdout.strip() == "handed E-NET-001", outcome.stderr
