"""Chats as token ids, with the tokens that are an answer marked by us.

Chat templates rarely mark what the assistant says, so the spans are computed: a chat is rendered up to an answer,
with the prompt for it, and once more with the answer; what the second adds to the first is the answer, trained up to
and with the first special token after its content, the one that stops generation. Each piece is tokenized by itself,
so the prompt has the very ids that it has when the model is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

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


def asked(tokenizer: Any, messages: Sequence[Message], **variables: Any) -> list[int]:
    """The ids of a chat that waits for an answer; `variables` are handed to the template."""
    return _ids(tokenizer, _text(tokenizer, messages, waiting=True, **variables))


def answered(tokenizer: Any, messages: Sequence[Message]) -> Chat:
    """The ids of a chat whose assistant messages are trained; a message's `weight` of 0 leaves it out.

    Raises:
        UserError: E-TRAIN-008 when the template changes the last answer's text, or refuses the chat.
    """
    (chat,) = answered_each(tokenizer, [messages])
    if isinstance(chat, UserError):
        raise chat
    return chat


def answered_each(tokenizer: Any, chats: Sequence[Sequence[Message]]) -> list[Chat | UserError]:
    """:func:`answered` for many chats, tokenized together; a chat that the template does not fit is its error.

    The template is a Jinja program that takes one chat at a time; tokenizing is what is quicker in one call.
    """
    shown = [_shown(tokenizer, messages) for messages in chats]
    texts = [piece.text for chat in shown if isinstance(chat, _Shown) for piece in chat.pieces]
    coded = iter(_encodings(tokenizer, texts))
    special = frozenset(tokenizer.all_special_ids)
    return [
        chat
        if isinstance(chat, UserError)
        else _assembled(tokenizer, chat, [next(coded) for _ in chat.pieces], special)
        for chat in shown
    ]


def messages_of(prompt: str, answer: str | None = None) -> list[dict[str, Any]]:
    """A prompt, and its answer when given, as a chat."""
    chat: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    return chat if answer is None else [*chat, {"role": "assistant", "content": answer}]


def turns_of(prompt: str | None, answer: str | None, messages: Sequence[Any] | None) -> list[dict[str, Any]]:
    """The chat that a row is trained as: its own turns, or its prompt and answer where it has none."""
    if messages is not None and len(messages):
        return [dict(message) for message in messages]
    return messages_of(prompt or "", answer or None)


@dataclass(frozen=True)
class _Piece:
    """A part of a shown chat that is tokenized by itself; `content` is how much of an answer's text it begins with."""

    text: str
    content: int | None = None
    last: bool = False


@dataclass(frozen=True)
class _Shown:
    pieces: list[_Piece]
    skipped: int


def _shown(tokenizer: Any, messages: Sequence[Message]) -> "_Shown | UserError":
    """The chat as its template shows it, taken apart at the answers that are trained."""
    spans, skipped = [], 0
    answers = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    try:
        whole = _text(tokenizer, messages, waiting=False)
        for at in answers:
            if messages[at].get("weight") == 0:
                continue
            before = _text(tokenizer, messages[:at], waiting=True)
            start, end = len(before), _end(whole, len(before), str(messages[at]["content"] or ""))
            if whole.startswith(before) and end is not None:
                spans.append((start, end))
            elif at == answers[-1]:
                return _unreadable("it does not show the last answer's text right after the prompt for it")
            else:
                skipped += 1
    except UserError as refused:
        return refused
    return _Shown(_pieces(whole, spans), skipped)


def _pieces(whole: str, spans: list[tuple[int, int]]) -> list[_Piece]:
    """What comes before the first answer, then each answer with what follows it."""
    starts = [*(start for start, _ in spans), len(whole)]
    answers = [
        _Piece(whole[start : starts[number]], end - start, last=number == len(spans))
        for number, (start, end) in enumerate(spans, 1)
    ]
    return [_Piece(whole[: starts[0]]), *answers]


def _end(whole: str, start: int, content: str) -> int | None:
    """Where the content ends; templates may strip it, and put white space before it."""
    if whole.startswith(content, start):
        return start + len(content)
    shown = content.strip()
    place = start + len(whole[start:]) - len(whole[start:].lstrip())
    return place + len(shown) if whole.startswith(shown, place) else None


def _assembled(tokenizer: Any, shown: _Shown, coded: list[Any], special: frozenset[int]) -> "Chat | UserError":
    ids: list[int] = []
    trained: list[bool] = []
    for piece, encoding in zip(shown.pieces, coded, strict=True):
        here = list(encoding.ids)
        stop, stopped = (0, True) if piece.content is None else _stop(encoding, here, piece.content, special)
        if piece.last and not stopped:
            # The template has no token that stops an answer, so the end token is taught as one.
            if tokenizer.eos_token_id is None:
                return _unreadable(
                    "nothing stops an answer: no special token after it, and the tokenizer has no end token"
                )
            here, stop = [*here[:stop], tokenizer.eos_token_id], stop + 1
        ids += here
        trained += [True] * stop + [False] * (len(here) - stop)
    return Chat(ids=ids, trained=trained, skipped=shown.skipped)


def _stop(encoding: Any, ids: list[int], content: int, special: frozenset[int]) -> tuple[int, bool]:
    """How many tokens of an answer are trained, and whether the last of them is a special one that stops it."""
    at = encoding.char_to_token(content)
    if at is None or encoding.offsets[at][0] < content:
        # White space may be part of no token, and a token may reach over the end of the content.
        starts = [start for start, _ in encoding.offsets]
        at = next((place for place, start in enumerate(starts) if start >= content), len(ids))
    return next(((place + 1, True) for place in range(at, len(ids)) if ids[place] in special), (at, False))


def _text(tokenizer: Any, messages: Sequence[Message], *, waiting: bool, **variables: Any) -> str:
    from jinja2 import TemplateError

    plain = [{"role": str(turn["role"]), "content": str(turn["content"] or "")} for turn in messages]
    try:
        return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=waiting, **variables))
    except TemplateError as error:
        raise _unreadable(f"it says: {error}") from error


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(_encodings(tokenizer, [text])[0].ids) if text else []


def _encodings(tokenizer: Any, texts: list[str]) -> Sequence[Any]:
    """What the tokenizer makes of each text, without special tokens of its own."""
    if not texts:
        return []
    coded = tokenizer(
        texts, add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False, verbose=False
    )
    return cast("Sequence[Any]", coded.encodings)


def _unreadable(why: str) -> UserError:
    return UserError(
        "E-TRAIN-008",
        f"The base model's chat template does not fit these chats: {why}.",
        why="Training must take its loss on the answer's tokens and the token that stops it, and on nothing else.",
        fix="Choose a base with a chat template that shows messages as they are, or change the roles in the data.",
    )
