"""The grammar's chats are deterministic, varied, well-formed, and their answers are right."""

import json
import re
from collections import defaultdict

import pytest
from starter.instructions import TASKS, facts, tasks, texts
from starter.instructions.draw import Draw
from starter.instructions.reading import MISSING

NUMBER = re.compile(r"\d+")


@pytest.fixture(scope="module")
def by_task():
    found = defaultdict(list)
    for name, chat in tasks(3, 9_000):
        found[name].append(chat)
    return found


def asked(chat) -> str:
    return "\n".join(content for role, content in chat[:-1])


def test_a_seed_gives_the_same_chats_and_another_gives_others() -> None:
    one, same, other = list(tasks(1, 300)), list(tasks(1, 300)), list(tasks(2, 300))
    assert one == same
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 5


def test_every_task_occurs_in_its_share(by_task) -> None:
    total = sum(weight for weight, _ in TASKS.values())
    for name, (weight, _) in TASKS.items():
        expected = 9_000 * weight / total
        assert abs(len(by_task[name]) - expected) < 5 * expected**0.5, name


def test_every_chat_is_a_chat(by_task) -> None:
    for chats in by_task.values():
        for chat in chats:
            roles = [role for role, _ in chat]
            turns = roles[1:] if roles[0] == "system" else roles
            assert turns == ["user", "assistant"] * (len(turns) // 2)
            assert all(content and content == content.strip() for _, content in chat), chat
            assert not any(
                re.search(r"\{[a-z_]+\}|\[[^\]]*\||  ", content)
                for role, content in chat
                if role == "assistant" and not content.startswith(("{", "["))
            ), chat


def test_chats_are_varied(by_task) -> None:
    whole = [repr(chat) for name, chats in by_task.items() for chat in chats]
    assert len(set(whole)) / len(whole) > 0.97
    words = [word for chats in by_task.values() for chat in chats for _, content in chat for word in content.split()]
    assert len(set(zip(words, words[1:], words[2:], strict=False))) / len(words) > 0.4


def test_sums_are_right(by_task) -> None:
    for chat in by_task["sum"]:
        a, b = map(int, NUMBER.findall(asked(chat))[:2])
        question, result = asked(chat), int(NUMBER.findall(chat[-1][1])[-1])
        if "+" in question or "plus" in question:
            assert result == a + b
        elif "-" in question or "minus" in question:
            assert result == a - b
        elif re.search(r"\*|×| x |times|\dx\d", question):
            assert result == a * b
        else:
            assert result * b == a


def test_each_step_of_a_calculation_is_right(by_task) -> None:
    seen = 0
    for name in ("column", "shopping", "story sum", "percent"):
        for chat in by_task[name]:
            for a, sign, b, c in re.findall(r"(\d+) ([+\-x]) [$€£]?(\d+) = [$€£]?(\d+)", chat[-1][1]):
                assert int(c) == {"+": int(a) + int(b), "-": int(a) - int(b), "x": int(a) * int(b)}[sign]
                seen += 1
    assert seen > 500


def test_the_end_of_a_column_is_the_sum_and_of_a_story_its_last_step(by_task) -> None:
    for chat in by_task["column"]:
        assert int(NUMBER.findall(chat[-1][1])[-1]) == sum(map(int, NUMBER.findall(asked(chat))))
    for chat in by_task["story sum"]:
        assert NUMBER.findall(chat[-1][1])[-1] == NUMBER.findall(chat[-1][1])[-2]


def test_extracted_json_parses_has_the_keys_asked_for_and_its_values_stand_in_the_text(by_task) -> None:
    nulls = 0
    for name in ("extract ticket", "extract appointment", "extract entities", "extract invoice"):
        for chat in by_task[name]:
            question, values = asked(chat), json.loads(chat[-1][1])
            for key, value in values.items() if isinstance(values, dict) else [("", values)]:
                assert key in question
                nulls += value is None
                for one in value if isinstance(value, list) else [value]:
                    for part in one.values() if isinstance(one, dict) else [one]:
                        assert part is None or str(part) in question, chat
    assert nulls > 100


def test_a_null_is_a_value_that_the_text_does_not_state(by_task) -> None:
    for chat in by_task["extract ticket"]:
        for key, value in json.loads(chat[-1][1]).items():
            if value is None and key in ("email", "email_address", "mail"):
                assert "@" not in asked(chat)


def test_a_label_is_one_of_the_options(by_task) -> None:
    for name in ("classify ticket", "classify mood", "classify urgency", "classify kind"):
        for chat in by_task[name]:
            assert chat[-1][1] in asked(chat) or chat[-1][1] == "spoon", chat


def test_the_label_is_that_of_the_text() -> None:
    draw = Draw("labels")
    for issue in facts.issues():
        plain = dict.fromkeys(facts.service(draw), "")
        said = {draw.fill(one, plain) for one in issue.says}
        others = {draw.fill(one, plain) for other in facts.issues() if other is not issue for one in other.says}
        assert not said & others


def test_an_answer_on_a_passage_is_a_span_of_it_or_that_it_is_missing(by_task) -> None:
    missing = 0
    for chat in by_task["read"]:
        passage = next(content for role, content in chat if role == "user")
        for role, content in chat:
            if role == "assistant":
                missing += content in MISSING
                if content not in MISSING and len(content.split()) < 3:
                    assert content in passage, chat
    assert missing > 50


def test_copies_look_ups_and_patterns_are_exact(by_task) -> None:
    for chat in by_task["copy"]:
        assert chat[0][1].endswith(": " + chat[1][1])
    for name in ("look up", "extract value"):
        for chat in by_task[name]:
            assert chat[-1][1] in asked(chat)


def test_a_reply_tells_only_numbers_that_it_was_given(by_task) -> None:
    for name in ("reply", "talk", "grounded reply"):
        for chat in by_task[name]:
            given = " ".join(content for role, content in chat if role != "assistant")
            allowed = {*NUMBER.findall(given), "30", "9", "5", "24"}
            for role, content in chat:
                if role == "assistant":
                    assert set(NUMBER.findall(content)) <= allowed, chat


def test_mail_and_phone_are_reserved_for_fiction() -> None:
    draw = Draw("fiction")
    for _ in range(300):
        one = facts.service(draw)
        assert re.search(r"@(example\.(com|org|net)|(mail|post)\.example)$", one["email"])
        assert re.search(r"555-01\d\d$|^07700 900\d{3}$", one["phone"])


PARAGRAPH = "The old clock struck nine. Martha closed the shutters and lit a lamp. Outside, a carriage stopped before the gate. Nobody got out of it."


def test_tasks_on_a_paragraph_are_exact() -> None:
    draw = Draw("paragraph")
    kinds = set()
    for _ in range(200):
        (_, ask), (_, answer) = texts.reading(draw, [PARAGRAPH])
        if "first sentence" in ask:
            assert answer == "The old clock struck nine."
        elif "missing word" in ask:
            assert PARAGRAPH in ask.replace("____", answer)
        elif "Continue" in ask:
            assert answer in PARAGRAPH and answer not in ask
        elif "occur" in ask:
            assert answer == "Yes"
        kinds.add(ask.replace(PARAGRAPH, "")[:20])
    assert len(kinds) > 7


def test_a_dialogue_becomes_a_chat_with_one_message_a_turn() -> None:
    chat = texts.dialogue(
        Draw(4), "Customer: Hello.\nCustomer: A room, please.\nAgent: For when?\nCustomer: Today.\nAgent: Done."
    )
    turns = [one for one in chat if one[0] != "system"]
    assert turns == [
        ("user", "Hello. A room, please."),
        ("assistant", "For when?"),
        ("user", "Today."),
        ("assistant", "Done."),
    ]


def test_a_slot_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        Draw(1).fill("{nothing of the kind}")
