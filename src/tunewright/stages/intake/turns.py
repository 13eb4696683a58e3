"""Turns of a conversation, and what the formats of chats make of them."""

import json
from typing import Any

Turn = dict[str, Any]
RowParts = dict[str, Any]

ROLES = {
    "human": "user", "user": "user", "system": "system", "developer": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "function_call": "assistant", "tool": "tool", "function": "tool", "observation": "tool",
}  # fmt: skip
#: What a turn may hold and still be told whole by role, content and weight.
PLAIN = {"role", "content", "weight", "from", "value", "name"}


class Unusable(Exception):
    """A record that cannot become a row; the message is the reason in the quarantine."""


def openai_chat(record: dict[str, Any]) -> RowParts:
    """``messages`` of role and content, with OpenAI's 0 or 1 ``weight`` on a turn."""
    return {**_conversation(_turns(record["messages"], "messages")), "rest": _rest(record, "messages")}


def sharegpt(record: dict[str, Any]) -> RowParts:
    """``conversations`` of from and value, as ShareGPT exports are written."""
    turns = _turns(record["conversations"], "conversations")
    if record.get("system"):
        turns = [plain_turn("system", text_of(record["system"])), *turns]
    return {**_conversation(turns), "rest": _rest(record, "conversations", "system")}


def alpaca(record: dict[str, Any]) -> RowParts:
    """``instruction`` with an optional ``input``, ``output``, ``system`` and ``history`` of pairs."""
    question = "\n\n".join(part for part in (text_of(record.get("instruction")), text_of(record.get("input"))) if part)
    turns = [plain_turn("system", text_of(record["system"]))] if record.get("system") else []
    for pair in record.get("history") or []:
        if not (isinstance(pair, list) and len(pair) == 2):
            raise Unusable("history is not a list of pairs")
        turns += [plain_turn("user", text_of(pair[0])), plain_turn("assistant", text_of(pair[1]))]
    turns += [plain_turn("user", question), plain_turn("assistant", text_of(record.get("output")))]
    return {**_conversation(turns), "rest": _rest(record, "instruction", "input", "output", "system", "history")}


def self_instruct(record: dict[str, Any]) -> RowParts:
    """``instruction`` with one ``instances`` entry of input and output, as Self-Instruct writes its seeds."""
    instances = record["instances"]
    if not (isinstance(instances, list) and len(instances) == 1 and isinstance(instances[0], dict)):
        raise Unusable("instances is not a list of one object; write one record for each")
    flat = {"instruction": record["instruction"], **instances[0]}
    return {**alpaca(flat), "rest": _rest(record, "instruction", "instances")}


def prompt_completion(record: dict[str, Any]) -> RowParts:
    """``prompt`` and ``completion``, each a text or a list of turns."""
    turns = _side(record["prompt"], "user", "prompt") + _side(record["completion"], "assistant", "completion")
    return {**_conversation(turns), "rest": _rest(record, "prompt", "completion")}


def plain_turn(role: str, content: str) -> Turn:
    """A turn without a weight."""
    return {"role": role, "content": content, "weight": None}


def text_of(value: Any) -> str:
    """A text as it is, nothing for a missing one, JSON for the rest."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _conversation(turns: list[Turn]) -> RowParts:
    """Prompt and answer of a conversation: the last user turn before the final assistant turn, None where missing."""
    answers = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    last = answers[-1] if answers else len(turns)
    questions = [turn["content"] for turn in turns[:last] if turn["role"] == "user"]
    return {
        "prompt": questions[-1] if questions else None,
        "answer": turns[last]["content"] if answers else None,
        "turns": turns,
    }


def _turns(value: Any, key: str) -> list[Turn]:
    """The turns in `value`, which stood under `key`.

    Raises:
        Unusable: it is no list of turns, or one of them cannot be read.
    """
    if not isinstance(value, list) or not value:
        raise Unusable(f"{key} is not a list of turns")
    return [_turn(turn) for turn in value]


def _turn(turn: Any) -> Turn:
    """A turn in our words: role, content, weight.

    Raises:
        Unusable: its role, content or weight cannot be read.
    """
    if not isinstance(turn, dict):
        raise Unusable("a turn is not an object")
    role = turn.get("role", turn.get("from"))
    if role is None:
        raise Unusable("a turn has no 'role'" if "from" not in turn else "a turn has no 'from'")
    known = ROLES.get(str(role).lower())
    if known is None:
        raise Unusable(f"a turn's role is {str(role)[:40]!r}; known are {', '.join(sorted(ROLES))}")
    weight = turn.get("weight")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int | float) or not weight >= 0):
        raise Unusable("a turn's weight is not a number of 0 or more")
    content = _words(turn.get("content", turn.get("value")))
    return {"role": known, "content": content, "weight": None if weight is None else float(weight)}


def _words(content: Any) -> str:
    """The text of a turn; of OpenAI's list of parts, their texts put together.

    Raises:
        Unusable: a part is an image or sound.
    """
    if not isinstance(content, list):
        return text_of(content)
    if any(isinstance(part, dict) and part.get("type") not in ("text", None) for part in content):
        raise Unusable("a turn holds images or sound, which are not supported")
    return "".join(text_of(part.get("text")) if isinstance(part, dict) else text_of(part) for part in content)


def _side(value: Any, role: str, key: str) -> list[Turn]:
    """The turns that `value` is, or one turn of `role` with its text; raises Unusable for turns that cannot be read."""
    return _turns(value, key) if isinstance(value, list) else [plain_turn(role, text_of(value))]


def _rest(record: dict[str, Any], *used: str) -> dict[str, Any]:
    """What a row's own columns do not tell, such as the tools that a turn called."""
    rest = {key: value for key, value in record.items() if key not in used and value is not None}
    for key in used:
        turns = record.get(key)
        if isinstance(turns, list) and any(isinstance(turn, dict) and turn.keys() - PLAIN for turn in turns):
            rest[key] = turns
    return rest
