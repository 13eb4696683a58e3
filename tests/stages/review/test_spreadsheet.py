"""Spreadsheets: nothing in them runs, everything in them comes back."""

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from tests.stages.review.worlds import report, sample
from tests.worlds import of, rows

from tunewright.core.errors import UserError
from tunewright.stages.review import spreadsheet

NASTY = ["=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\tx", 'a;b\n"c"', "plain", "ä ß € 💩"]


def nasty():
    corpus = of(rows(NASTY, ["=x", "y"] * 4, content_digest=[f"d{i}" for i in range(8)]))
    return sample(corpus, report(corpus), 8)


def filled(path: Path, **columns: str) -> Path:
    """The CSV with every row filled in as `columns` say."""
    table = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    for row in table[1:]:
        for name, value in columns.items():
            row[table[0].index(name)] = value
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        csv.writer(stream).writerows(table)
    return path


def test_no_cell_of_the_csv_begins_as_a_formula(tmp_path: Path) -> None:
    (path,) = spreadsheet.write_csv(tmp_path / "r.csv", nasty())
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert not [cell for row in table for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    texts = {row[table[0].index("text")].removeprefix("'") for row in table[1:]}
    assert texts == set(NASTY)


def test_the_workbook_holds_texts_only_a_list_of_verdicts_and_instructions(tmp_path: Path) -> None:
    (path,) = spreadsheet.write_xlsx(tmp_path / "r.xlsx", nasty())
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert '"ok,defective"' in sheet.replace("&quot;", '"')
        assert "Labels!$A$1:$A$2" in sheet
        assert "a model may learn" in book.read("xl/sharedStrings.xml").decode()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_what_was_written_comes_back_blank(suffix: str, tmp_path: Path) -> None:
    drawn = nasty()
    write = spreadsheet.write_csv if suffix == ".csv" else spreadsheet.write_xlsx
    (path,) = write(tmp_path / f"r{suffix}", drawn)
    returned = spreadsheet.read(path)
    assert [row.example_id for row in returned] == drawn.rows["example_id"].to_list()
    assert [row.content_digest for row in returned] == drawn.rows["content_digest"].to_list()
    assert {row.review_set for row in returned} == {drawn.header.id}
    assert {row.verdict + row.right_label + row.note + row.reviewer for row in returned} == {""}
    assert returned[0].where == "row 2"


def test_a_label_that_looks_like_a_formula_comes_back_as_it_was_meant(tmp_path: Path) -> None:
    (path,) = spreadsheet.write_csv(tmp_path / "r.csv", nasty())
    returned = spreadsheet.read(filled(path, verdict="defective", right_label="'=x", note="'it's", reviewer=" ann "))
    assert {(row.right_label, row.note, row.reviewer) for row in returned} == {("=x", "'it's", "ann")}


def test_what_excel_makes_of_a_csv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes("example_id;content_digest;verdict;note\r\nid0;d0;OK;grün\r\n;;;\r\n".encode("cp1252"))
    (row,) = spreadsheet.read(path)
    assert (row.example_id, row.verdict, row.note) == ("id0", "OK", "grün")


def test_a_sheet_without_its_columns_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("example_id,verdict\nid0,ok\n")
    with pytest.raises(UserError, match="no column 'content_digest'") as caught:
        spreadsheet.read(path)
    assert caught.value.code == "E-REVIEW-005"
    broken = tmp_path / "r.xlsx"
    broken.write_bytes(b"PK no workbook")
    with pytest.raises(UserError) as caught:
        spreadsheet.read(broken)
    assert caught.value.code == "E-REVIEW-006"


def test_a_reply_is_asked_for_the_right_answer_and_shown_the_turns_before(tmp_path: Path) -> None:
    frame = rows(["q"], answers=["a"], content_digest=["d0"])
    turns = [{"role": "system", "content": "be kind", "weight": None}, *frame["messages"][0].to_list()]
    frame = frame.with_columns(messages=pl.Series([turns], dtype=frame.schema["messages"]))
    corpus = of(frame)
    drawn = sample(corpus, report(corpus), 1)
    sheet = spreadsheet._sheet(drawn)
    assert sheet["before"].to_list() == ["system: be kind"]
    assert "right_answer" in sheet.columns
    assert "right_label" not in sheet.columns
    assert sheet["answer"].to_list() == ["a"]
