"""Figures of a trained model on held-out data: likelihood per domain, right answers per task, samples to read."""
# ruff: noqa: E501, TID253 (prompts on one line; this file is imported only where a model is trained)

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from starter import data as data_
from starter.instructions import TASKS
from starter.instructions.facts import Chat
from starter.score import MOST_BLOCKS, figures, scored
from starter.tokenizer import END_ID, PAD_ID, rendered

#: Longest answer in tokens.
MOST_NEW = 160
#: Requests to read what a model makes of them, some in the grammar's words and some not.
PROMPTS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("user", "Hello! What can you do?"),),
    (
        (
            "user",
            "Classify this ticket into one of these categories: billing, delivery, login, praise.\n\nThe parcel was supposed to come last week and I have heard nothing since.",
        ),
    ),
    (
        (
            "user",
            "Extract name, order_number and city as JSON.\n\nHi, I am Greta Lind from Bergen and order QX-7741 came without the screws.",
        ),
    ),
    (
        (
            "system",
            "You are a polite agent of Harbor Books. Returns are accepted within 21 days. Delivery takes 3 working days.",
        ),
        ("user", "How long do I have to send a book back?"),
    ),
    (
        (
            "user",
            "Summarize this message in one sentence.\n\nHello, I bought a lamp from you in March and yesterday it stopped working. I have the receipt. Could you repair it or send me another one?",
        ),
    ),
    (
        (
            "user",
            "The old bakery stands in Porto. It was founded by Rita Sousa in 1931. Its door is green.\n\nQuestion: Who founded the bakery?",
        ),
    ),
    (
        (
            "user",
            "The old bakery stands in Porto. It was founded by Rita Sousa in 1931. Its door is green.\n\nQuestion: What does a loaf cost?",
        ),
    ),
    (("user", "What is 48 + 37?"),),
    (("user", "Anna buys 4 tickets at €12 each and pays with €60. What is the change?"),),
    (("user", "Make this polite: Where is my parcel? You people are useless."),),
    (
        ("system", "You are a helpful service agent."),
        ("user", "I would like to book a table for two in Oakland tonight."),
    ),
    (("user", "What are the symptoms of asthma?"),),
    (("user", "Is it safe to double my dose of ibuprofen?"),),
    (("user", "List the items as a JSON array: tea, milk, two eggs"),),
)
OPENINGS = (
    "It was late in the evening when the old captain",
    "The ship had scarcely left the harbor",
    "Customer: I am looking for a hotel in",
)


@torch.no_grad()
def likelihood(
    losses: Callable[[torch.Tensor], torch.Tensor],
    held_out: dict[str, data_.Tokens],
    sizes: npt.NDArray[np.int64],
    *,
    batch: int = 64,
    most: int = MOST_BLOCKS,
) -> dict[str, dict[str, float]]:
    """Per domain: tokens scored, nats per token, perplexity, bits per byte of text.

    A domain is scored in blocks of `POSITIONS` tokens; the first of each block, that which begins a document, and padding are not scored. Of
    chats the assistant's tokens are reported apart.

    Args:
        losses: gives the negative log-likelihood `(n, length - 1)` of a batch of ids.
        held_out: streams with `FULL`.
        sizes: bytes of each token of the vocabulary.
        batch: blocks at once.
        most: blocks a domain, evenly spread.
    """
    found = {}
    for name, stream in held_out.items():
        whole = data_.blocks(stream, most)
        if not len(whole):
            continue
        parts = []
        for at in range(0, len(whole), batch):
            ids = torch.from_numpy((whole[at : at + batch] & data_.ID).astype(np.int64))
            parts.append(losses(ids).float().cpu().numpy())
        nll = np.concatenate(parts).astype(np.float64)
        ids, full = (whole & data_.ID)[:, 1:], (whole & data_.FULL)[:, 1:] > 0
        found[name] = figures(nll, ids, scored(ids), sizes)
        if not full.all():
            found[f"{name}, answers"] = figures(nll, ids, full, sizes)
    return found


@torch.no_grad()
def answers(model: Any, tokenizer: Any, prompts: Sequence[str], *, batch: int = 256) -> list[str]:
    """Greedy answers to rendered prompts, by transformers' own generation, padded on the left."""
    given: list[str] = [""] * len(prompts)
    coded = [tokenizer.encode(text, add_special_tokens=False).ids for text in prompts]
    order = sorted(range(len(coded)), key=lambda at: len(coded[at]))
    device = next(model.parameters()).device
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        width = max(len(coded[at]) for at in some)
        ids = torch.full((len(some), width), PAD_ID)
        for row, at in enumerate(some):
            ids[row, width - len(coded[at]) :] = torch.tensor(coded[at])
        ids = ids.to(device)
        out = model.generate(
            input_ids=ids,
            attention_mask=(ids != PAD_ID).long(),
            max_new_tokens=MOST_NEW,
            do_sample=False,
            eos_token_id=END_ID,
            pad_token_id=PAD_ID,
        )
        for row, at in enumerate(some):
            given[at] = tokenizer.decode([one for one in out[row, width:].tolist() if one not in (END_ID, PAD_ID)])
    return given


def right_answers(model: Any, tokenizer: Any, *, seed: int, each: int = 25) -> dict[str, float]:
    """Per task the share of (at most) `each` held-out chats whose last answer is the grammar's, letter for letter.

    Free texts (replies, talks) have many right forms, so a low share says little there.
    """
    chosen: dict[str, list[Chat]] = defaultdict(list)
    for name, chat in data_.held_out_chats(seed):
        if len(chosen[name]) < each:
            chosen[name].append(chat)
    flat = [(name, chat) for name, some in chosen.items() for chat in some]
    said = answers(model, tokenizer, [prompt(chat[:-1]) for _, chat in flat])
    hits: dict[str, list[bool]] = defaultdict(list)
    for (name, chat), answer in zip(flat, said, strict=True):
        hits[name].append(answer.strip() == chat[-1][1].strip())
    return {name: round(float(np.mean(hits[name])), 3) for name in TASKS if name in hits}


def prompt(chat: Sequence[tuple[str, str]]) -> str:
    """A chat that waits for an answer."""
    return rendered(chat) + "<|assistant|>"


def samples(model: Any, tokenizer: Any) -> list[dict[str, str]]:
    """What the model says to `PROMPTS`, and how it goes on after `OPENINGS`, greedily."""
    asked = [prompt(chat) for chat in PROMPTS] + ["<|begin|>" + text for text in OPENINGS]
    shown = ["\n".join(f"[{role}] {text}" for role, text in chat) for chat in PROMPTS] + list(OPENINGS)
    return [{"prompt": one, "answer": said} for one, said in zip(shown, answers(model, tokenizer, asked), strict=True)]
