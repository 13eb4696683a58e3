"""What users get wrong: each mistake has a code of its own, an exit code that says what kind it is, and no traceback."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.program import PROGRAM
from tests.workflow.worlds import tickets, write_csv

FULL = Path("/dev/full")
YAML = "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}\n"


def project(folder: Path, yaml: str = YAML, rows: list[tuple[str, str]] | None = None) -> Path:
    folder.mkdir()
    write_csv(folder / "tickets.csv", rows or tickets(40))
    (folder / "tunewright.yaml").write_text(yaml)
    return folder


def missing_data(folder: Path) -> list[str]:
    (project(folder / "p") / "tickets.csv").unlink()
    return ["run", "-C", str(folder / "p")]


def no_data_named(folder: Path) -> list[str]:
    return ["run", "-C", str(project(folder / "p", "name: empty\n"))]


def no_such_file(folder: Path) -> list[str]:
    return ["audit", str(folder / "nothing.csv")]


def a_folder_as_file(folder: Path) -> list[str]:
    return ["audit", str(folder)]


def init_onto_a_file(folder: Path) -> list[str]:
    (folder / "desk").write_text("mine")
    return ["init", str(folder / "desk"), "--data", str(write_csv(folder / "t.csv", tickets(40))), "--yes"]


def project_is_a_file(folder: Path) -> list[str]:
    return ["run", "-C", str(write_csv(folder / "t.csv", tickets(40)))]


def yaml_is_a_folder(folder: Path) -> list[str]:
    (folder / "p" / "tunewright.yaml").mkdir(parents=True)
    return ["run", "-C", str(folder / "p")]


def bad_state_url(folder: Path) -> list[str]:
    return ["status", "-C", str(project(folder / "p", YAML + "state: {url: 'nonsense'}\n"))]


def unreachable_state(folder: Path) -> list[str]:
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/none"
    return ["status", "-C", str(project(folder / "p", YAML + f"state: {{url: '{url}'}}\n"))]


def broken_record(folder: Path) -> list[str]:
    state = project(folder / "p") / ".tunewright"
    state.mkdir()
    (state / "project.db").write_bytes(b"this is no database at all" * 100)
    return ["status", "-C", str(folder / "p")]


def unknown_split(folder: Path) -> list[str]:
    return ["run", "-C", str(project(folder / "p", YAML + "split: {by: customer}\n"))]


def one_label(folder: Path) -> list[str]:
    return ["plan", "-C", str(project(folder / "p", YAML, [(text, "card") for text, _ in tickets(60)]))]


def wrong_method(folder: Path) -> list[str]:
    return ["plan", "-C", str(project(folder / "p", YAML + "train: {method: lora, base: all-MiniLM-L6-v2}\n"))]


def no_label_column(folder: Path) -> list[str]:
    (folder / "t.csv").write_text("text,when\n" + "".join(f"my card {n} is lost again,{n}\n" for n in range(40)))
    return ["audit", str(folder / "t.csv"), "--set", "data.task=classify", "--set", "data.columns.prompt=text"]


def findings_exist(folder: Path) -> list[str]:
    (folder / "f.csv").write_text("mine")
    return ["audit", str(write_csv(folder / "t.csv", tickets(40))), "--findings", str(folder / "f.csv")]


def findings_of_no_format(folder: Path) -> list[str]:
    return ["audit", str(write_csv(folder / "t.csv", tickets(40))), "--findings", str(folder / "f.pdf")]


MISTAKES: list[tuple[Callable[[Path], list[str]], str, int]] = [
    (missing_data, "E-DATA-001", 5),
    (no_data_named, "E-DATA-003", 2),
    (no_such_file, "E-DATA-001", 5),
    (a_folder_as_file, "E-DATA-003", 2),
    (init_onto_a_file, "E-CLI-005", 2),
    (project_is_a_file, "E-CFG-003", 5),
    (yaml_is_a_folder, "E-CFG-003", 5),
    (bad_state_url, "E-STATE-001", 2),
    (unreachable_state, "E-STATE-001", 7),
    (broken_record, "E-STATE-001", 2),
    (unknown_split, "E-CFG-005", 2),
    (one_label, "E-PLAN-003", 2),
    (wrong_method, "E-PLAN-002", 2),
    (no_label_column, "E-DATA-020", 2),
    (findings_exist, "E-CLI-005", 2),
    (findings_of_no_format, "E-CLI-007", 2),
]


@pytest.mark.parametrize(("mistake", "code", "exit_code"), MISTAKES, ids=[one[0].__name__ for one in MISTAKES])
def test_a_mistake_is_told_with_its_code_and_no_traceback(
    mistake: Callable[[Path], list[str]], code: str, exit_code: int, tmp_path: Path
) -> None:
    call = [*PROGRAM, *mistake(tmp_path), "--json"]
    found = subprocess.run(call, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    fault = json.loads(found.stdout)["error"]["faults"][0]
    assert (fault["code"], found.returncode) == (code, exit_code), found.stderr
    assert "Traceback" not in found.stderr
    assert "secret" not in found.stdout + found.stderr
    assert fault["fix"]


def test_what_the_user_made_is_as_it_was(tmp_path: Path) -> None:
    subprocess.run([*PROGRAM, *findings_exist(tmp_path)], capture_output=True, check=False)
    assert (tmp_path / "f.csv").read_text() == "mine"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tunewright.cli import main

    def full(*_: object, **__: object) -> None:
        FULL.write_text("x" * 100_000)

    monkeypatch.setattr(main, "program", lambda: full)
    assert main.call([]) == 6
    assert "E-CLI-010" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_is_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tunewright.cli import main

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/desk/.tunewright")

    monkeypatch.setattr(main, "program", lambda: denied)
    assert main.call([]) == 4
    assert "/desk/.tunewright" in capsys.readouterr().err
