"""The verbs come from the files of one folder, in the order of the work; a stage without a file has a verb all the same."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from tests.house.test_imports import HEAVY
from tests.workflow.worlds import tickets, write_csv

from tunewright.cli import commands as folder
from tunewright.cli import main
from tunewright.cli.command import Command, command
from tunewright.cli.commands import ORDER, arranged, commands
from tunewright.cli.generic import result_table, shown
from tunewright.cli.options import LaunchOptions, OverrideOptions
from tunewright.cli.shell import Shell
from tunewright.cli.tables import new_console
from tunewright.core.frozen import Frozen
from tunewright.core.gate import judge
from tunewright.core.interrupts import PartialResult
from tunewright.core.score import Score

FILES = {path.stem for path in Path(folder.__path__[0]).glob("*.py")} - {"__init__"}


class Line(Frozen):
    source: str
    rows: int


class MixResult(Frozen):
    rows: int
    share: Score
    shuffled: bool
    note: str
    sources: tuple[Line, ...]


MIXED = MixResult(
    rows=1200,
    share=Score(metric="share", value=0.25, n=1200, low=0.2, high=0.3),
    shuffled=True,
    note="",
    sources=(Line(source="[tickets]", rows=900), Line(source="invented", rows=300)),
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_csv(tmp_path / "tickets.csv", tickets(40))
    (tmp_path / "tunewright.yaml").write_text(
        "data: {file: tickets.csv, task: classify, columns: {prompt: text, label: category}}\n"
    )
    return tmp_path


def verbs_of_help(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main.call(["--help"]) == 0
    return re.findall(r"^│ ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)


def call_verbs(monkeypatch: pytest.MonkeyPatch, verbs: list[Command], *arguments: str) -> int:
    monkeypatch.setattr(main, "commands", lambda: verbs)
    return main.call(list(arguments))


def test_each_verb_of_the_help_has_a_file_and_each_file_a_verb(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    files = {verb.call.__module__.rpartition(".")[2]: verb.call.__module__ for verb in commands()}
    assert set(files) == FILES
    assert set(files.values()) == {f"tunewright.cli.commands.{file}" for file in FILES}
    assert set(verbs_of_help(capsys)) == {verb.group.name if verb.group else verb.word for verb in commands()}


def test_the_order_names_every_file_and_no_other() -> None:
    assert sorted(ORDER) == sorted(FILES)


def test_verbs_stand_in_the_help_in_the_order_of_the_work(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert verbs_of_help(capsys) == [
        "init", "run",
        "audit", "clean", "undo", "split", "plan", "train", "sweep", "evaluate", "release", "report", "review",
        "predict",
        "status", "why", "events", "versions", "diff", "explain", "config", "runs",
    ]  # fmt: skip


def test_names_are_those_of_the_json_documents() -> None:
    names = [verb.name for verb in commands()]
    assert len(names) == len(set(names)) == 31
    assert {"audit", "review-sample", "runs-list", "config-show"} <= set(names)


def test_a_new_file_in_the_folder_is_a_verb(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "greet.py").write_text(
        "from tunewright.cli.command import command\n"
        "def greet_table(value): print(value)\n"
        "@command('greet', panel='Use', table=greet_table)\n"
        "def greet(shell, name: str = 'you') -> 'str':\n"
        "    'Greet somebody.'\n"
        "    return f'Good day, {name}.'\n"
        "COMMANDS = (greet,)\n"
    )
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert commands()[-1].name == "greet"
    assert main.call(["greet", "--name", "Ines"]) == 0
    assert capsys.readouterr().out == "Good day, Ines.\n"
    assert "greet" in verbs_of_help(capsys)


def test_a_stage_stands_behind_the_one_before_it_and_strangers_at_the_end() -> None:
    stages = ["audit", "clean", "mix", "split", "train", "optimize", "squeeze", "release"]
    order = arranged([*ORDER, "mix", "optimize", "squeeze", "zebra", "alpaca"], stages)
    assert order[order.index("clean") + 1] == "mix"
    assert order[order.index("train") + 1 :][:2] == ["optimize", "squeeze"]
    assert order[-2:] == ["alpaca", "zebra"]
    assert [name for name in order if name in ORDER] == list(ORDER)


def test_a_result_without_a_table_of_its_own_is_shown_field_by_field(capsys) -> None:
    result_table(MIXED)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["field", "value"],
        ["rows", "1,200"],
        ["share", "0.250", "(0.200", "to", "0.300)"],
        ["shuffled", "yes"],
        ["note", "–"],
        ["sources:", "2"],
        ["source", "rows"],
        ["[tickets]", "900"],
        ["invented", "300"],
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (judge("mix.share", ">= 0.3", MIXED.share), "0.250  [red]✗ the gate asks for >= 0.3[/]"),
        (MIXED.sources[1], "source invented, rows 300"),
        ({"a": 1, "b": [0.5, None]}, "a 1, b 0.500, –"),
        ({}, "–"),
        (False, "no"),
    ],
)
def test_a_field_is_one_line_whatever_it_holds(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_group_of_options_is_spelled_out_and_handed_on_as_one(monkeypatch, capsys) -> None:
    @command("go", table=print)
    def go(shell: Shell, speed: int = 1, *, launch: LaunchOptions, gates: OverrideOptions) -> "str":
        """Go."""
        return f"{speed} {launch.settings()} {launch.dry_run} {gates.override} {gates.why} {shell.options.set}"

    arguments = ["--speed", "3", "--on", "ssh", "--hosts", "a, b", "--override", "x", "--why", "y", "--set", "seed=1"]
    assert call_verbs(monkeypatch, [go, go], "go", *arguments) == 0
    settings = ("train.launch=ssh", "train.launch.ssh.hosts=['a', 'b']")
    assert capsys.readouterr().out == f"3 {settings} False ['x'] y ['seed=1']\n"


def test_settings_of_a_verb_are_below_those_of_set(desk) -> None:
    shell = Shell()
    shell.begin("train", type(shell.options)(project=desk, set=["seed=2"]))
    assert shell.project(settings=("seed=1",)).config.seed == 2
    assert shell.project(settings=("seed=1",)).folder == desk.resolve()


def test_a_call_begins_with_a_shell_of_its_own(tmp_path, capsys) -> None:
    assert main.call(["status", "-C", str(tmp_path / "none"), "--json", "--set", "seed=1"]) == 5
    assert json.loads(capsys.readouterr().out)["schema"] == "tunewright/status@1"
    assert main.call(["versions", "--wrong"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "", "the call before asked for JSON, this one did not"
    assert "E-CLI-001" in captured.err


def test_what_cannot_be_parsed_is_a_document_too_where_json_was_asked_for(capsys) -> None:
    assert main.call(["status", "--wrong", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["error"]["faults"][0]["code"]) == (False, "E-CLI-001")


@pytest.mark.parametrize(("partial", "out"), [(Line(source="a", rows=7), "so far 7\n"), (MIXED, "")])
def test_an_interrupted_verb_shows_its_own_result_and_no_other(partial: Frozen, out: str, monkeypatch, capsys) -> None:
    def so_far(value: Line) -> None:
        new_console().print(f"so far {value.rows}")

    @command("count", table=so_far)
    def count(shell: Shell) -> "Line":
        """Count."""
        raise PartialResult(partial)

    assert call_verbs(monkeypatch, [count, count], "count") == 130
    captured = capsys.readouterr()
    assert captured.out == out
    assert "the same command goes on from there" in captured.err


def test_a_fault_of_ours_is_a_log_and_a_sentence(desk, monkeypatch, capsys) -> None:
    @command("fall", table=print)
    def fall(shell: Shell) -> "str":
        """Fall."""
        raise ZeroDivisionError("by nothing")

    (desk / ".tunewright").mkdir()
    assert call_verbs(monkeypatch, [fall, fall], "fall", "-C", str(desk)) == 1
    err = capsys.readouterr().err
    assert "E-BUG-001" in err
    assert "Traceback" not in err
    (log,) = (desk / ".tunewright" / "logs").iterdir()
    assert "ZeroDivisionError: by nothing" in log.read_text()
    assert str(log) in err.replace("\n", "")
    assert call_verbs(monkeypatch, [fall, fall], "fall", "-C", str(desk), "--verbose") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_result_type_that_its_file_does_not_import_is_a_fault() -> None:
    @command("count", table=print)
    def count(shell: Shell) -> "AuditResult":  # noqa: F821 - that is what is tested
        """Count."""

    with pytest.raises(KeyError, match="AuditResult"):
        count.result_types()


def test_result_types_come_in_the_order_of_the_annotation() -> None:
    run = next(verb for verb in commands() if verb.name == "run")
    assert [kind.__name__ for kind in run.result_types()] == ["RunResult", "LaunchResult"]


def test_no_color_is_for_the_whole_process(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    shell = Shell()
    shell.begin("status", type(shell.options)(no_color=True))
    assert new_console().no_color


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["review", "sample", "--help"], ["--version"]])
def test_help_imports_nothing_heavy_and_no_stage(arguments: list[str]) -> None:
    # Without `Frozen` there is no result and no setting. pydantic itself is typer's, where a verb has numbers.
    ours = [f"tunewright.{name}" for name in ("project", "workflow", "config", "stages", "core.frozen")]
    code = (
        f"import sys\nfrom tunewright.cli.main import call\nassert call({arguments}) == 0\n"
        f"print([name for name in {[*HEAVY, 'yaml', *ours]} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_the_program_is_typers() -> None:
    assert isinstance(main.program(), typer.Typer)
