"""The text corpus as cleaned documents in three domains, with held-out documents chosen by their digest.

A document is a book, one question of MedQuAD with its answer, or one service dialogue. What decides whether it is
held out is never its place in the file: a book by its title, a medical answer by its topic (answers on one topic
repeat each other's sentences), a dialogue by its own text.
"""

import hashlib
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("books", "medical", "dialogues")
FILES = {
    "books": "classic_books_110mb.txt.xz",
    "medical": "medquad.txt.xz",
    "dialogues": "sgd_dialogues.txt.xz",
}
#: One group of this many is held out; about 2.5 % of the documents.
HELD_OUT_OF = 40

_BOOK = re.compile(r"(?m)^<\|book\|> ")
_BOOK_HEAD = re.compile(r"(?m)^(# Title:|## Author:|## Year:).*\n|^-{5,}$\n?")
_QUESTION = re.compile(
    r"^(?:What is \(are\)|What are the symptoms of|What causes|What are the genetic changes related to|"
    r"What are the treatments for|What are the complications of|How to prevent|How to diagnose|How many people are "
    r"affected by|What is the outlook for|Who is at risk for|What are the stages of|What research \(or clinical "
    r"trials\) is being done for|Is|Do you have information about|what are the symptoms of|What to do for)\s+(.*?)"
    r"(?:\s+inherited)?\s*\?*\s*$"
)


@dataclass(frozen=True)
class Document:
    """One cleaned document.

    Attributes:
        domain: one of `DOMAINS`.
        text: its text, without white space at the ends.
        held_out: whether it is kept from training.
    """

    domain: str
    text: str
    held_out: bool


def documents(domain: str, folder: Path) -> list[Document]:
    """The documents of one domain in the order of its file, equal texts once."""
    with lzma.open(folder / FILES[domain], "rt", encoding="utf-8") as stream:
        raw = stream.read()
    seen: set[str] = set()
    found = []
    for group, text in _split(domain, raw):
        if text and text not in seen:
            seen.add(text)
            found.append(Document(domain, text, is_held_out(domain, group)))
    return found


def is_held_out(domain: str, group: str) -> bool:
    """Whether the documents of this group (title, topic, dialogue) are held out."""
    digest = hashlib.sha256(f"{domain}\0{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % HELD_OUT_OF == 0


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each corpus file."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES.values()}


def _split(domain: str, raw: str) -> Iterator[tuple[str, str]]:
    if domain == "books":
        for book in _BOOK.split(raw)[1:]:
            title, _, text = book.partition("\n")
            yield title.strip(), _plain(text)
    elif domain == "medical":
        for entry in raw.split("\n\n"):
            question, _, answer = entry.strip().partition("\n")
            if answer:
                yield topic(question).lower(), f"{asked(question)}\n{_listed(answer)}"
    else:
        for dialogue in raw.split("\n\n"):
            yield dialogue.strip(), dialogue.strip()


def topic(question: str) -> str:
    """What a question of MedQuAD is about: its disease or drug, or the whole question."""
    found = _QUESTION.match(question.strip())
    return found.group(1).strip(" ?") if found else question.strip(" ?")


def asked(question: str) -> str:
    """A question of MedQuAD as a person would write it."""
    text = question.replace("(are) ", "").replace(" (or clinical trials)", "")
    return re.sub(r"\s*\?[\s?]*$", "?", text.strip())


def _plain(text: str) -> str:
    """A book without its head and the signs of its markup."""
    text = _BOOK_HEAD.sub("", text)
    text = re.sub(r"(?m)^#+ *", "", text)
    text = re.sub(r"(?<!\w)_([^_\n]{1,200})_(?!\w)", r"\1", text)
    text = re.sub(r"\*\*?([^*\n]{1,200})\*\*?", r"\1", text)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _listed(text: str) -> str:
    """A medical answer with its flattened lists as lines again."""
    text = re.sub(r"\s{2,}-\s+", "\n- ", text)
    text = re.sub(r"[ \t]{3,}", "\n", text)
    text = re.sub(r"[ \t]{2}", " ", text)
    return re.sub(r"\n[\n ]+", "\n", text).strip()
