"""Everything a run reads, as token ids: text streams, blocks of chats, and their held-out parts.

A token takes 16 bits: 13 for its id, and the highest says that it is trained fully (all of a text, the assistant's part
of a chat). The rest of a chat is trained with a small weight, padding with none.

Work is cut into jobs for a pool of processes; each job has its own seed and results come back in the order of the
jobs, so the arrays do not depend on the number of processes.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from starter import corpus
from starter.instructions import chats, tasks, texts
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat
from starter.tokenizer import BEGIN_ID, END_ID, PAD_ID, POSITIONS, ROLES, load

Tokens = npt.NDArray[np.uint16]
#: Set on tokens that are trained fully.
FULL = np.uint16(0x8000)
ID = np.uint16(0x7FFF)
ROLE_IDS = {role: 3 + at for at, role in enumerate(ROLES)}
GENERATED_A_JOB = 20_000
READING_A_JOB = 5_000
LETTERS_A_JOB = 2_000_000
#: Letters of one piece of a book; the tokenizer is quickest on texts of this size.
PIECE = 20_000
HELD_OUT_CHATS = 4_000
RECALLED = ("fact", "about")
OPEN_BLOCKS = 24


@dataclass
class Data:
    """Token ids by source.

    Attributes:
        train: per source one stream of ids with `FULL`; chat sources are whole blocks of `POSITIONS`.
        held_out: the same for held-out documents and chats.
        left_out: generated chats left out of training because they are held out.
    """

    train: dict[str, Tokens] = field(default_factory=dict)
    held_out: dict[str, Tokens] = field(default_factory=dict)
    left_out: int = 0

    def digest(self) -> str:
        """SHA-256 over every held-out array, to prove that two programs score the same tokens."""
        state = hashlib.sha256()
        for name in sorted(self.held_out):
            state.update(name.encode() + self.held_out[name].tobytes())
        return state.hexdigest()


_tokenizer: Any = None
_held_out: frozenset[str] = frozenset()


def prepare(
    folder: Path | None,
    tokenizer: Path,
    *,
    generated: int,
    reading: int,
    seed: int,
    workers: int,
    corpus_chats: bool = True,
) -> Data:
    """Read, clean, generate, tokenize and pack; without a `folder` only generated chats.

    Args:
        folder: the corpus files, see :mod:`starter.corpus`.
        tokenizer: a folder with ``tokenizer.json``.
        generated: how many chats to generate.
        reading: how many tasks on paragraphs of books to make.
        seed: of everything generated.
        workers: processes.
        corpus_chats: False leaves out the chats made of the corpus.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with multiprocessing.get_context("fork").Pool(workers, _start, (tokenizer, seed)) as pool:
        # Generating needs no corpus, so it fills the cores while the books are unpacked.
        reads = pool.map_async(_read, [(domain, folder) for domain in corpus.DOMAINS] if folder else [], chunksize=1)
        first = _generated_jobs(generated, seed)
        generating = pool.map_async(_done, first, chunksize=1)
        by_domain = {one[0].domain: one for one in reads.get()}
        second = _text_jobs(by_domain)
        second += _corpus_chat_jobs(by_domain, reading, seed) if corpus_chats and by_domain else []
        results = pool.map(_done, second, chunksize=1)
        results = generating.get() + results
        jobs = first + second
    return _collected(jobs, results)


def _start(tokenizer: Path, seed: int) -> None:
    global _tokenizer, _held_out  # noqa: PLW0603 (one of each per process)
    _tokenizer = load(tokenizer)
    _held_out = frozenset(repr(chat) for _, chat in held_out_chats(seed))


def held_out_chats(seed: int) -> list[tuple[str, Chat]]:
    """Held-out chats with the names of their tasks; training leaves out chats that are equal to one of them.

    What is only recalled (`RECALLED`) is not held out: left out of training, nobody could know it.
    """
    return [(name, chat) for name, chat in tasks(f"{seed} held out", HELD_OUT_CHATS) if name not in RECALLED]


def _read(job: tuple[str, Path]) -> list[corpus.Document]:
    return corpus.documents(*job)


Job = tuple[str, str, Any]


def _text_jobs(by_domain: dict[str, list[corpus.Document]]) -> list[Job]:
    jobs: list[Job] = []
    for domain, found in by_domain.items():
        for part in ("train", "held_out"):
            texts_ = [one.text for one in found if one.held_out == (part == "held_out")]
            jobs += [(part, domain, ("text", some)) for some in _portions(texts_)]
    return jobs


def _generated_jobs(generated: int, seed: int) -> list[Job]:
    jobs: list[Job] = [
        ("train", "generated", (f"{seed} {at}", min(GENERATED_A_JOB, generated - at)))
        for at in range(0, generated, GENERATED_A_JOB)
    ]
    return [*jobs, ("held_out", "generated", seed)]


