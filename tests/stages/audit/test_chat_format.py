"""Conversations out of form, by the names that OpenAI's validator gives them."""

import pytest
from tests.worlds import corpus

from tunewright.core.finding import NotChecked
from tunewright.stages.audit.checks.chat_format import Options, check


def chat(*turns: str) -> list[dict[str, object]]:
    """``chat("user: hi", "assistant: yo")``"""
    return [
        {"role": role, "content": content.strip() or None, "weight": None}
        for role, _, content in (turn.partition(":") for turn in turns)
    ]


CHATS = [
    chat("system: be kind", "user: hi", "assistant: yo"),
    [],
    None,
    chat("user: hi"),
    chat("user: hi", "assistant:"),
    chat("user: hi", "robot: beep", "assistant: yo"),
    chat("user: hi", "user: you there?", "assistant: yo"),
    chat("assistant: hello", "user: hi", "assistant: yo"),
    chat("user: hi", "assistant: let me look", "tool: 7", "assistant: it is 7"),
    chat("user: hi", "assistant: yo", "user: thanks"),
]


def test_each_conversation_is_told_by_what_is_wrong_with_it() -> None:
    world = corpus(["q"] * len(CHATS), answers=["a"] * len(CHATS), messages=CHATS)
    findings = {f.kind: f for f in check(world, Options())}
    assert {kind: f.frame["row"].to_list() for kind, f in findings.items()} == {
        "missing_messages_list": [1, 2],
        "example_missing_assistant_message": [3],
        "unrecognized_role": [5],
        "missing_content": [4],
        "roles_out_of_order": [6, 7],
        "ends_without_answer": [9],
    }
    unknown = findings["unrecognized_role"]
    assert (
        unknown.sentence(unknown.frame.row(0, named=True))
        == "turn 2 is said by 'robot', which the template does not know"
    )
    assert [findings[kind].fix for kind in ("missing_messages_list", "missing_content")] == ["drop", None]


def test_a_role_can_be_allowed() -> None:
    world = corpus(["q"], answers=["a"], messages=[CHATS[5]])
    assert check(world, Options(roles=("system", "user", "assistant", "robot"))) == ()


def test_labelled_texts_are_no_conversations() -> None:
    with pytest.raises(NotChecked, match="not conversations"):
        check(corpus(["q"], ["a"]), Options())
