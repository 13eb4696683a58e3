"""Sixty-odd nasty files, made here: each is read right or refused with a code, and no record is lost in silence."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tunewright.core.dataset import COLUMNS
from tunewright.core.errors import UserError
from tunewright.intake.room import Intake, read
from tunewright.intake.settings import DataSettings

ROWS = [("where is my card", "card"), ("reset my password", "login"), ("card lost", "card"), ("cannot log in", "login")]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
ALPACA = {"instruction": "Say hi", "input": "", "output": "hi"}


@dataclass(frozen=True)
class Good:
    """A file that is read: how many rows and how many set aside, and what must be true of it."""

    rows: int
    aside: int = 0
    format: str = "csv"
    check: Callable[[Intake], bool] = lambda _: True


@dataclass(frozen=True)
class Refused:
    """A file that is refused with this code."""

    code: str


def lines(*values: object) -> bytes:
    return "\n".join(json.dumps(value) for value in values).encode()


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    return buffer.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def column(name: str, *values: object) -> Callable[[Intake], bool]:
    return lambda intake: intake.frame[name].to_list() == list(values)


TABLE = [["text", "label"], *[list(row) for row in ROWS]]
LINES = column("line", 2, 3, 4, 5)

NASTY: dict[str, tuple[str, bytes, Good | Refused, dict]] = {
    # Delimited text.
    "plain": ("a.csv", CSV.encode(), Good(4, check=LINES), {}),
    "windows_line_ends": ("a.csv", CSV.replace("\n", "\r\n").encode(), Good(4, check=LINES), {}),
    "old_mac_line_ends": ("a.csv", CSV.replace("\n", "\r").encode(), Good(4, check=LINES), {}),
    "stray_return_in_the_header": ("a.csv", b"text,label\r\nhi there,a\nyou,b\nme,a\nus,b\n", Good(4, check=column("label", "a", "b", "a", "b")), {}),
    "byte_order_mark": ("a.csv", CSV.encode("utf-8-sig"), Good(4, check=lambda i: i.detection.columns["prompt"] == "text"), {}),
    "utf_16_with_mark": ("a.csv", CSV.encode("utf-16"), Good(4, check=LINES), {}),
    "utf_16_without_mark": ("a.csv", CSV.encode("utf-16-le"), Good(4), {}),
    "utf_16_big_endian": ("a.csv", CSV.encode("utf-16-be"), Good(4), {}),
    "cp1252": ("a.csv", CSV.replace("card lost", "card “lost” – 5 €").encode("cp1252"), Good(4, check=lambda i: i.frame["prompt"][2] == "card “lost” – 5 €"), {}),
    "utf_8_letters": ("a.csv", CSV.replace("card lost", "карта потеряна 卡").encode(), Good(4, check=lambda i: i.frame["prompt"][2] == "карта потеряна 卡"), {}),
    "semicolons": ("a.csv", CSV.replace(",", ";").encode(), Good(4), {}),
    "semicolons_and_decimal_commas": ("a.csv", b"text;label;amount\nI paid 3,50;a;3,5\nI got 4,20;b;4,2\nx y;a;1,0\nz z;b;2,0\n", Good(4, check=lambda i: i.frame["prompt"][0] == "I paid 3,50"), {}),
    "tabs_called_csv": ("a.csv", CSV.replace(",", "\t").encode(), Good(4), {}),
    "pipes": ("a.txt", CSV.replace(",", "|").encode(), Good(4), {}),
    "no_line_end_at_the_end": ("a.csv", CSV.rstrip().encode(), Good(4), {}),
    "blank_lines_between": ("a.csv", CSV.replace("\n", "\n\n").encode(), Good(4, check=column("line", 3, 5, 7, 9)), {}),
    "line_break_in_a_cell": ("a.csv", b'text,label\n"hi\nthere",a\nyou too,b\nme,a\nus,b\n', Good(4, check=column("line", 2, 4, 5, 6)), {}),
    "quotes_in_a_cell": ("a.csv", b'text,label\n"say ""hi"", please",a\nx y,b\nz,a\nw,b\n', Good(4, check=lambda i: i.frame["prompt"][0] == 'say "hi", please'), {}),
    "ragged_long": ("a.csv", (CSV + "too,many,cells\n").encode(), Good(4, 1, check=lambda i: i.quarantine["line"].to_list() == [6]), {}),
    "ragged_short": ("a.csv", (CSV + "lonely\n").encode(), Good(4, 1, check=lambda i: "1 cells where the header has 2" in i.quarantine["reason"][0]), {}),
    "ragged_in_the_middle": ("a.csv", CSV.replace("card lost,card", "card, lost,card").encode(), Good(3, 1, check=column("line", 2, 3, 5)), {}),
    "null_label": ("a.csv", (CSV + "no label,\n").encode(), Good(5, check=lambda i: i.frame["label"][4] is None), {}),
    "null_text": ("a.csv", (CSV + ",card\n").encode(), Good(5, check=lambda i: i.frame["prompt"][4] is None), {}),
    "formula_cell": ("a.csv", (CSV + "\"=HYPERLINK(\"\"http://x\"\")\",card\n").encode(), Good(5), {}),
    "spaces_around_the_header": ("a.csv", CSV.replace("text,label", " text , label ").encode(), Good(4), {}),
    "zero_width_and_bidi": ("a.csv", (CSV + "pay\u200b\u202enow,card\n").encode(), Good(5, check=lambda i: "\u200b" in i.frame["prompt"][4]), {}),
    "a_nul_byte_in_the_text": ("a.csv", (CSV + "a\x00b,card\n").encode(), Refused("E-DATA-004"), {}),
    "twin_columns": ("a.csv", b"text,text\na,b\n", Refused("E-DATA-011"), {}),
    "one_column": ("a.csv", b"text\nhello\nyou\n", Refused("E-DATA-008"), {}),
    "only_a_header": ("a.csv", b"text,label\n", Refused("E-DATA-010"), {}),
    "empty": ("a.csv", b"", Refused("E-DATA-002"), {}),
    "white_space": ("a.csv", b" \n \n", Refused("E-DATA-002"), {}),
    "quote_that_never_closes": ("a.csv", b'text,label\n"open,a\n' + b"x,b\n" * 20_000, Refused("E-DATA-009"), {"max_cell_mb": 0.05}),
    "ten_megabyte_cell": ("a.csv", b"text,label\n" + b"x" * (10 << 20) + b",a\n", Refused("E-DATA-009"), {}),
    "a_prose_file": ("a.txt", b"Dear all,\nthis is a letter.\n", Refused("E-DATA-010"), {}),
    "numbers_only": ("a.csv", b"a,b\n1,2\n3,4\n", Refused("E-DATA-015"), {}),
    "unknown_column_named": ("a.csv", CSV.encode(), Refused("E-DATA-016"), {"columns": {"prompt": "txt"}}),
    "wrong_encoding_named": ("a.csv", "text,label\né è,a\n".encode("cp1252"), Refused("E-DATA-007"), {"encoding": "utf-8"}),
    "delimiter_named": ("a.csv", CSV.replace(",", "~").encode(), Good(4), {"delimiter": "~"}),
    "split_column": ("a.csv", b"text,label,split\na b,x,Train\nc d,y,dev\ne f,x,test\ng h,y,train\n", Good(4, check=column("split", "train", "validation", "test", "train")), {}),
    # Binary and compressed.
    "png": ("a.csv", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, Refused("E-DATA-004"), {}),
    "pdf": ("tickets.csv", b"%PDF-1.7 ...", Refused("E-DATA-004"), {}),
    "random_bytes": ("a.csv", bytes(range(256)) * 20, Refused("E-DATA-004"), {}),
    "gzip": ("a.csv.gz", gzip.compress(CSV.encode()), Good(4), {}),
    "gzip_called_csv": ("a.csv", gzip.compress(CSV.encode()), Good(4), {}),
    "gzip_cut_off": ("a.csv.gz", gzip.compress(CSV.encode() * 50)[:-20], Refused("E-DATA-006"), {}),
    "gzip_bomb": ("a.csv.gz", gzip.compress(b"a" * (80 << 20)), Refused("E-DATA-005"), {}),
    "zip_of_a_csv": ("a.zip", zipped("a.csv", CSV.encode()), Refused("E-DATA-004"), {}),
    "zip_bomb_called_xlsx": ("a.xlsx", zipped("xl/workbook.xml", b"a" * (80 << 20)), Refused("E-DATA-005"), {}),
    "broken_zip": ("a.xlsx", b"PK\x03\x04" + b"junk" * 20, Refused("E-DATA-006"), {}),
    "old_or_protected_workbook": ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, Refused("E-DATA-014"), {}),
    "broken_parquet": ("a.parquet", b"PAR1" + b"\x00" * 60, Refused("E-DATA-006"), {}),
    # Workbooks.
    "workbook": ("a.xlsx", workbook(("Export", TABLE)), Good(4, 0, "xlsx", LINES), {}),
    "workbook_called_csv": ("a.csv", workbook(("Export", TABLE)), Good(4, 0, "xlsx"), {}),
    "workbook_with_a_title_above": ("a.xlsx", workbook(("Export", [["Tickets of May"], [], *TABLE])), Good(4, 0, "xlsx", column("line", 4, 5, 6, 7)), {}),
    "workbook_with_an_empty_sheet_first": ("a.xlsx", workbook(("Notes", []), ("Export", TABLE)), Good(4, 0, "xlsx"), {}),
    "workbook_with_two_tables": ("a.xlsx", workbook(("Export", TABLE * 2), ("Other", TABLE)), Good(9, 0, "xlsx", lambda i: i.detection.confidence < 0.9), {}),
    "workbook_sheet_named": ("a.xlsx", workbook(("Export", TABLE * 2), ("Other", TABLE)), Good(4, 0, "xlsx"), {"sheet": "Other"}),
    "workbook_sheet_misnamed": ("a.xlsx", workbook(("Export", TABLE)), Refused("E-DATA-012"), {"sheet": "Exprot"}),
    "workbook_without_rows": ("a.xlsx", workbook(("Export", TABLE[:1])), Refused("E-DATA-010"), {}),
    # JSON.
    "jsonl": ("a.jsonl", lines(*[{"text": t, "label": la} for t, la in ROWS]), Good(4, 0, "jsonl", column("line", 1, 2, 3, 4)), {}),
    "jsonl_with_a_bad_line": ("a.jsonl", lines({"text": "a b", "label": "x"}, {"text": "c d", "label": "y"}) + b"\n{bad\n" + lines({"text": "e f", "label": "x"}, {"text": "g h", "label": "y"}), Good(4, 1, "jsonl", lambda i: i.quarantine["line"].to_list() == [3]), {}),
    "jsonl_with_nan": ("a.jsonl", b'{"text": "a b", "label": NaN}\n{"text": "c d", "label": "y"}\n{"text": "c e", "label": "y"}\n{"text": "x", "label": "x"}\n{"text": "z", "label": "x"}', Good(5, 0, "jsonl", lambda i: i.frame["label"][0] is None), {}),
    "array": ("a.json", json.dumps([{"text": t, "label": la} for t, la in ROWS]).encode(), Good(4, 0, "json"), {}),
    "array_called_csv": ("a.csv", json.dumps([{"text": t, "label": la} for t, la in ROWS]).encode(), Good(4, 0, "json"), {}),
    "array_with_strays": ("a.json", json.dumps([*[{"text": t, "label": la} for t, la in ROWS], 7, "x"]).encode(), Good(4, 2, "json"), {}),
    "pretty_printed_jsonl": ("a.jsonl", "\n".join(json.dumps({"text": t, "label": la}, indent=2) for t, la in ROWS).encode(), Good(4, 0, "json", column("line", 1, 5, 9, 13)), {}),
    "splits_of_pairs": ("a.json", json.dumps({"train": [list(r) for r in ROWS], "val": [["hi x", "card"]], "oos_test": [["yo y", "login"]]}).encode(), Good(6, 0, "json", lambda i: i.frame["split"].to_list()[-2:] == ["validation", "test"]), {}),
    "columns_of_equal_length": ("a.json", json.dumps({"text": [r[0] for r in ROWS], "label": [r[1] for r in ROWS]}).encode(), Good(4, 0, "json"), {}),
    "trailing_comma": ("a.json", b'[{"text": "a", "label": "b"},]', Refused("E-DATA-013"), {}),
    "empty_array": ("a.json", b"[]", Refused("E-DATA-010"), {}),
    "deeply_nested": ("a.json", b"[" * 100_000, Refused("E-DATA-013"), {}),
    # Formats of fine-tuning data.
    "openai_chat": ("a.jsonl", lines(CHAT, CHAT), Good(2, 0, "openai_chat", column("answer", "hello", "hello")), {}),
    "openai_chat_weights": ("a.jsonl", lines({"messages": [*CHAT["messages"], {"role": "user", "content": "bye"}, {"role": "assistant", "content": "ciao", "weight": 0}]}, CHAT), Good(2, 0, "openai_chat", lambda i: i.frame["messages"][0].to_list()[3]["weight"] == 0.0 and i.frame["prompt"][0] == "bye"), {}),
    "openai_chat_parts": ("a.jsonl", lines({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, CHAT["messages"][1]]}, CHAT), Good(2, 0, "openai_chat", column("prompt", "hi", "hi")), {}),
    "openai_chat_with_an_image": ("a.jsonl", lines({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, CHAT, CHAT), Good(2, 1, "openai_chat", lambda i: "images" in i.quarantine["reason"][0]), {}),
    "openai_chat_without_roles": ("a.jsonl", lines({"messages": [{"content": "hi"}]}, CHAT, CHAT), Good(2, 1, "openai_chat"), {}),
    "sharegpt": ("a.json", json.dumps([{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}] * 2).encode(), Good(2, 0, "sharegpt", column("answer", "yo", "yo")), {}),
    "alpaca": ("a.json", json.dumps([{**ALPACA, "input": "to Bo", "history": [["a", "b"]]}, ALPACA]).encode(), Good(2, 0, "alpaca", column("prompt", "Say hi\n\nto Bo", "Say hi")), {}),
    "prompt_completion": ("a.jsonl", lines({"prompt": "hi", "completion": "yo"}, {"prompt": "a", "completion": ""}), Good(2, 0, "prompt_completion", column("answer", "yo", "")), {}),
    "label_studio": (
        "a.json",
        json.dumps([
            {"data": {"text": "my card"}, "annotations": [
                {"result": [{"value": {"choices": ["card"]}}]}, {"result": [{"value": {"choices": ["card"]}}]},
                {"result": [{"value": {"choices": ["login"]}}]}, {"was_cancelled": True, "result": [{"value": {"choices": ["x"]}}]}]},
            {"data": {"text": "log in"}, "annotations": [{"result": [{"value": {"choices": ["login"]}}]}]},
        ]).encode(),
        Good(2, 0, "label_studio", column("label", "card", "login")), {},
    ),
    "label_studio_spans": (
        "a.json",
        json.dumps([{"data": {"text": "Bo paid"}, "annotations": [{"result": [{"value": {"labels": ["PERSON"], "start": 0, "end": 2}}]}]}] * 2).encode(),
        Good(2, 0, "label_studio", lambda i: i.detection.task == "extract" and i.frame["entities"][0].to_list()[0]["text"] == "Bo"), {},
    ),
    # Parquet.
    "parquet": ("a.parquet", parquet(pl.DataFrame({"text": [r[0] for r in ROWS], "label": [r[1] for r in ROWS]})), Good(4, 0, "parquet"), {}),
    "parquet_called_csv": ("a.csv", parquet(pl.DataFrame({"text": [r[0] for r in ROWS], "label": [r[1] for r in ROWS]})), Good(4, 0, "parquet"), {}),
    "parquet_without_rows": ("a.parquet", parquet(pl.DataFrame({"text": [], "label": []}, schema={"text": pl.String, "label": pl.String})), Refused("E-DATA-010"), {}),
    "parquet_numbers_as_labels": ("a.parquet", parquet(pl.DataFrame({"text": [r[0] for r in ROWS], "label": [0, 1, 0, 1]})), Good(4, 0, "parquet", column("label", "0", "1", "0", "1")), {"columns": {"prompt": "text", "label": "label"}}),
}  # fmt: skip


def test_there_are_at_least_sixty() -> None:
    assert len(NASTY) >= 60


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_file_is_read_right_or_refused_with_a_code(tmp_path: Path, name: str) -> None:
    file, data, expected, settings = NASTY[name]
    path = tmp_path / file
    path.write_bytes(data)
    given = DataSettings.model_validate(settings)
    if isinstance(expected, Refused):
        with pytest.raises(UserError) as caught:
            read(path, given)
        assert caught.value.code == expected.code, caught.value
        assert caught.value.fix or caught.value.why
        return
    intake = read(path, given)
    assert (intake.frame.height, intake.quarantine.height) == (expected.rows, expected.aside), intake.quarantine
    assert intake.detection.format == expected.format
    assert intake.frame.schema == pl.Schema(COLUMNS)
    assert intake.frame["row"].to_list() == list(range(expected.rows))
    assert intake.frame["example_id"].n_unique() == expected.rows
    assert expected.check(intake), intake.frame


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none.csv", "E-DATA-001"), (tmp_path, "E-DATA-003")):
        with pytest.raises(UserError) as caught:
            read(path, DataSettings())
        assert caught.value.code == code
