"""Formats of fine-tuning data, told by the keys of their records and brought to one shape.

Each shape turns one record into ``prompt, answer, label, messages, entities`` and what is left over; a record that
cannot be turned says why.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

Turn = dict[str, Any]
Shaped = dict[str, Any]

ROLES = {
    "human": "user", "user": "user", "system": "system", "developer": "system",
    "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
    "function_call": "assistant", "tool": "tool", "function": "tool", "observation": "tool",
}  # fmt: skip


class Unusable(Exception):
    """A record that cannot become a row; the message is the reason in the quarantine."""


def openai_chat(record: dict[str, Any]) -> Shaped:
    """``messages`` of role and content, with OpenAI's 0 or 1 ``weight`` on a turn."""
    turns = record["messages"]
    if not isinstance(turns, list) or not turns:
        raise Unusable("messages is not a list of turns")
    return {**_conversation([_turn(turn, "role", "content") for turn in turns]), "rest": _rest(record, "messages")}


def sharegpt(record: dict[str, Any]) -> Shaped:
    """``conversations`` of from and value, as ShareGPT exports are written."""
    turns = record["conversations"]
    if not isinstance(turns, list) or not turns:
        raise Unusable("conversations is not a list of turns")
    shaped = [
        _turn(turn, "from" if "from" in turn else "role", "value" if "value" in turn else "content") for turn in turns
    ]
    system = record.get("system")
    if isinstance(system, str) and system:
        shaped = [_said("system", system), *shaped]
    return {**_conversation(shaped), "rest": _rest(record, "conversations", "system")}


def alpaca(record: dict[str, Any]) -> Shaped:
    """``instruction`` with an optional ``input``, ``output``, ``system`` and ``history`` of pairs."""
    asked = "\n\n".join(part for part in (_text(record.get("instruction")), _text(record.get("input"))) if part)
    turns = [_said("system", record["system"])] if record.get("system") else []
    for pair in record.get("history") or []:
        if not (isinstance(pair, list) and len(pair) == 2):
            raise Unusable("history is not a list of pairs")
        turns += [_said("user", _text(pair[0])), _said("assistant", _text(pair[1]))]
    turns += [_said("user", asked), _said("assistant", _text(record.get("output")))]
    return {**_conversation(turns), "rest": _rest(record, "instruction", "input", "output", "system", "history")}


def prompt_completion(record: dict[str, Any]) -> Shaped:
    """``prompt`` and ``completion``, each a text or a list of turns."""
    turns = _side(record["prompt"], "user") + _side(record["completion"], "assistant")
    return {**_conversation(turns), "rest": _rest(record, "prompt", "completion")}


def label_studio(record: dict[str, Any]) -> Shaped:
    """A Label Studio task: the longest text of ``data``, the label most annotators chose, or their spans."""
    data = record.get("data")
    if not isinstance(data, dict):
        raise Unusable("data is not an object")
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if not texts:
        raise Unusable("data holds no text")
    key = next(
        (name for name in ("text", "prompt", "message", "body") if name in texts),
        max(texts, key=lambda k: len(texts[k])),
    )
    done = [a for a in record.get("annotations") or record.get("completions") or [] if not a.get("was_cancelled")]
    votes = Counter(choice for one in done for choice in _choices(one))
    spans = _spans(done[-1], texts[key]) if done else []
    rest = {
        **{name: value for name, value in data.items() if name != key},
        **_rest(record, "data", "annotations", "predictions"),
    }
    if len(done) > 1:
        rest["annotators"] = [{"by": one.get("completed_by"), "labels": _choices(one)} for one in done]
    label = min(votes, key=lambda name: (-votes[name], name)) if votes else None
    return {
        "prompt": texts[key],
        "label": label,
        "entities": spans or None,
        "turns": [_said("user", texts[key])],
        "rest": rest,
    }


SHAPES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], Shaped]]] = {
    "openai_chat": (("messages",), openai_chat),
    "sharegpt": (("conversations",), sharegpt),
    "label_studio": (("data", "annotations"), label_studio),
    "alpaca": (("instruction", "output"), alpaca),
    "prompt_completion": (("prompt", "completion"), prompt_completion),
}


def shape_of(records: list[Any]) -> tuple[str | None, float]:
    """The shape that most records have, with its share; None when they are a plain table."""
    votes = Counter(
        next((name for name, (keys, _) in SHAPES.items() if all(key in record for key in keys)), None)
        for record in records
        if isinstance(record, dict)
    )
    if not votes:
        return None, 0.0
    name, count = votes.most_common(1)[0]
    return name, count / len(records)


def _turn(turn: Any, role_key: str, content_key: str) -> Turn:
    if not isinstance(turn, dict):
        raise Unusable("a turn is not an object")
    if role_key not in turn:
        raise Unusable(f"a turn has no {role_key!r}")
    content = turn.get(content_key)
    if isinstance(content, list):  # OpenAI's parts: text beside images and sound
        if any(isinstance(part, dict) and part.get("type") not in ("text", None) for part in content):
            raise Unusable("a turn holds images or sound, which are not supported")
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    role = str(turn[role_key])
    weight = turn.get("weight")
    if weight is not None and not isinstance(weight, int | float):
        raise Unusable("a turn's weight is not a number")
    return {
        "role": ROLES.get(role.lower(), role),
        "content": _text(content),
        "weight": None if weight is None else float(weight),
    }


def _conversation(turns: list[Turn]) -> Shaped:
    """Prompt and answer of a conversation: the last user turn before the final assistant turn."""
    answers = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    last = answers[-1] if answers else len(turns)
    asked = [turn["content"] for turn in turns[:last] if turn["role"] == "user"]
    return {
        "prompt": asked[-1] if asked else None,
        "answer": turns[last]["content"] if answers else None,
        "turns": turns,
    }


def _said(role: str, content: str) -> Turn:
    return {"role": role, "content": content, "weight": None}


def _side(value: Any, role: str) -> list[Turn]:
    if isinstance(value, list):
        return [_turn(turn, "role", "content") for turn in value]
    return [_said(role, _text(value))]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rest(record: dict[str, Any], *used: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in used}


def _choices(annotation: dict[str, Any]) -> list[str]:
    return [
        str(choice) for result in annotation.get("result", []) for choice in result.get("value", {}).get("choices", [])
    ]


def _spans(annotation: dict[str, Any], text: str) -> list[dict[str, Any]]:
    spans = []
    for result in annotation.get("result", []):
        value = result.get("value", {})
        for label in value.get("labels", []):
            start, end = int(value["start"]), int(value["end"])
            spans.append({"label": str(label), "start": start, "end": end, "text": value.get("text", text[start:end])})
    return spans
