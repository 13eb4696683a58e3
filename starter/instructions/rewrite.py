"""Rewriting: a rude line made polite, small mistakes corrected, a text shortened, pieces put into a form."""
# ruff: noqa: E501 (sentences read better on one line)

import re

from starter.instructions.draw import Draw, upper_first
from starter.instructions.facts import Chat, clock, company, date, first_name, full_name, issues, service

#: Rough and polite ways to say the same, slots alike on both sides.
PAIRS = (
    ("Send me the {goods} now.", "Could you please send me the {goods}?"),
    ("I want my money back.", "I would like to ask for a refund."),
    ("You lost my {goods}.", "I am afraid that my {goods} has been lost."),
    ("Give me your manager.", "May I please speak with your manager?"),
    ("That is wrong.", "I believe there may be a mistake."),
    ("Answer me!", "I would be grateful for an answer."),
    ("We can't do that.", "I am sorry, but we are not able to do that."),
    ("You didn't pay.", "We have not received your payment yet."),
    ("Wait until {weekday}.", "We kindly ask for your patience until {weekday}."),
    ("No, it's your fault.", "I understand your view; however, the fault does not seem to be on our side."),
    ("Call me at {phone}.", "Please call me at {phone}."),
    ("Tell me the price of the {goods}.", "Could you tell me the price of the {goods}, please?"),
    ("Your order {order} is late. So what.", "We are sorry that your order {order} is late."),
    ("I don't know.", "I am sorry, I do not have that information."),
    ("Come on {weekday} at {time}.", "We would be glad to see you on {weekday} at {time}."),
    ("Stop writing to {email}.", "Please do not send any more messages to {email}."),
    ("Fill in the form.", "Would you please fill in the form?"),
    ("The {goods} is junk.", "I am not satisfied with the {goods}."),
    ("Hurry up with order {order}.", "I would appreciate it if order {order} could be sent soon."),
    ("We are closed on {weekday}.", "Please note that we are closed on {weekday}."),
)


def polite(draw: Draw) -> Chat:
    """A rough sentence and the polite one, or several of them."""
    facts = service(draw)
    pairs = draw.some(PAIRS, 1 if draw.chance(0.6) else 2)
    rough = " ".join(draw.fill(one, facts) for one, _ in pairs)
    kind = " ".join(draw.fill(one, facts) for _, one in pairs)
    ask = draw.fill(
        "[Make this polite:|Rewrite this politely:|Say this in a friendly way:|How would you say this to a customer?] {text}",
        {"text": rough},
    )
    return [("user", ask), ("assistant", kind)]


def corrected(draw: Draw) -> Chat:
    """A sentence without capitals, or with doubled words or letters changed about, as it should be."""
    issue, facts = draw.one(issues()), service(draw)
    right = " ".join(draw.fill(one, facts) for one in draw.some(issue.says, draw.between(1, 2)))
    wrong = right
    choice = draw.between(0, 2)
    if choice == 0:
        wrong = wrong.lower()
    parts = wrong.split(" ")
    for _ in range(draw.between(1, 3)):
        at = draw.between(0, len(parts) - 1)
        one = parts[at]
        if choice == 1:
            parts[at] = f"{one} {one}" if one.isalpha() else one
        elif choice == 2 and len(one) > 3 and one.isalpha():
            cut = draw.between(1, len(one) - 2)
            parts[at] = one[:cut] + one[cut + 1] + one[cut] + one[cut + 2 :]
    wrong = " ".join(parts)
    ask = draw.fill("[Correct this text:|Fix the mistakes:|Write this correctly:] {text}", {"text": wrong})
    return [("user", ask), ("assistant", right)]


def filled(draw: Draw) -> Chat:
    """A template with its gaps filled from a list."""
    name, firm, day, at = full_name(draw), company(draw), date(draw), clock(draw)
    values = {"name": name, "company": firm, "date": day, "time": at}
    frame = draw.one(
        (
            "Dear [name], your visit at [company] is on [date] at [time].",
            "[company] invites [name] on [date], [time].",
            "On [date] at [time], [name] will speak for [company].",
            "Note for [name]: [company] calls at [time] on [date].",
        )
    )
    text = re.sub(r"\[(\w+)\]", lambda found: values[found.group(1)], frame)
    given = "\n".join(f"{key}: {values[key]}" for key in draw.some(tuple(values), 4))
    return [
        (
            "user",
            draw.one(
                (f"Fill in the template.\n\n{frame}\n\n{given}", f"{given}\n\nPut these values into this text: {frame}")
            ),
        ),
        ("assistant", text),
    ]


def sentence(draw: Draw) -> Chat:
    """Keyed values as a sentence, and tables as sentences."""
    rows = [(full_name(draw), draw.fill("{job}"), draw.fill("{city}")) for _ in range(draw.between(1, 3))]
    head = draw.one(("name | job | city", "name, job, city"))
    sep = " | " if "|" in head else ", "
    table = "\n".join(sep.join(row) for row in rows)
    answer = " ".join(f"{name} is a {job} in {city}." for name, job, city in rows)
    if draw.chance(0.4):
        return [("user", f"Make a table with the columns {head}.\n\n{answer}"), ("assistant", f"{head}\n{table}")]
    return [("user", f"Turn each row into a sentence.\n\n{head}\n{table}"), ("assistant", answer)]


def message(draw: Draw) -> Chat:
    """A short message written to order."""
    who, sender, facts = first_name(draw), first_name(draw), service(draw)
    purpose, body = draw.one(
        (
            ("thank {who} for the {goods}", "thank you very much for the {goods}. It made me very happy."),
            (
                "invite {who} on {weekday} at {time}",
                "I would like to invite you on {weekday} at {time}. I hope you can come.",
            ),
            ("tell {who} that the meeting is on {date}", "please note that the meeting is on {date}."),
            (
                "ask {who} for the phone number of {company}",
                "could you please send me the phone number of {company}? Thank you.",
            ),
            ("apologize to {who} for being late", "I am sorry that I was late. It will not happen again."),
            ("remind {who} of the bill of {amount}", "this is a kind reminder of the bill of {amount}. Thank you."),
            (
                "congratulate {who} on the new job as {job}",
                "congratulations on your new job as {job}! I wish you a good start.",
            ),
            (
                "tell {who} that you moved to {city}",
                "I want to tell you that I have moved to {city}. Come and visit me.",
            ),
        )
    )
    facts = {**facts, "who": who}
    ask = (
        draw.fill("[Write a short message to|Write a note to|Draft a few lines to] ", facts)
        + draw.fill(purpose, facts)
        + f" and sign it {sender}."
    )
    return [
        ("user", ask),
        (
            "assistant",
            f"Dear {who},\n\n{upper_first(draw.fill(body, facts))}\n\n{draw.fill('[Best wishes|Yours|Kind regards]')}\n{sender}",
        ),
    ]
