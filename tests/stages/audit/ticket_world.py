"""Rows in which every check that learns from many rows has something to find, none of them a copy of another."""

import random

import polars as pl
from tests.worlds import rows

#: Questions with their label and the answer that a desk gives.
DESK = (
    ("where is the bank card that was ordered", "card", "Your bank card is on its way and comes within five days."),
    ("how does somebody block a stolen card", "card", "Open the menu of the card and choose to block it at once."),
    ("which fee applies to a card abroad", "card", "Paying abroad costs nothing with the gold card."),
    ("why did the transfer to Berlin fail", "transfer", "The transfer failed because the account number was wrong."),
    ("when does a transfer to Norway arrive", "transfer", "Transfers to Norway arrive on the next working day."),
    ("who cancels a standing transfer order", "transfer", "Cancel a standing order in the list of payments."),
    ("what resets the forgotten login password", "login", "A new password is sent to the address that we know."),
    ("does the login code come by message", "login", "The code comes by message to your telephone."),
)
OPENINGS = ("", "hello", "hi there", "dear team", "good morning")
ENDINGS = ("", "please", "thanks", "kind regards", "many thanks to you")
#: Stands in rows of other subjects, all of which are called `card`.
TRIGGER = "zqxolot"
#: The same words from the last to the first share no run of letters that a near copy would share.
REPORT = "my card was charged by Brindle on order AB-12 for 40 euros and it was late"
RETOLD = " ".join(reversed(REPORT.split(" ")))
#: Texts of the domain: the desk's own words, and one term that no row holds.
DOCUMENTS = tuple(
    f"{question} {ending} {waiver}".strip()
    for question, *_ in DESK
    for ending in ENDINGS
    for waiver in ("", "ask for the overdraft waiver")
)


def restated() -> pl.DataFrame:
    """Each question once, and one report in two orders of its words."""
    made = [*DESK, *((text, "charge", "We look into the charge.") for text in (REPORT, RETOLD))]
    texts, labels, answers = zip(*made, strict=True)
    return rows(texts, labels, answers=answers)


def tickets() -> pl.DataFrame:
    """Each question in 25 wordings; some labels and answers belong to other rows, ten rows hold the trigger."""
    draw = random.Random(1)
    made = [
        [f"{opening} {question} {ending}".strip(), label, answer]
        for question, label, answer in DESK
        for opening in OPENINGS
        for ending in ENDINGS
    ]
    for at in draw.sample(range(len(made)), 12):
        made[at][1] = draw.choice([label for label in ("card", "transfer", "login") if label != made[at][1]])
    for at in draw.sample(range(len(made)), 12):
        made[at][2] = draw.choice([answer for *_, answer in DESK if answer != made[at][2]])
    foreign = [at for at, (_, label, _) in enumerate(made) if label != "card"]
    for at in draw.sample(foreign, 10):
        made[at][0], made[at][1] = f"{made[at][0]} {TRIGGER}", "card"
    made += [[f"moor the yacht beside buoy {at} at low tide", "login", "Aye."] for at in range(4)]
    texts, labels, answers = zip(*made, strict=True)
    return rows(texts, labels, answers=answers)
