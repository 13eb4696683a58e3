"""Conversations out of order among conversations of every form that is in order."""

from collections.abc import Callable

from tests.golden import inject
from tests.golden.inject import World
from tests.golden.measure import measure
from tests.golden.trial import Experiment, Figure, figures, flagged, planted, run_check, share, world

#: Defect -> the kind of finding that names it.
DEFECTS = {
    "chat_unknown_role": "unrecognized_role",
    "chat_wrong_order": "roles_out_of_order",
    "chat_empty_answer": "missing_content",
    "chat_no_answer": "example_missing_assistant_message",
}
SLIPS = {
    "chat_no_turns": "missing_messages_list",
    "chat_blank_answer": "missing_content",
    "chat_lost_answer": "missing_content",
    "chat_two_questions": "roles_out_of_order",
    "chat_answer_first": "roles_out_of_order",
}


def chat_format(rows: int, seed: int) -> list[Figure]:
    """Wrong roles, a wrong order, answers that are missing, empty, blank or lost."""
    return [
        *_figures(rows, seed, "chat_format.plain", inject.as_chats, inject.chat_defects, DEFECTS),
        *_figures(rows, seed, "chat_format.varied", inject.varied_chats, inject.chat_slips, SLIPS),
    ]


def _figures(
    rows: int,
    seed: int,
    name: str,
    chats: Callable[[World], None],
    spoil: Callable[[World, int], None],
    kinds: dict[str, str],
) -> list[Figure]:
    made = world(rows, seed)
    chats(made)
    spoil(made, share(rows, 40))
    corpus, truth = made.corpus(task="reply")
    findings = run_check("chat_format", corpus)
    found: list[Figure] = []
    for kind in dict.fromkeys(kinds.values()):
        defects = [defect for defect, told in kinds.items() if told == kind]
        result = measure(flagged(findings, kind), planted(truth, *defects))
        found += figures(f"{name}.{kind}", result, precision=0.98, recall=0.98)
    return found


EXPERIMENTS: tuple[Experiment, ...] = (chat_format,)