def _corpus_chat_jobs(by_domain: dict[str, list[corpus.Document]], reading: int, seed: int) -> list[Job]:
    books = [one.text for one in by_domain["books"] if not one.held_out]
    count = -(-reading // READING_A_JOB) if books else 0
    jobs: list[Job] = [
        ("train", "reading", ("reading", f"{seed} {at}", books[at % len(books) :: count])) for at in range(count)
    ]
    for domain in ("dialogues", "medical"):
        some = [one.text for one in by_domain[domain] if not one.held_out]
        jobs += [
            ("train", f"{domain} chats", (domain, f"{seed} {at}", part)) for at, part in enumerate(_portions(some))
        ]
    return jobs


def _portions(whole: Sequence[str]) -> Iterable[list[str]]:
    """Runs of texts of about `LETTERS_A_JOB` letters."""
    some: list[str] = []
    letters = 0
    for text in whole:
        some.append(text)
        letters += len(text)
        if letters >= LETTERS_A_JOB:
            yield some
            some, letters = [], 0
    if some:
        yield some


def _done(job: Job) -> tuple[Tokens, int]:
    """The tokens of one job, and how many of its chats are left out because they are held out."""
    part, source, work = job
    if source == "generated" and part == "held_out":
        return packed(chat_tokens([chat for _, chat in held_out_chats(work)])), 0
    if work[0] == "text":
        return text_tokens(work[1]), 0
    if source == "generated":
        made = list(chats(*work))
        fresh = [chat for chat in made if repr(chat) not in _held_out]
        return packed(chat_tokens(fresh)), len(made) - len(fresh)
    kind, seed, whole = work
    draw = Draw(f"{kind} {seed}")
    if kind == "reading":
        paragraphs = [part for text in whole for part in texts.passages(text)]
        made = [texts.reading(draw, paragraphs) for _ in range(READING_A_JOB)] if paragraphs else []
    else:
        made = [(texts.dialogue if kind == "dialogues" else texts.medical)(draw, text) for text in whole]
    return packed(chat_tokens(made)), 0


def text_tokens(whole: Sequence[str], tokenizer: Any = None) -> Tokens:
    """Documents one after the other, each between the tokens that begin and end one, all trained."""
    tokenizer = tokenizer or _tokenizer
    pieces = [_pieces(text) for text in whole]
    coded = iter(tokenizer.encode_batch_fast([piece for one in pieces for piece in one], add_special_tokens=False))
    ids: list[int] = []
    for one in pieces:
        ids.append(BEGIN_ID)
        for _ in one:
            ids += next(coded).ids
        ids.append(END_ID)
    return np.array(ids, np.uint16) | FULL


def _pieces(text: str) -> list[str]:
    """A text cut after line ends into pieces of at least `PIECE` letters; a token never spans a cut."""
    pieces, start = [], 0
    while len(text) - start > 2 * PIECE:
        cut = text.find("\n", start + PIECE)
        if cut < 0:
            break
        while cut + 1 < len(text) and text[cut + 1].isspace():
            cut += 1
        pieces.append(text[start : cut + 1])
        start = cut + 1
    return [*pieces, text[start:]]


def chat_tokens(made: Sequence[Chat], tokenizer: Any = None) -> list[list[int]]:
    """The ids of each chat as the chat template shows it, `FULL` on the assistant's part, cut at `POSITIONS`."""
    tokenizer = tokenizer or _tokenizer
    coded = iter(tokenizer.encode_batch_fast([text for chat in made for _, text in chat], add_special_tokens=False))
    full = int(FULL)
    whole = []
    for chat in made:
        ids = [BEGIN_ID]
        for role, _ in chat:
            ids.append(ROLE_IDS[role])
            said = [*next(coded).ids, END_ID]
            ids += [one | full for one in said] if role == "assistant" else said
        whole.append(ids[:POSITIONS])
    return whole


def packed(whole: Sequence[list[int]]) -> Tokens:
    """Chats in blocks of `POSITIONS`, none cut in two: each goes into the first of the open blocks with room."""
    blocks: list[list[int]] = []
    opened: list[list[int]] = []
    for ids in whole:
        place = next((block for block in opened if len(block) + len(ids) <= POSITIONS), None)
        if place is None:
            if len(opened) == OPEN_BLOCKS:
                fullest = max(range(len(opened)), key=lambda at: len(opened[at]))
                blocks.append(opened.pop(fullest))
            place = []
            opened.append(place)
        place += ids
    blocks += opened
    array = np.full((len(blocks), POSITIONS), PAD_ID, np.uint16)
    for row, block in zip(array, blocks, strict=True):
        row[: len(block)] = block
    return array.reshape(-1)


def _collected(jobs: Sequence[Job], results: Sequence[tuple[Tokens, int]]) -> Data:
    data = Data(left_out=sum(count for _, count in results))
    parts: dict[tuple[str, str], list[Tokens]] = {}
    for (part, source, _), (tokens, _) in zip(jobs, results, strict=True):
        parts.setdefault((part, source), []).append(tokens)
    for (part, source), some in parts.items():
        getattr(data, part)[source] = np.concatenate(some)
    return data


def blocks(tokens: npt.NDArray[Any], most: int | None = None) -> npt.NDArray[Any]:
    """A stream as whole blocks `(n, POSITIONS)`; at most `most`, evenly spread."""
    count = len(tokens) // POSITIONS
    shaped = tokens[: count * POSITIONS].reshape(count, POSITIONS)
    if most is None or count <= most:
        return shaped
    return shaped[np.linspace(0, count - 1, most).astype(int)]
