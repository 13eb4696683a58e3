"""Whatever is written comes back, with the line it stood on; whatever is torn is refused or set aside, and counted."""

import csv
import io
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.stages.intake.test_nasty_files import NASTY

from tunewright.core.errors import UserError
from tunewright.stages.intake import columnar, delimited
from tunewright.stages.intake.api import read, read_table
from tunewright.stages.intake.delimited import read_delimited
from tunewright.stages.intake.encoding import Text
from tunewright.stages.intake.records import FileFormat, RecordTable, spread
from tunewright.stages.intake.settings import DataSettings
from tunewright.stages.intake.turns import Unusable, openai_chat

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=12)
#: Cells that need no quotes, so that the fast way and the careful one must agree on them.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n,\ufeff'), max_size=12)
MAPPED = DataSettings.model_validate({"columns": {"prompt": "text", "label": "label"}, "header": "first"})


def text(content: str) -> Text:
    return Text("t.csv", content.encode(), "utf-8")


def lines_in(record: str) -> int:
    """Physical lines of a written record: LF, CR LF and CR inside quotes each begin another."""
    return len(io.StringIO(record, newline="").readlines())


@given(tables, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n", "\r"]))
@example([("a\r", "\nb"), ("", "")], ",", "\r")
def test_any_table_round_trips_through_csv_with_its_lines(
    rows: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    def written(*row: str) -> str:
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end).writerow(row)
        return buffer.getvalue()

    content, line, expected = written("text", "label"), 2, []
    for row in rows:
        expected.append((line, *(cell or None for cell in row)))
        content += written(*row)
        line += lines_in(written(*row))
    table = read_delimited(text(content), DataSettings(delimiter=delimiter, header="first"))
    assert list(zip(table.lines, *(table.frame[name] for name in ("text", "label")), strict=True)) == expected
    assert table.bad == []


@given(st.lists(st.tuples(plain, plain), min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_fast_way_and_the_careful_one_give_the_same_rows(
    rows: list[tuple[str, str]], end: str, ended: bool
) -> None:
    content = end.join(["text,label", *map(",".join, rows)]) + end * ended
    head = delimited.Head(["text", "label"], 2)
    dialect = delimited.Dialect(",")
    fast = delimited._rectangular(text(content), 1, dialect, head, 1 << 20)
    slow = delimited._walked(text(content), 1, dialect, head, DataSettings())
    assert fast is not None
    empty = pl.all().replace("", None)
    assert fast.frame.with_columns(empty).equals(slow.frame.with_columns(empty))
    assert fast.lines.to_list() == slow.lines.to_list()
    assert slow.bad == []


@pytest.mark.parametrize("row", ['a,"b"', "a,b,c", "a", "", "a\rb,c", "x" * 2000 + ",y"])
def test_the_fast_way_declines_what_it_cannot_prove(row: str) -> None:
    content = f"text,label\nhi,x\n{row}\nyou,y\n"
    head = delimited.Head(["text", "label"], 2)
    assert delimited._rectangular(text(content), 1, delimited.Dialect(","), head, 1000) is None


@given(st.lists(st.sampled_from(["good", "long", "short", "blank", "header", "tall"]), max_size=30))
def test_every_record_of_a_csv_is_a_row_or_set_aside_with_its_line(kinds: list[str]) -> None:
    spelled = {
        "good": "where is it,card\n",
        "long": "a,b,c\n",
        "short": "a\n",
        "blank": "\n",
        "header": "text,label\n",
        "tall": '"two\nlines",card\n',
    }
    kinds = ["good", *kinds]
    line, rows, aside, content = 2, [], [], "text,label\n"
    for kind in kinds:
        (rows if kind in ("good", "tall") else aside if kind != "blank" else []).append(line)
        content += spelled[kind]
        line += spelled[kind].count("\n")
    table = read_delimited(text(content), DataSettings(delimiter=",", header="first"))
    assert table.lines.to_list() == rows
    assert sorted(record.line for record in table.bad) == aside


@given(st.lists(st.one_of(st.just("ok"), st.just("bad"), st.just("stray"), st.just("blank")), min_size=3, max_size=40))
def test_every_line_of_a_jsonl_is_a_row_or_set_aside(kinds: list[str]) -> None:
    good = json.dumps({"text": "where is my card", "label": "card"})
    spelled = {"ok": good, "bad": '{"text": ', "stray": "7", "blank": ""}
    kinds = ["ok"] * (len(kinds) + 1) + kinds  # mostly readable, as a JSONL that is taken for one must be
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("\n".join(spelled[kind] for kind in kinds), encoding="utf-8")
        intake = read(path, MAPPED)
    assert intake.frame["line"].to_list() == [i + 1 for i, kind in enumerate(kinds) if kind == "ok"]
    assert intake.quarantine["line"].to_list() == [i + 1 for i, kind in enumerate(kinds) if kind in ("bad", "stray")]


turns = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "Human", "assistant", "gpt", "tool", "narrator", None]),
        "content": st.sampled_from(["hi", "yo", "", None]),
        "weight": st.sampled_from([None, 0.0, 1.0, -1.0]),
    }
)


