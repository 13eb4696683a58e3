"""Instruction-style chats from our own grammar: the same seed gives the same chats, each answer known to be right."""

from collections.abc import Callable, Iterator
from itertools import accumulate

from starter.instructions import arithmetic, classify, extract, knowledge, reading, reply, rewrite, strings, summarize
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat

#: Every task with its share of the chats, in parts. Formats that the product needs weigh most.
TASKS: dict[str, tuple[float, Callable[[Draw], Chat]]] = {
    "classify ticket": (12, classify.ticket),
    "classify urgency": (2, classify.urgency),
    "classify mood": (3, classify.mood),
    "classify kind": (3, classify.kind),
    "yes or no": (3, classify.yes_no),
    "extract ticket": (10, extract.ticket),
    "extract appointment": (3, extract.appointment),
    "extract invoice": (3, extract.invoice),
    "extract entities": (3, extract.entities),
    "extract value": (3, extract.value),
    "read": (10, reading.ask),
    "true or false": (2, reading.true_false),
    "summarize ticket": (4, summarize.ticket),
    "subject line": (1, summarize.subject),
    "summarize dialogue": (3, summarize.dialogue),
    "bullet points": (3, summarize.points),
    "reply": (7, reply.answer),
    "grounded reply": (5, reply.grounded),
    "talk": (4, reply.talk),
    "polite": (2, rewrite.polite),
    "correct": (3, rewrite.corrected),
    "fill in": (2, rewrite.filled),
    "table": (2, rewrite.sentence),
    "message": (2, rewrite.message),
    "list": (4, strings.listed),
    "copy": (2, strings.copied),
    "look up": (4, strings.looked_up),
    "count": (2, strings.counted),
    "pattern": (3, strings.followed),
    "sum": (4, arithmetic.plain),
    "column": (2, arithmetic.column),
    "shopping": (2, arithmetic.shopping),
    "story sum": (2, arithmetic.story),
    "compare": (2, arithmetic.compare),
    "percent": (1, arithmetic.share),
    "fact": (2, knowledge.fact),
    "about": (1, knowledge.about),
}
_NAMES = tuple(TASKS)
_SHARES = tuple(accumulate(weight for weight, _ in TASKS.values()))


def tasks(seed: int | str, count: int) -> Iterator[tuple[str, Chat]]:
    """`count` chats with the names of their tasks."""
    draw = Draw(f"starter {seed}")
    for name in draw.choices(_NAMES, cum_weights=_SHARES, k=count):
        yield name, TASKS[name][1](draw)


def chats(seed: int | str, count: int) -> Iterator[Chat]:
    """`count` chats of all tasks."""
    for _, chat in tasks(seed, count):
        yield chat
