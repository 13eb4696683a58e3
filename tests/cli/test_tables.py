"""What tables share: figures with their interval, a gate's judgement, paths as one would type them."""

from pathlib import Path

import pytest

from tunewright.cli.tables import cell, clip, ends, escape, interval, mark, near, new_console, new_table
from tunewright.core.gate import Override, Verdict, judge
from tunewright.core.score import Score

SCORE = Score(metric="quality_score", value=91.25, n=400, low=88.0, high=93.5, unit="points")


def verdict(bar: str, override: Override | None = None) -> Verdict:
    return judge("audit.quality_score", bar, SCORE, override=override)


def test_points_have_one_digit_and_shares_three() -> None:
    assert interval(SCORE) == "[bold]91.2[/] (88.0 to 93.5)"
    assert ends(SCORE.model_copy(update={"unit": "share"})) == "88.000 to 93.500"


def test_a_score_without_an_interval_has_no_ends() -> None:
    bare = SCORE.model_copy(update={"low": None})
    assert (interval(bare), ends(bare)) == ("[bold]91.2[/]", "–")


def test_a_gate_is_marked_with_what_it_asks_and_who_overrode_it() -> None:
    assert mark(None) == ""
    assert mark(verdict(">= 88")) == "  [green]✓ >= 88[/]"
    assert mark(verdict(">= 89")) == "  [red]✗ the gate asks for >= 89[/]"
    overridden = verdict(">= 89", Override(who="Ines", why="a [test]"))
    assert mark(overridden) == r"  [yellow]overridden by Ines: a \[test][/]"


def test_a_path_below_this_folder_is_relative_and_another_is_whole(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(str(tmp_path / "a" / "b.html")) == str(Path("a", "b.html"))
    assert near("/elsewhere/b.html") == "/elsewhere/b.html"


@pytest.mark.parametrize(("text", "cut"), [("four", "four"), ("fiver", "fiv…"), ("a\n  b", "a b")])
def test_a_text_is_one_line_of_a_width(text: str, cut: str) -> None:
    assert clip(text, 4) == cut


def test_a_fraction_has_three_digits_in_a_cell() -> None:
    assert [cell(0.12345), cell(7), cell("x")] == ["0.123", "7", "x"]


def test_numbers_stand_to_the_right_and_markup_of_users_is_text(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = new_table("name", "rows", numbers=("rows",))
    table.add_row(escape("[red]ham"), "7")
    new_console().print(table)
    assert capsys.readouterr().out.splitlines()[1].rstrip() == "[red]ham     7"
