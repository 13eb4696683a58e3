"""The shell: results on stdout, errors in one voice, exit codes that say what happened."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from tests.program import HEARING
from tests.workflow.worlds import tickets, write_csv

from tunewright.cli.schemas import schemas


def tunewright(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "tunewright.cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


def valid(verb: str, stdout: str) -> dict:
    document = json.loads(stdout)
    jsonschema.validate(document, schemas()[f"{verb}@1.json"])
    return document


def test_help_names_every_verb_in_the_order_of_the_work() -> None:
    text = tunewright("--help").stdout
    verbs = ("init", "run", "audit", "clean", "split", "train", "evaluate", "release", "report", "predict")
    places = [text.index(f"│ {verb} ") for verb in verbs]
    assert places == sorted(places)


def test_a_wrong_option_is_a_usage_error_with_a_code() -> None:
    found = tunewright("run", "--fsat")
    assert found.returncode == 2
    assert "E-CLI-001" in found.stderr
    assert "Traceback" not in found.stderr


def test_no_project_is_exit_code_5_and_json_says_so_too(tmp_path: Path) -> None:
    found = tunewright("run", "--json", cwd=tmp_path)
    assert found.returncode == 5
    document = valid("run", found.stdout)
    assert document["ok"] is False
    assert document["error"]["faults"][0]["code"] == "E-CFG-003"
    assert "Traceback" not in found.stderr


def test_any_file_can_be_audited_without_a_project(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [*tickets(60), tickets(60)[0]])
    found = tunewright(
        "audit", str(path), "--json", "--findings", str(tmp_path / "f.csv"), "--report", str(tmp_path / "r.html")
    )
    assert found.returncode == 0, found.stderr
    data = valid("audit", found.stdout)["data"]
    copies = next(line for line in data["findings"] if line["name"] == "exact_duplicates.both")
    assert copies["rows"] == 1
    assert copies["lines"] == [62]
    assert "62," in (tmp_path / "f.csv").read_text()
    assert "<html" in (tmp_path / "r.html").read_text()


def test_records_that_cannot_be_read_are_told_and_stand_among_the_findings(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", tickets(60))
    with path.open("a") as stream:
        stream.write('"a fine text",card,and,far,too,many,cells\n')
    found = tunewright("audit", str(path), "--findings", str(tmp_path / "f.csv"))
    assert "1 set aside" in found.stdout
    assert "set aside: line 62: " in found.stdout
    kept = [line for line in (tmp_path / "f.csv").read_text().splitlines() if ",intake,set_aside,blocking," in line]
    assert len(kept) == 1
    assert kept[0].startswith("62,")


def test_ctrl_c_in_an_audit_shows_what_was_found_so_far(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    lines = [f"please look at card {n} of customer {n * 7919 % 100_003},{'abc'[n % 3]}" for n in range(110_000)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    call = [*HEARING, "audit", str(path), "--json", "--findings", str(tmp_path / "f.csv")]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while "First look" not in (line := process.stderr.readline()):
        assert line, "it ended before a first look"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 130, stderr
    checks = valid("audit", stdout)["data"]["checks"]
    assert checks[-1]["skipped"] == "interrupted before it ran"
    assert (tmp_path / "f.csv").exists()
    assert "Traceback" not in stderr


def test_fail_under_is_exit_code_3_and_a_second_write_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [*tickets(20), *tickets(20)])
    findings = tmp_path / "f.csv"
    found = tunewright("audit", str(path), "--fail-under", "85", "--findings", str(findings))
    assert found.returncode == 3
    assert "E-GATE-001" in found.stderr
    again = tunewright("audit", str(path), "--findings", str(findings))
    assert again.returncode == 2
    assert "E-CLI-005" in again.stderr


def test_init_guesses_and_writes_a_commented_project(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "tickets.csv", tickets(80))
    found = tunewright("init", str(tmp_path / "desk"), "--data", str(path), "--yes", "--json")
    assert found.returncode == 0, found.stderr
    data = valid("init", found.stdout)["data"]
    assert (data["task"], data["mapping"]["prompt"], data["mapping"]["label"]) == ("classify", "text", "category")
    assert len(data["preview"]) == 5
    text = (tmp_path / "desk" / "tunewright.yaml").read_text()
    assert "# " in text
    assert tunewright("config", "validate", "-C", str(tmp_path / "desk")).returncode == 0
    again = tunewright("init", str(tmp_path / "desk"), "--data", str(path), "--yes")
    assert again.returncode == 2
    assert "E-CLI-005" in again.stderr


def test_explain_knows_a_code_and_suggests_one() -> None:
    data = valid("explain", tunewright("explain", "e-gate-001", "--json").stdout)["data"]
    assert data["code"] == "E-GATE-001"
    assert "Did you mean 'E-GATE-00" in tunewright("explain", "E-GATE-009").stderr


@pytest.mark.parametrize("verb", ["status", "events", "versions"])
def test_a_fresh_project_can_be_asked_anything(tmp_path: Path, verb: str) -> None:
    path = write_csv(tmp_path / "tickets.csv", tickets(40))
    tunewright("init", str(tmp_path / "desk"), "--data", str(path), "--yes")
    found = tunewright(verb, "-C", str(tmp_path / "desk"), "--json")
    assert found.returncode == 0, found.stderr
    valid(verb, found.stdout)


def test_offline_refuses_a_connection_and_says_why() -> None:
    code = (
        "from tunewright.core.offline import go_offline\ngo_offline()\nimport socket\n"
        "socket.create_connection(('127.0.0.1', 1), 0.1)"
    )
    local = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConnectionRefusedError" in local.stderr
    away = subprocess.run(
        [sys.executable, "-c", code.replace("127.0.0.1", "192.0.2.1")], capture_output=True, text=True, check=False
    )
    assert "E-NET-001" in away.stderr
