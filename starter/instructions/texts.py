"""Chats made of the corpus itself: gaps, copies and order in passages of books; dialogues and questions as chats."""
# ruff: noqa: E501 (sentences read better on one line)

import re
from collections.abc import Sequence

from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, Message

_SENTENCE = re.compile(r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)\s+(?=[A-Z\"'])")
_WORD = re.compile(r"[A-Za-z]{4,}")
MOST_LETTERS = 2_800


def passages(text: str) -> list[str]:
    """Paragraphs of a book that read by themselves: three or more sentences, 200 to 1,200 letters."""
    found = (" ".join(part.split()) for part in text.split("\n\n"))
    return [part for part in found if 200 <= len(part) <= 1_200 and len(_SENTENCE.split(part)) >= 3]


def reading(draw: Draw, paragraphs: Sequence[str]) -> Chat:
    """One small exact task on a paragraph of a book."""
    text = draw.one(paragraphs)
    sentences = _SENTENCE.split(text)
    choice = draw.between(0, 7)
    if choice == 0:
        ask, answer = "What is the first sentence of this text?", sentences[0]
    elif choice == 1:
        ask, answer = "Copy the last sentence of the text.", sentences[-1]
    elif choice in (2, 3):
        at = draw.between(0, len(sentences) - 1)
        found = _WORD.findall(sentences[at])
        if not found:
            return reading(draw, paragraphs)
        word = draw.one(found)
        if len(re.findall(rf"\b{word}\b", text)) > 1:
            return reading(draw, paragraphs)
        if choice == 2:
            ask, answer = f'Which sentence contains the word "{word}"?', sentences[at]
        else:
            ask, answer = "Fill in the missing word.", word
            text = re.sub(rf"\b{word}\b", "____", text, count=1)
    elif choice == 4:
        names = list(dict.fromkeys(re.findall(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b", text)))
        if not names:
            return reading(draw, paragraphs)
        ask, answer = "List the names in this text, in their order.", ", ".join(names)
    elif choice == 5:
        at = draw.between(0, len(sentences) - 2)
        ask, answer = f"Which sentence follows this one: {sentences[at]}", sentences[at + 1]
    elif choice == 6:
        word = draw.one(_WORD.findall(text))
        ask, answer = f'Does the word "{word}" occur in the text?', "Yes"
        if draw.chance(0.5):
            other = draw.one(_WORD.findall(draw.one(paragraphs)))
            ask = f'Does the word "{other}" occur in the text?'
            answer = "Yes" if re.search(rf"\b{other}\b", text) else "No"
    else:
        cut = draw.between(1, len(sentences) - 1)
        ask, answer = "Continue this text.", " ".join(sentences[cut:])
        text = " ".join(sentences[:cut])
    return [("user", f"{ask}\n\n{text}" if draw.chance(0.5) else f"{text}\n\n{ask}"), ("assistant", answer)]


def dialogue(draw: Draw, text: str) -> Chat:
    """A service dialogue as a chat, the customer as user and the agent as assistant."""
    chat: Chat = []
    if draw.chance(0.5):
        chat.append(
            (
                "system",
                draw.fill(
                    "[You are a helpful service agent.|Help the customer to find and book what they need.|You book, search and answer for customers.|Answer in one or two sentences.]"
                ),
            )
        )
    for line in text.split("\n"):
        who, _, said = line.partition(": ")
        role = {"Customer": "user", "Agent": "assistant"}.get(who)
        if role and said:
            _append(chat, (role, said.strip()))
    return chat


def _append(chat: Chat, message: Message) -> None:
    """Two lines of one speaker are one message."""
    if chat and chat[-1][0] == message[0]:
        chat[-1] = (message[0], f"{chat[-1][1]} {message[1]}")
    else:
        chat.append(message)


def medical(draw: Draw, text: str) -> Chat:
    """A medical question and its answer, cut at a line end when it is long."""
    question, _, answer = text.partition("\n")
    while len(answer) > MOST_LETTERS and "\n" in answer:
        answer = answer.rpartition("\n")[0]
    chat: Chat = [("user", question), ("assistant", answer[:MOST_LETTERS].strip())]
    if draw.chance(0.3):
        chat.insert(
            0,
            (
                "system",
                draw.fill(
                    "[You explain diseases in plain words.|Answer medical questions from public sources.|You are a health information assistant.]"
                ),
            ),
        )
    return chat
