"""The eight fixed mutants die, and the tool that draws the others makes what it says and tells a survivor."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tools import mutants as tool
from tools.mutation import mutants

ROOT = Path(__file__).parents[2]
SOURCE = '''
"""What it is."""
from x import y

LIMIT: int = 3


def shut(a: int, b: "int | None" = 2) -> bool:
    """Whether it is."""
    assert a == 1
    if not (a < b and b):
        raise ValueError(f"{a + b} is too much")
    self.a = a * 2
    return a in (b,)
'''


def test_a_file_has_the_mutants_that_one_would_write_by_hand() -> None:
    source = SOURCE.encode()
    changes = {mutant.shown(source)[1] for mutant in mutants("x.py", source)}
    assert changes == {
        "LIMIT: int = (3 + 1)",
        'def shut(a: int, b: "int | None" = (2 + 1)) -> bool:',
        "if (a < b and b):",
        "if not (a <= b and b):",
        "if not (a < b or b):",
        "pass",
        "self.a = a / 2",
        "self.a = a * (2 + 1)",
        "return a not in (b,)",
    }


def test_every_mutant_of_what_is_sampled_is_another_program_that_still_is_one() -> None:
    drawn = tool.sample(150, seed=5)
    assert len({change.file for change in drawn}) > 20
    for change in drawn:
        before = ast.dump(ast.parse((ROOT / change.file).read_bytes()))
        assert ast.dump(ast.parse(change.content)) != before, change
        assert change.before != change.after, change


def test_the_seed_decides_the_sample() -> None:
    assert tool.sample(20, seed=1) == tool.sample(20, seed=1)
    assert tool.sample(20, seed=1) != tool.sample(20, seed=2)


def test_a_files_own_test_is_asked_before_those_of_its_folder() -> None:
    assert tool.tests_of("src/tunewright/core/store.py") == (
        ("tests/core/test_store.py",), ("tests/core", "tests/workflow"),
    )  # fmt: skip
    assert tool.tests_of("src/tunewright/stages/split/stage.py")[0] == ("tests/stages/split/test_split.py",)
    for change in tool.sample(500, seed=3):
        assert all(call for call in change.tests), change.file


def test_an_explanation_of_lines_that_are_gone_is_refused(monkeypatch) -> None:
    entry = {"file": "src/tunewright/core/gate.py", "before": "no such line", "after": "x", "why": "y"}
    monkeypatch.setattr(tool, "_entries", lambda _: [entry])
    with pytest.raises(SystemExit, match="no such line"):
        tool.explained()


def test_every_explained_mutant_is_still_in_its_file_and_has_a_reason() -> None:
    assert all(len(why) > 20 for why in tool.explained().values())


def test_a_fixed_mutant_whose_text_is_gone_is_refused(monkeypatch) -> None:
    entry = {"name": "n", "file": "src/tunewright/core/gate.py", "before": "no such text", "after": "", "tests": []}
    monkeypatch.setattr(tool, "_entries", lambda _: [entry])
    with pytest.raises(SystemExit, match=r"n: its text is 0 times in src/tunewright/core/gate\.py"):
        tool.fixed()


@pytest.mark.slow
def test_the_tests_notice_each_of_the_fixed_mutants() -> None:
    assert len(tool.fixed()) == 8
    call = [sys.executable, "-m", "tools.mutants", "--fixed", "--jobs", "1"]
    outcome = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.count("killed ") == 8
    assert "8 mutants, 0 survived" in outcome.stdout


def test_a_change_that_no_test_notices_survives_and_one_that_is_noticed_does_not(tmp_path: Path) -> None:
    copy = tool.Copy.__new__(tool.Copy)
    copy.folder = tmp_path
    (tmp_path / "thing.py").write_text("def double(n):\n    return 2 * n\n")
    (tmp_path / "test_thing.py").write_text("from thing import double\n\ndef test_two():\n    assert double(2) == 4\n")
    calls = (("test_thing.py",),)
    usual = tool.Usual(copy, calls, together=True)

    def outcome(content: str) -> str:
        change = tool.Change("", "thing.py", 2, "operator", "", "", calls, content.encode())
        return copy.outcome(change, usual)

    assert outcome("def double(n):\n    return 3 * n\n") == "killed"
    assert outcome("def double(n):\n    return n ** 2\n") == "survived"
    assert (tmp_path / "thing.py").read_text() == "def double(n):\n    return 2 * n\n", "and the file is as it was"