@given(st.lists(st.one_of(st.none(), st.lists(turns, max_size=5)), min_size=1, max_size=8))
def test_a_chat_read_by_columns_is_the_chat_read_record_by_record(chats: list[list[dict[str, object]] | None]) -> None:
    kind = pl.List(pl.Struct({"role": pl.String, "content": pl.String, "weight": pl.Float64}))
    frame = pl.DataFrame({"messages": pl.Series(chats, dtype=kind)})
    table = RecordTable(frame, pl.int_range(1, len(chats) + 1, eager=True), [], FileFormat("parquet"))
    rows, bad = columnar.chat_rows(table, "messages", "role", "content")
    expected, refused = [], []
    for line, chat in enumerate(chats, 1):
        try:
            shaped = openai_chat({"messages": chat})
            expected.append((line, shaped["prompt"], shaped["answer"], shaped["turns"]))
        except Unusable:
            refused.append(line)
    assert rows.select("line", "prompt", "answer", "messages").rows() == expected
    assert [record.line for record in bad] == refused


small = {name: case for name, case in NASTY.items() if len(case[1]) < 3000}


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_a_torn_file_is_read_or_refused_and_never_a_traceback(data: st.DataObject) -> None:
    file, content, _, given_settings = small[data.draw(st.sampled_from(sorted(small)))]
    torn = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(torn)))
        gone = data.draw(st.integers(0, 6))
        torn[place : place + gone] = data.draw(
            st.sampled_from(
                [b"", b'"', b",", b"\n", b"\x00", b"\xff", b"\\ud800", b"null", b"[]", b"{}", b"1e999", b"-1"]
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(torn)
        try:
            intake = read(path, DataSettings.model_validate(given_settings))
        except UserError as error:
            assert error.code.startswith("E-DATA-")
            return
        assert intake.frame.height > 0
        assert intake.quarantine["reason"].str.len_chars().min() != 0


def test_an_example_keeps_its_id_when_other_rows_come_and_go(tmp_path: Path) -> None:
    def ids(*texts: str) -> dict[str, str]:
        path = tmp_path / "a.csv"
        path.write_text("text,label\n" + "".join(f"{text},x\n" for text in texts), encoding="utf-8")
        frame = read(path, DataSettings.model_validate({"columns": {"prompt": "text", "label": "label"}})).frame
        return dict(zip(frame["prompt"], frame["example_id"], strict=True))

    first, later = ids("one a", "two b", "three c"), ids("zero z", "three c", "one a")
    assert first["one a"] == later["one a"]
    assert first["three c"] == later["three c"]
    assert len({*first.values(), *later.values()}) == 4


def test_a_file_to_be_labelled_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,by\nwhere, oh where,Bo\nis it,Al\nnow,Al\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert caught.value.code == "E-DATA-018"
    assert "line 2" in caught.value.what
    path.write_text("text\nwhere, oh where\nhere; or there\n\nlast\n", encoding="utf-8")
    assert read_table(path).to_dict(as_series=False) == {"text": ["where, oh where", "here; or there", "last"]}
    words = tmp_path / "a.txt"
    words.write_bytes("é is\nhere".encode("cp1252"))
    assert read_table(words)["text"].to_list() == ["é is", "here"]


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1000, 99_991, 1_000_000])
def test_a_sample_comes_from_everywhere_and_in_no_period(rows: int) -> None:
    places = spread(rows, 500)
    assert len(places) >= 0.9 * min(rows, 500)
    assert places == sorted(set(places))
    if rows > 10_000:
        assert 0.4 < sum(place % 2 for place in places) / len(places) < 0.6
        assert 0.4 < sum(place < rows / 2 for place in places) / len(places) < 0.6
