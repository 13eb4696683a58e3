"""Nasty files by the dozen, made here: each is read right or refused with a code, and no record is lost in silence."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tunewright.core.dataset import COLUMNS
from tunewright.core.errors import UserError
from tunewright.stages.intake.api import read
from tunewright.stages.intake.rows import Intake
from tunewright.stages.intake.settings import DataSettings

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
        if name == "hidden":
            sheet.hide()
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    return buffer.getvalue()


def zipped(name: str, data: bytes, *others: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in (name, *others):
            archive.writestr(member, data)
    return buffer.getvalue()


def lying(archive: bytes) -> bytes:
    """The zip with a directory that tells 10 bytes where 80 MB come out."""
    return archive.replace((80 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def arrow(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def class_names() -> bytes:
    """What Hugging Face's ``datasets`` writes of a ClassLabel, with one label that is not known."""
    names = {"info": {"features": {"label": {"names": ["card", "login"], "_type": "ClassLabel"}}}}
    buffer = io.BytesIO()
    frame = pl.DataFrame({"text": [r[0] for r in ROWS], "label": [0, 1, 0, -1]})
    frame.write_parquet(buffer, metadata={"huggingface": json.dumps(names)})
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
    "a_nul_byte_in_the_text": ("a.csv", (CSV + "a\x00b,card\n").encode(), Good(5, check=lambda i: i.frame["prompt"][4] == "a\x00b"), {}),
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
    "utf8_with_one_torn_letter": ("a.csv", "text,label\nçava é bien,a\nüber ö,b\nx y,a\n".encode() + b"bad \xff byte,b\n", Good(3, 1, check=lambda i: i.frame["prompt"][0] == "çava é bien" and i.quarantine["line"].to_list() == [5] and i.quarantine["reason"][0] == "bytes that are not UTF-8"), {}),
    "utf8_torn_after_a_mark": ("a.csv", "\ufefftext,label\na b,x\nc d,y\ne f,x\n".encode() + b"g\xe9,y\n", Good(3, 1), {}),
    "utf16_cut_in_a_letter": ("a.csv", CSV.encode("utf-16") + b"\x00", Refused("E-DATA-006"), {}),
    "cut_off_inside_quotes": ("a.csv", b'text,label\na b,x\nc d,y\n"open,x\ne f,y\ng h,x\n', Good(4, 1, check=lambda i: i.frame["line"].to_list() == [2, 3, 5, 6] and i.quarantine.row(0) == (4, "a quote opens and never closes", '"open,x')), {}),
    "two_quotes_that_never_close": ("a.csv", b'text,label\n"open,a\na b,x\nc d,y\n"e f,y\ng h,x\n"i j,y\nk l,x\n', Good(2, 2, check=lambda i: i.frame["line"].to_list() == [6, 8] and i.quarantine["line"].to_list() == [2, 7]), {}),
    "a_quote_too_many": ("a.csv", b'text,label\na b,x\n"c d,y\ne f,x\n"g h,y\ni j,x\nk l,y\n', Good(3, 1, check=lambda i: i.frame["line"].to_list() == [2, 6, 7] and i.quarantine.row(0)[:2] == (3, "lines 3 to 5 cannot be told apart: is there a quote too many?")), {}),
    "a_quote_too_many_that_splits_a_row": ("a.csv", b'text,label\na b,x\nc d,"y\ne f","x,1"\n"g h",y\ni j,x\nk l,y\n', Good(4, 1, check=lambda i: i.quarantine.row(0)[:2] == (3, "3 cells where the header has 2, over 2 lines: is there a quote too many?")), {}),
    "text_after_a_closing_quote": ("a.csv", b'text,label\n"Gold" card,x\nc d,y\ne f,x\n', Good(3, check=column("prompt", "Gold card", "c d", "e f")), {}),
    "quotes_in_the_middle_of_cells": ("a.csv", b'text,label\na 5" screen,x\nthe "best" one,y\ne f,x\n', Good(3, check=column("prompt", 'a 5" screen', 'the "best" one', "e f")), {}),
    "backslash_before_quotes": ("a.csv", b'text,label\n"say \\"hi\\", ok",a\n"b, c",b\n"d, e",a\n"e f",b\n', Good(4, check=lambda i: i.frame["prompt"][0] == 'say "hi", ok'), {}),
    "a_delimiter_at_the_end_of_each_row": ("a.csv", b"text,label\na b,x,\nc d,y,\ne f,x,\n", Good(3, check=column("label", "x", "y", "x")), {}),
    "excel_names_the_delimiter": ("a.csv", b"sep=;\ntext;label\na b;x\nc d;y\ne,f;x\n", Good(3, check=column("line", 3, 4, 5)), {}),
    "excel_names_the_delimiter_before_quotes": ("a.csv", b'sep=;\r\ntext;label\r\n"a\r\nb";x\r\nc d;y\r\ne,f;x\r\n', Good(3, check=column("line", 3, 5, 6)), {}),
    "no_header": ("a.csv", b"where is my card,card\nlost it,card\nmy card,card\nlog in,login\nno log in,login\n", Good(5, check=lambda i: i.frame["line"].to_list() == [1, 2, 3, 4, 5] and i.detection.confidence < 0.9 and "no header" in i.detection.ambiguous[0]), {}),
    "no_header_and_quotes": ("a.csv", b'"where is\nmy card",card\nlost it,card\nmy card,card\nlog in,login\nno log in,login\n', Good(5, check=column("line", 1, 3, 4, 5, 6)), {}),
    "a_header_that_reads_like_a_row": ("a.csv", b"text,card\nlost it,card\nmy card,card\nlog in,login\nno log in,login\n", Good(4, check=column("line", 2, 3, 4, 5)), {"header": "first"}),
    "header_denied": ("a.csv", b"text,label\nlost it,card\nmy card,card\nlog in,login\nno log in,login\n", Good(5), {"header": "none", "columns": {"prompt": "column_1", "label": "column_2"}}),
    "comments_above_the_header": ("a.csv", b"# made by X, v2\n\nReport of May,\ntext,label\na b,x\nc d,y\ne f,x\ng h,y\n", Good(4, check=column("line", 5, 6, 7, 8)), {}),
    "headers_repeated_by_joining": ("a.csv", (CSV * 3).encode(), Good(12, 2, check=lambda i: i.quarantine["line"].to_list() == [6, 11] and i.quarantine["reason"][0] == "the header once more"), {}),
    "twin_columns_that_do_not_matter": ("a.csv", b"text,label,note,note\na b,x,1,2\nc d,y,1,2\ne f,x,1,2\ng h,y,1,2\n", Good(4, check=lambda i: json.loads(i.frame["meta"][0]) == {"note": "1", "note (2)": "2"}), {}),
    "twin_columns_told_apart": ("a.csv", b"text,text,label\na,b c,x\nc,d e,y\ne,f g,x\n", Good(3, check=column("prompt", "b c", "d e", "f g")), {"columns": {"prompt": "text (2)"}}),
    "a_weight_that_is_no_number": ("a.csv", b"text,label,weight\na b,x,1\nc d,y,heavy\ne f,x,2.5\ng h,y,\ni j,x,-1\nk l,y,nan\n", Good(3, 3, check=lambda i: i.frame["weight"].to_list() == [1.0, 2.5, 1.0] and "'heavy'" in i.quarantine["reason"][0]), {}),
    "a_split_nobody_knows": ("a.csv", b"text,label,split\na b,x,train\nc d,y,holdout\ne f,x,train\ng h,y,test\n", Good(3, 1, check=lambda i: i.quarantine["line"].to_list() == [3]), {}),
    "numbers_as_labels": ("a.csv", b"text,label\na b,0\nc d,1\ne f,0\ng h,1\n", Good(4, check=lambda i: i.detection.confidence >= 0.9 and i.frame["label"].to_list() == ["0", "1", "0", "1"]), {}),
    "answers_that_are_labels": ("a.csv", b"question,answer\nis it so,yes\nis it not,no\nis it now,yes\nwas it so,no\n", Good(4, check=lambda i: i.detection.task == "classify" and i.detection.confidence < 0.9), {}),
    "an_empty_row_of_cells": ("a.csv", (CSV + ",\n").encode(), Good(5, check=lambda i: i.frame.row(4, named=True)["prompt"] is None), {}),
    "tsv_named": ("a.txt", b"text\tlabel\na, b\tx\nc, d\ty\n", Good(2), {"format": "tsv"}),
    "a_chat_in_the_cells": ("a.csv", b'id,messages\n1,"[{""role"": ""user"", ""content"": ""hi""}, {""role"": ""assistant"", ""content"": ""yo""}]"\n2,not a chat\n3,"[{""role"": ""user"", ""content"": ""hi""}, {""role"": ""assistant"", ""content"": ""yo""}]"\n', Good(2, 1, "openai_chat", column("line", 2, 4)), {"format": "openai_chat"}),
    "alpaca_in_columns": ("a.csv", b"instruction,input,output\nAdd,1 and 2,3 of course\nSay,,yes it is\n", Good(2, 0, "alpaca", column("prompt", "Add\n\n1 and 2", "Say")), {}),
    # Binary and compressed.
    "numpy_array": ("a.csv", b"\x93NUMPY\x01\x00v\x00{'descr': '<i8'}", Refused("E-DATA-004"), {}),
    "sound": ("a.csv", b"RIFF\x00\x00\x00\x00WAVE", Refused("E-DATA-004"), {}),
    "xz": ("a.csv.xz", lzma.compress(CSV.encode()), Good(4, check=lambda i: i.detection.packing == "xz"), {}),
    "bzip2": ("a.csv.bz2", bz2.compress(CSV.encode()), Good(4), {}),
    "xz_cut_off": ("a.csv.xz", lzma.compress(CSV.encode() * 50)[:-20], Refused("E-DATA-006"), {}),
    "bzip2_bomb": ("a.csv.bz2", bz2.compress(b"a" * (80 << 20)), Refused("E-DATA-005"), {}),
    "gzip_over_the_limit": ("a.csv.gz", gzip.compress(CSV.encode() * 100), Refused("E-DATA-005"), {"max_inflated_gb": 1e-6}),
    "gzip_in_gzip": ("a.csv.gz", gzip.compress(gzip.compress(CSV.encode())), Refused("E-DATA-004"), {}),
    "gzip_of_nothing": ("a.csv.gz", gzip.compress(b""), Refused("E-DATA-002"), {}),
    "gzip_of_a_workbook": ("a.xlsx.gz", gzip.compress(workbook(("Export", [["text", "label"], *map(list, ROWS)]))), Good(4, 0, "xlsx"), {}),
    "gzip_of_a_parquet": ("a.parquet.gz", gzip.compress(parquet(pl.DataFrame({"text": [r[0] for r in ROWS], "label": [r[1] for r in ROWS]}))), Good(4, 0, "parquet"), {}),
    "zip_of_two_files": ("a.zip", zipped("a.csv", CSV.encode(), "b.csv"), Refused("E-DATA-004"), {}),
    "zip_bomb": ("a.zip", zipped("a.csv", b"a" * (80 << 20)), Refused("E-DATA-005"), {}),
    "zip_with_a_lie_about_its_size": ("a.zip", lying(zipped("a.csv", b"a" * (80 << 20))), Refused("E-DATA-006"), {}),
    "png": ("a.csv", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, Refused("E-DATA-004"), {}),
    "pdf": ("tickets.csv", b"%PDF-1.7 ...", Refused("E-DATA-004"), {}),
    "random_bytes": ("a.csv", bytes(range(256)) * 20, Refused("E-DATA-004"), {}),
    "gzip": ("a.csv.gz", gzip.compress(CSV.encode()), Good(4), {}),
    "gzip_called_csv": ("a.csv", gzip.compress(CSV.encode()), Good(4), {}),
    "gzip_cut_off": ("a.csv.gz", gzip.compress(CSV.encode() * 50)[:-20], Refused("E-DATA-006"), {}),
    "gzip_bomb": ("a.csv.gz", gzip.compress(b"a" * (80 << 20)), Refused("E-DATA-005"), {}),
    "zip_of_a_csv": ("a.zip", zipped("a.csv", CSV.encode()), Good(4, check=lambda i: i.detection.packing == "zip"), {}),
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
    "workbook_that_begins_lower_and_further_right": ("a.xlsx", workbook(("Export", [[], [], *[[None, None, *row] for row in TABLE]])), Good(4, 0, "xlsx", column("line", 4, 5, 6, 7)), {}),
    "workbook_with_empty_rows_between": ("a.xlsx", workbook(("Export", [TABLE[0], TABLE[1], [], TABLE[2], [], TABLE[3]])), Good(3, 0, "xlsx", column("line", 2, 4, 6)), {}),
    "workbook_with_a_hidden_sheet": ("a.xlsx", workbook(("Export", TABLE), ("hidden", TABLE * 3)), Good(4, 0, "xlsx", lambda i: i.detection.confidence >= 0.9), {}),
    # JSON.
    "jsonl_of_one_record": ("a.jsonl", lines({"text": "a b", "label": "x"}), Good(1, 0, "json"), {"columns": {"prompt": "text", "label": "label"}}),
    "jsonl_with_half_a_pair": ("a.jsonl", b'{"text": "a \\ud83d b", "label": "x"}\n{"text": "a \\ud83d\\ude00", "label": "y"}\n' + lines(*[{"text": t, "label": la} for t, la in ROWS]), Good(5, 1, "jsonl", lambda i: i.frame["prompt"][0] == "a \U0001f600" and i.quarantine["line"].to_list() == [1]), {}),
    "jsonl_with_torn_bytes": ("a.jsonl", "\n".join(json.dumps({"text": f"é {t}", "label": la}, ensure_ascii=False) for t, la in ROWS).encode() + b'\n{"text": "\xff", "label": "card"}', Good(4, 1, "jsonl"), {}),
    "jsonl_with_numbers_too_large": ("a.jsonl", b'{"text": "a b", "label": "x", "n": 1e999}\n' + b'{"text": "a b", "label": "y", "n": ' + b"9" * 5000 + b"}\n" + lines(*[{"text": t, "label": la} for t, la in ROWS]), Good(5, 1, "jsonl", lambda i: i.quarantine["line"].to_list() == [2] and json.loads(i.frame["meta"][0])["n"] is None), {}),
    "jsonl_with_a_ten_megabyte_cell": ("a.jsonl", lines({"text": "x" * (10 << 20), "label": "x"}, *[{"text": t, "label": la} for t, la in ROWS]), Refused("E-DATA-009"), {}),
    "nested_objects": ("a.jsonl", lines(*[{"ticket": {"text": t, "by": {"name": "Bo"}}, "label": la} for t, la in ROWS]), Good(4, 0, "jsonl", lambda i: i.detection.columns["prompt"] == "ticket.text" and json.loads(i.frame["meta"][0]) == {"ticket.by.name": "Bo"}), {}),
    "objects_by_id": ("a.json", json.dumps({str(n): {"text": t, "label": la} for n, (t, la) in enumerate(ROWS)}).encode(), Good(4, 0, "json"), {}),
    "one_array_among_others": ("a.json", json.dumps({"rows": [{"text": t, "label": la} for t, la in ROWS], "other": [1]}).encode(), Good(4, 0, "json", lambda i: i.detection.confidence < 0.9 and "'other' (1)" in i.detection.ambiguous[0]), {}),
    "a_page_of_an_answer": ("a.json", json.dumps({"next": None, "count": 4, "results": [{"text": t, "label": la} for t, la in ROWS]}).encode(), Good(4, 0, "json"), {}),
    "pretty_printed_and_cut_off": ("a.jsonl", ("\n".join(json.dumps({"text": t, "label": la}, indent=2) for t, la in ROWS) + '\n{"text": ').encode(), Good(4, 1, "json", lambda i: i.quarantine["line"].to_list() == [17]), {}),
    "empty_answers_first": ("a.jsonl", lines(*[{"question": f"what is {n}", "answer": "" if n < 600 else f"it is the number {n}"} for n in range(1000)]), Good(1000, 0, "jsonl", lambda i: i.detection.task == "reply" and i.detection.confidence >= 0.9), {}),
    "text_called_parquet_in_the_settings": ("a.csv", CSV.encode(), Refused("E-DATA-006"), {"format": "parquet"}),
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
    "openai_chat_with_nan_beside": ("a.jsonl", lines({**CHAT, "score": float("nan"), "high": [float("inf")]}, CHAT), Good(2, 0, "openai_chat", lambda i: i.frame["meta"].to_list() == ['{"high": [null]}', None]), {}),
    "openai_chat_of_an_unknown_role": ("a.jsonl", lines({"messages": [{"role": "narrator", "content": "hi"}]}, CHAT, CHAT), Good(2, 1, "openai_chat", lambda i: "'narrator'" in i.quarantine["reason"][0]), {}),
    "openai_chat_with_a_negative_weight": ("a.jsonl", lines({"messages": [{**CHAT["messages"][0], "weight": -1}, CHAT["messages"][1]]}, CHAT, CHAT), Good(2, 1, "openai_chat"), {}),
    "openai_chat_of_several_turns": ("a.jsonl", lines({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}, {"role": "user", "content": "e"}]}, CHAT), Good(2, 0, "openai_chat", lambda i: i.frame["prompt"][0] == "c" and i.frame["answer"][0] == "d" and len(i.frame["messages"][0]) == 6), {}),
    "openai_chat_that_calls_a_tool": ("a.jsonl", lines({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, {"role": "tool", "content": "3"}, {"role": "assistant", "content": "y"}]}, CHAT), Good(2, 0, "openai_chat", lambda i: json.loads(i.frame["meta"][0])["messages"][1]["tool_calls"] == [{"id": "1"}]), {}),
    "columns_named_for_a_chat": ("a.jsonl", lines(CHAT, CHAT), Refused("E-DATA-019"), {"format": "openai_chat", "columns": {"prompt": "messages"}}),
    "columns_named_for_prompts_and_completions": ("a.jsonl", lines(*[{"prompt": t, "completion": "ok yes", "kind": la} for t, la in ROWS]), Good(4, 0, "jsonl", column("label", *[la for _, la in ROWS])), {"columns": {"prompt": "prompt", "label": "kind"}, "task": "classify"}),
    "self_instruct": ("a.jsonl", lines({"instruction": "Add", "instances": [{"input": "1 2", "output": "3"}], "name": "n"}, {"instruction": "Add", "instances": []}, {"instruction": "Say", "instances": [{"input": "", "output": "x"}]}), Good(2, 1, "self_instruct", column("prompt", "Add\n\n1 2", "Say")), {}),
    "sharegpt_with_a_system": ("a.json", json.dumps([{"system": "be brief", "conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}] * 2).encode(), Good(2, 0, "sharegpt", lambda i: i.frame["messages"][0].to_list()[0] == {"role": "system", "content": "be brief", "weight": None}), {}),
    "sharegpt": ("a.json", json.dumps([{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}] * 2).encode(), Good(2, 0, "sharegpt", column("answer", "yo", "yo")), {}),
    "alpaca": ("a.json", json.dumps([{**ALPACA, "input": "to Bo", "history": [["a", "b"]]}, ALPACA]).encode(), Good(2, 0, "alpaca", column("prompt", "Say hi\n\nto Bo", "Say hi")), {}),
    "prompt_completion": ("a.jsonl", lines({"prompt": "hi", "completion": "yo"}, {"prompt": "a", "completion": ""}), Good(2, 0, "prompt_completion", column("answer", "yo", "")), {}),
    "label_studio": (
        "a.json",
        json.dumps([
            {"data": {"text": "my card"}, "annotations": [
                {"result": [{"value": {"choices": ["card"]}}]}, {"result": [{"value": {"choices": ["card"]}}]},
                {"result": [{"value": {"choices": ["login"]}}]}, *[{"was_cancelled": True, "result": [{"value": {"choices": ["x"]}}]}] * 3]},
            {"data": {"text": "log in"}, "annotations": [{"result": [{"value": {"choices": ["login"]}}]}]},
        ]).encode(),
        Good(2, 0, "label_studio", column("label", "card", "login")), {},
    ),
    "label_studio_spans": (
        "a.json",
        json.dumps([{"data": {"text": "Bo paid"}, "annotations": [{"result": [{"value": {"labels": ["PERSON"], "start": 0, "end": 2}}]}]}] * 2).encode(),
        Good(2, 0, "label_studio", lambda i: i.detection.task == "extract" and i.frame["entities"][0].to_list()[0]["text"] == "Bo"), {},
    ),
    "label_studio_spans_of_several": (
        "a.json",
        json.dumps([{"data": {"text": "Bo paid Al"}, "annotations": [
            {"result": [{"value": {"labels": ["PERSON"], "start": 0, "end": 2}}]},
            {"result": [{"value": {"labels": ["PERSON"], "start": 8, "end": 10}}, {"value": {"labels": ["PERSON"], "start": 0, "end": 2}}]},
            {"result": [{"value": {"labels": ["PERSON"], "start": 0, "end": 2}}, {"value": {"labels": ["PERSON"], "start": 8, "end": 10}}]}]}] * 2).encode(),
        Good(2, 0, "label_studio", lambda i: [s["text"] for s in i.frame["entities"][0]] == ["Bo", "Al"] and len(json.loads(i.frame["meta"][0])["annotators"]) == 3), {},
    ),
    "label_studio_min": (
        "a.json",
        json.dumps([{"id": n, "text": f"text {n}", "sentiment": said, "annotator": by, "annotation_id": n * 10 + by, "lead_time": 1.0} for n, by, said in ((1, 1, "bad"), (1, 2, "good"), (1, 3, "good"), (2, 1, "bad"))]).encode(),
        Good(2, 0, "label_studio_min", lambda i: i.frame["label"].to_list() == ["good", "bad"] and i.frame["line"].to_list() == [1, 4] and [one["choices"] for one in json.loads(i.frame["meta"][0])["annotators"]] == [["bad"], ["good"], ["good"]]), {},
    ),
    "label_studio_min_spans": (
        "a.json",
        json.dumps([{"id": n, "text": "Bo paid", "label": [{"start": 0, "end": 2, "text": "Bo", "labels": ["PERSON"]}], "annotator": 1, "annotation_id": n, "lead_time": 1.0} for n in (1, 2)]).encode(),
        Good(2, 0, "label_studio_min", lambda i: i.detection.task == "extract" and i.frame["entities"][1].to_list() == [{"label": "PERSON", "start": 0, "end": 2, "text": "Bo"}]), {},
    ),
    "spans": (
        "a.jsonl",
        lines({"text": "Bo paid", "entities": [[0, 2, "PERSON"]]}, {"text": "none", "entities": []}, {"text": "Bo", "entities": [[0, 9, "PERSON"]]}, {"text": "Al paid", "entities": [{"start": 0, "end": 2, "label": "PERSON", "text": "Bo"}]}),
        Good(2, 2, "spans", lambda i: i.detection.task == "extract" and "outside its text" in i.quarantine["reason"][0] and "should read 'Bo' and reads 'Al'" in i.quarantine["reason"][1]), {},
    ),
    # Parquet.
    "parquet_chat": ("a.parquet", parquet(pl.DataFrame({"id": [1, 2], "messages": [[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}], [{"role": "narrator", "content": "x"}]]})), Good(1, 1, "openai_chat", lambda i: i.frame["answer"][0] == "yo" and i.frame["meta"][0] == '{"id":1}' and "'narrator'" in i.quarantine["reason"][0]), {}),
    "parquet_class_names": ("a.parquet", class_names(), Good(4, 0, "parquet", column("label", "card", "login", "card", None)), {}),
    "parquet_nested": ("a.parquet", parquet(pl.DataFrame({"ticket": [{"text": t, "tags": ["a", "b"]} for t, _ in ROWS], "label": [la for _, la in ROWS]})), Good(4, 0, "parquet", lambda i: json.loads(i.frame["meta"][0]) == {"ticket.tags": ["a", "b"]}), {}),
    "parquet_lists_as_a_column": ("a.parquet", parquet(pl.DataFrame({"text": [t for t, _ in ROWS], "tags": [["a"]] * 4})), Refused("E-DATA-016"), {"columns": {"label": "tags"}}),
    "parquet_images": ("a.parquet", parquet(pl.DataFrame({"image": [{"bytes": b"\xff\xd8", "path": "a.jpg"}], "text": ["a b"], "label": ["x"]})), Refused("E-DATA-004"), {}),
    "parquet_times_and_infinity": ("a.parquet", parquet(pl.DataFrame({"text": [t for t, _ in ROWS], "label": [la for _, la in ROWS], "at": [datetime(2026, 5, 1)] * 4, "score": [1.0, float("nan"), float("inf"), None]})), Good(4, 0, "parquet", lambda i: [json.loads(m)["score"] for m in i.frame["meta"]] == [1.0, None, None, None] and json.loads(i.frame["meta"][0])["at"].startswith("2026-05-01")), {}),
    "arrow": ("a.feather", arrow(pl.DataFrame({"text": [r[0] for r in ROWS], "label": [r[1] for r in ROWS]})), Good(4, 0, "arrow"), {}),
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
    data_settings = DataSettings.model_validate(settings)
    if isinstance(expected, Refused):
        with pytest.raises(UserError) as caught:
            read(path, data_settings)
        assert caught.value.code == expected.code, caught.value
        assert caught.value.fix or caught.value.why
        return
    intake = read(path, data_settings)
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
