"""How much a term surprises a causal language model where it stands, beside as many other words of the same documents.

Per term: the mean negative log-likelihood of its tokens in up to three of its places, minus that of control spans of
as many words, in standard deviations of the controls. Sums over a span are compared, not means over tokens: a rare
word is cut into pieces of which the later ones follow easily from the first.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.progress import SILENT, Progress
from tunewright.models.causal_lm import CausalLM
from tunewright.models.chat import Chat

PLACES, CONTROLS = 3, 4
#: Characters before a span that the model reads, and the fewest that make a context.
BEFORE, LEAST = 400, 10
WORD = re.compile(r"\w+(?:[-'’_/.&]\w+)*")


def surprises(
    model: CausalLM, documents: Sequence[str], terms: Sequence[str], *, progress: Progress = SILENT
) -> list[float | None]:
    """By term, standard deviations above the controls; None where it stands nowhere with a context."""
    spans: list[tuple[int, bool, str, int]] = []
    for number, term in enumerate(terms):
        for text, start, end in _places(documents, term):
            spans.append((number, True, text[max(0, start - BEFORE) : end], end - start))
            spans += [
                (number, False, text[max(0, at - BEFORE) : stop], stop - at)
                for at, stop in _controls(text, start, end, len(term.split(" ")))
            ]
    chats = [_chat(model.tokenizer, text, length) for _, _, text, length in spans]
    means = model.mean_nats(chats, progress=progress)
    sums = means * np.array([sum(chat.trained) for chat in chats])
    sizes = np.array([len(terms[number].split(" ")) for number, *_ in spans])
    own = np.array([is_term for _, is_term, *_ in spans], dtype=bool)
    return [_against(sums, own, np.array([n for n, *_ in spans]) == number, sizes) for number in range(len(terms))]


def _against(
    sums: npt.NDArray[Any], own: npt.NDArray[Any], here: npt.NDArray[Any], sizes: npt.NDArray[Any]
) -> float | None:
    term = sums[own & here]
    term = term[~np.isnan(term)]
    if not term.size:
        return None
    controls = sums[~own & (sizes == sizes[here][0])]
    controls = controls[~np.isnan(controls)]
    if controls.size < 2 or controls.std() == 0:
        return None
    return round(float((term.mean() - controls.mean()) / controls.std()), 2)


def _places(documents: Sequence[str], term: str) -> list[tuple[str, int, int]]:
    """The first places of a term, one a document, each with something before it."""
    pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)", re.IGNORECASE)
    places = []
    for text in documents:
        hit = pattern.search(text, LEAST)
        if hit:
            places.append((text, *hit.span()))
            if len(places) == PLACES:
                break
    return places


def _controls(text: str, start: int, end: int, words: int) -> list[tuple[int, int]]:
    """Spans of as many words elsewhere in the text, evenly spread."""
    places = [match.span() for match in WORD.finditer(text) if match.start() >= LEAST]
    spans = [(places[at][0], places[at + words - 1][1]) for at in range(len(places) - words + 1)]
    free = [span for span in spans if span[1] <= start or span[0] >= end]
    if not free:
        return []
    chosen = np.unique(np.linspace(0, len(free) - 1, CONTROLS).astype(int))
    return [free[at] for at in chosen]


def _chat(tokenizer: Any, text: str, length: int) -> Chat:
    """A text as ids of which those of its last `length` characters are scored."""
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    begin = len(text) - length
    return Chat(ids=list(coded["input_ids"]), trained=[end > begin for _, end in coded["offset_mapping"]])
