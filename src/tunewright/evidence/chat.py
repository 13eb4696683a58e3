"""Chats as token ids, with the tokens that are an answer marked by us.

Chat templates rarely mark what the assistant says, so the spans are computed: a chat is rendered up to an answer,
with the prompt for it, and once more with the answer; what the second adds to the first is the answer, trained up to
and with the first special token after its content, the one that stops generation. Each piece is tokenized by itself,
so the prompt has the very ids that it has when the model is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.core.errors import UserError

Message = Mapping[str, Any]

#: Used, and saved with the model, where a base model's tokenizer has no template: turns that end in its end token.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + eos_token + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)


@dataclass(frozen=True)
class Chat:
    """One chat as the model reads it.

    Attributes:
        ids: its token ids.
        trained: whether each token is part of an answer or the token that stops it, as long as `ids`.
        skipped: answers that are not trained because the template shows them otherwise once the chat goes on.
    """

    ids: list[int]
    trained: list[bool]
    skipped: int = 0


def with_template(tokenizer: Any) -> bool:
    """Give `tokenizer` the plain template when it has none; whether that was needed."""
    if tokenizer.chat_template:
        return False
    tokenizer.chat_template = PLAIN_TEMPLATE
    return True


def asked(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The ids of a chat that waits for an answer."""
    return _ids(tokenizer, _text(tokenizer, messages, waiting=True))


def answered(tokenizer: Any, messages: Sequence[Message]) -> Chat:
    """The ids of a chat whose assistant messages are trained; a message's `weight` of 0 leaves it out.

    Raises:
        UserError: E-TRAIN-008 when the template changes the last answer's text, or refuses the chat.
    """
    spans, skipped = [], 0
    whole = _text(tokenizer, messages, waiting=False)
    answers = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    for at in answers:
        if messages[at].get("weight") == 0:
            continue
        before = _text(tokenizer, messages[:at], waiting=True)
        content = str(messages[at]["content"])
        start, end = len(before), _end(whole, len(before), content)
        if whole.startswith(before) and end is not None:
            spans.append((start, end))
        elif at == answers[-1]:
            raise _unreadable("it does not show the last answer's text right after the prompt for it")
        else:
            skipped += 1
    return _assembled(tokenizer, whole, spans, skipped)


def messages_of(prompt: str, answer: str | None = None) -> list[dict[str, Any]]:
    """A prompt, and its answer when given, as a chat."""
    chat: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    return chat if answer is None else [*chat, {"role": "assistant", "content": answer}]


def _end(whole: str, start: int, content: str) -> int | None:
    """Where the content ends; templates may strip it, and put white space before it."""
    if whole.startswith(content, start):
        return start + len(content)
    shown = content.strip()
    place = start + len(whole[start:]) - len(whole[start:].lstrip())
    return place + len(shown) if whole.startswith(shown, place) else None


def _assembled(tokenizer: Any, whole: str, spans: list[tuple[int, int]], skipped: int) -> Chat:
    ids: list[int] = []
    trained: list[bool] = []
    place = 0
    for number, (start, end) in enumerate(spans):
        before = _ids(tokenizer, whole[place:start])
        ids += before
        trained += [False] * len(before)
        place = spans[number + 1][0] if number + 1 < len(spans) else len(whole)
        last = number + 1 == len(spans)
        piece, stop = _answer(tokenizer, whole[start:place], end - start, must_stop=last)
        ids += piece
        trained += [at < stop for at in range(len(piece))]
    if not spans:
        ids = _ids(tokenizer, whole)
        trained = [False] * len(ids)
    return Chat(ids=ids, trained=trained, skipped=skipped)


def _answer(tokenizer: Any, text: str, content: int, *, must_stop: bool) -> tuple[list[int], int]:
    """The ids of an answer with what follows it, and how many of them are trained."""
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids: list[int] = list(coded["input_ids"])
    special = set(tokenizer.all_special_ids)
    starts = [start for start, _ in coded["offset_mapping"]]
    for at, (start, one) in enumerate(zip(starts, ids, strict=True)):
        if start >= content and one in special:
            return ids, at + 1
    inside = sum(start < content for start in starts)
    if not must_stop:
        return ids, inside
    # The template has no token that stops an answer, so the end token is taught as one.
    if tokenizer.eos_token_id is None:
        raise _unreadable("nothing stops an answer: no special token after it, and the tokenizer has no end token")
    return [*ids[:inside], tokenizer.eos_token_id], inside + 1


def _text(tokenizer: Any, messages: Sequence[Message], *, waiting: bool) -> str:
    from jinja2 import TemplateError

    plain = [{"role": str(one["role"]), "content": str(one["content"] or "")} for one in messages]
    try:
        return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=waiting))
    except TemplateError as error:
        raise _unreadable(f"it says: {error}") from error


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []


def _unreadable(why: str) -> UserError:
    return UserError(
        "E-TRAIN-008",
        f"The base model's chat template does not fit these chats: {why}.",
        why="Training must take its loss on the answer's tokens and the token that stops it, and on nothing else.",
        fix="Choose a base with a chat template that shows messages as they are, or change the roles in the data.",
    )
