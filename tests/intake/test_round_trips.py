"""Whatever is written comes back, with the line it stood on."""

import csv
import io
import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tunewright.intake.delimited import read_delimited
from tunewright.intake.encoding import Text
from tunewright.intake.room import read
from tunewright.intake.settings import DataSettings

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=12)


@given(tables, st.sampled_from([",", ";", "\t", "|"]))
def test_any_table_round_trips_through_csv_with_its_lines(rows: list[tuple[str, str]], delimiter: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["text", "label"])
    expected, line = [], 2
    for row in rows:
        expected.append((line, *(cell or None for cell in row)))
        writer.writerow(row)
        # A record ends where its last physical line ends: \n, \r\n and \r inside quotes each start another line.
        line += 1 + sum(
            len(io.StringIO(cell, newline="").readlines()) - (not cell.endswith(("\n", "\r"))) for cell in row if cell
        )
    table = read_delimited(
        Text("t.csv", buffer.getvalue().encode(), "utf-8"), DataSettings(delimiter=delimiter, header="first")
    )
    assert list(zip(table.lines, *(table.frame[name] for name in ("text", "label")), strict=True)) == expected
    assert table.bad == []


@given(st.lists(st.one_of(st.just("ok"), st.just("bad"), st.just("stray"), st.just("blank")), min_size=3, max_size=40))
def test_every_line_of_a_jsonl_is_a_row_or_set_aside(kinds: list[str]) -> None:
    good = json.dumps({"text": "where is my card", "label": "card"})
    spelled = {"ok": good, "bad": '{"text": ', "stray": "7", "blank": ""}
    kinds = ["ok"] * (len(kinds) + 1) + kinds  # mostly readable, as a JSONL that is taken for one must be
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("\n".join(spelled[kind] for kind in kinds), encoding="utf-8")
        intake = read(path, DataSettings.model_validate({"columns": {"prompt": "text", "label": "label"}}))
    assert intake.frame["line"].to_list() == [i + 1 for i, kind in enumerate(kinds) if kind == "ok"]
    assert intake.quarantine["line"].to_list() == [i + 1 for i, kind in enumerate(kinds) if kind in ("bad", "stray")]


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
