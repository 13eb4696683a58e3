"""The plain reviewer for those who have no tool: one row at a time, a key and Enter, each answer kept at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from tunewright.core.frozen import Frozen
from tunewright.stages.review.store import ReviewSet

Say = Callable[[str], None]
#: Called with verdict, right label, right answer and note; it returns once they are kept.
Save = Callable[[Mapping[str, Any], str, str, str, str], None]


class Session(Frozen):
    """How many rows were answered and skipped, and how many are left."""

    answered: int
    skipped: int
    left: int


def review(rows: pl.DataFrame, header: ReviewSet, lines: Iterator[str], say: Say, save: Save) -> Session:
    """Ask about `rows` one after another until they, or the `lines` that the reviewer types, end."""
    answered = skipped = 0
    for number, row in enumerate(rows.rows(named=True), start=1):
        say(row_text(row, number, rows.height))
        reply = _ask(row, header, lines, say)
        if reply is None:
            break
        if reply[0] == "skip":
            skipped += 1
            continue
        save(row, *reply)
        answered += 1
    return Session(answered=answered, skipped=skipped, left=rows.height - answered)


def row_text(row: Mapping[str, Any], number: int, total: int) -> str:
    """A row as it stands in the terminal."""
    parts = [f"── row {number:,} of {total:,} · line {row['line'] if row['line'] is not None else '?'} ──"]
    if row["before"]:
        parts.append(_harmless(row["before"]))
    parts.append(_harmless(row["text"] or "(no text)"))
    if row["answer"]:
        parts.append(f"answer: {_harmless(row['answer'])}")
    if row["label"] is not None:
        parts.append(f"label: {_harmless(row['label'])}")
    parts += [f"  ! {_harmless(sentence)}" for sentence in row["found"]]
    return "\n".join(parts)


def _ask(row: Mapping[str, Any], header: ReviewSet, lines: Iterator[str], say: Say) -> tuple[str, str, str, str] | None:
    """Verdict (or ``skip``), right label, right answer and note; None to stop."""
    third = "l right answer" if header.dataset.task == "reply" else "l right label"
    if header.dataset.task == "extract":
        third = ""
    keys = "  ".join(key for key in ("o ok", "d defective", third, "s skip", "q quit") if key)
    while True:
        say(f"[{keys}] ")
        line = next(lines, None)
        if line is None:
            return None
        key, _, rest = line.strip().partition(" ")
        key, rest = key.lower(), rest.strip()
        if key == "q":
            return None
        if key == "s":
            return "skip", "", "", ""
        if key in ("o", "d"):
            return ("ok" if key == "o" else "defective"), "", "", rest
        if key == "l" and third:
            right = _right(rest, header, lines, say)
            if right:
                return "", *right, ""
        else:
            say("A key and Enter, please; after d a note may follow, such as: d garbled.")


def _right(typed: str, header: ReviewSet, lines: Iterator[str], say: Say) -> tuple[str, str] | None:
    """The right label and the right answer, one of them empty; None when nothing usable was typed."""
    if header.dataset.task == "reply":
        if not typed:
            say("The right answer, in one line: ")
        answer = typed or next(lines, "").strip()
        return ("", answer) if answer else None
    if not typed:
        say("\n".join(f"{number:>4} {_harmless(label)}" for number, label in enumerate(header.labels, start=1)))
        say("Number or name: ")
        typed = next(lines, "").strip()
    if typed in header.labels:
        return typed, ""
    if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(header.labels):
        return header.labels[int(typed) - 1], ""
    say(f"There is no label {typed!r}.")
    return None


def _harmless(text: str) -> str:
    """`text` without the control characters by which a row could command the terminal."""
    return "".join(c if c in "\n\t" or (c.isprintable()) else "�" for c in text)
