"""Polite service replies, alone and in longer talks, with the facts that the system message or the customer gives."""
# ruff: noqa: E501 (sentences read better on one line)

import re

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, background, company, full_name, issues, letter, phone, service, stands

GREETING = ("Dear {first},", "Hello {first},", "Hi {first},", "Dear {full},", "Good day {first},")
PLAIN_GREETING = (
    "Hello,",
    "Hi,",
    "Dear customer,",
    "Good day,",
    "Thank you for your message.",
    "Thank you for writing to us.",
    "",
)
CLOSING = (
    "Please write to us if you need anything else.",
    "Is there anything else I can do for you?",
    "We wish you a pleasant day.",
    "Thank you for your patience.",
    "I hope this helps.",
    "Do not hesitate to ask if something is unclear.",
    "",
    "",
    "",
)
SIGNED = ("Kind regards", "Best regards", "Yours sincerely", "With best wishes", "Warm regards")
SYSTEMS = (
    "You are a [friendly|polite|helpful] [agent|assistant] of {company}. Answer [briefly|politely|customers' messages].",
    "You answer customers of {company}.",
    "You work in the support team of {company}. [Be kind.|Be brief.|Sign as {agent}.]",
    "Reply to the customer [politely|in two or three sentences|kindly and clearly].",
)


def answer(draw: Draw) -> Chat:
    """An answer to one message."""
    issue, facts = draw.one(issues()), service(draw)
    text = letter(draw, issue, facts)
    named = facts["name"] in text
    chat: Chat = []
    agent, heart = full_name(draw), draw.one(issue.reply)
    system = draw.fill(draw.one(SYSTEMS), {**facts, "agent": agent}) if draw.chance(0.5) else ""
    notes = _notes(draw, heart, text, facts)
    if notes:
        system = f"{system}\n{notes}" if system else notes
    if system:
        chat.append(("system", system))
    ask = (
        text
        if system
        else draw.one(
            (
                text,
                f"Write a polite reply to this message.\n\n{text}",
                f"Answer this customer: {text}",
                f"{text}\n\nDraft a reply.",
            )
        )
    )
    chat.append(("user", ask))
    signed = agent if f"Sign as {agent}" in system else ""
    return [*chat, ("assistant", _composed(draw, draw.fill(heart, facts), facts["name"] if named else "", signed))]


def _notes(draw: Draw, heart: str, text: str, facts: dict[str, str]) -> str:
    """What an answer tells and the customer did not: it must stand somewhere, or a model learns to make it up."""
    told = [slot for slot in dict.fromkeys(re.findall(r"\{(\w+)\}", heart)) if not stands(facts[slot], text)]
    listed = [f"{slot}: {facts[slot]}" for slot in told]
    if not listed:
        return ""
    return draw.one(("Notes for the answer: ", "Known: ", "Case data: ", "Facts: ")) + "; ".join(listed) + "."


def _composed(draw: Draw, heart: str, name: str, agent: str) -> str:
    """A reply with greeting, heart, closing and signature."""
    greeting = (
        draw.one(GREETING).format(first=name.split(maxsplit=1)[0], full=name) if name else draw.one(PLAIN_GREETING)
    )
    closing = draw.one(CLOSING)
    if agent or draw.chance(0.15):
        body = "\n\n".join(part for part in (greeting, " ".join(part for part in (heart, closing) if part)) if part)
        return f"{body}\n\n{draw.one(SIGNED)}" + (f"\n{agent}" if agent else "")
    return " ".join(part for part in (greeting, heart, closing) if part)


def grounded(draw: Draw) -> Chat:
    """Questions whose answers stand in the system message; what does not stand there is not known."""
    firm, agent = company(draw), full_name(draw)
    days, call = str(draw.between(7, 60)), phone(draw)
    opens, closes = (
        f"{draw.between(6, 11)}{draw.one((' am', ':00', ':30'))}",
        f"{draw.between(1, 9)}{draw.one((' pm', ':30 pm', ':15 pm'))}",
    )
    fee, ship = f"{draw.one(words.CURRENCY)}{draw.between(2, 15)}", str(draw.between(1, 9))
    where, rest, guarantee = (
        f"{draw.between(1, 150)} {draw.one(words.STREET)} Street",
        draw.one(words.WEEKDAY),
        str(draw.between(2, 9)),
    )
    facts = [
        (
            f"Returns are accepted within {days} days.",
            (
                "How long do I have to return something?",
                "Can I send it back after two weeks?",
                "What is your return policy?",
            ),
            f"You can return your purchase within {days} days.",
        ),
        (
            f"Opening hours: {opens} to {closes}.",
            ("When are you open?", "What are your opening hours?", "Can I come by today?"),
            f"We are open from {opens} to {closes}.",
        ),
        (
            f"Closed on {rest}.",
            (f"Are you open on {rest}?", "On which day are you closed?"),
            f"We are closed on {rest}.",
        ),
        (
            f"Phone: {call}.",
            ("What is your phone number?", "How can I call you?", "I would rather talk to someone."),
            f"You can call us at {call}.",
        ),
        (
            f"Delivery takes {ship} working days.",
            ("How long does delivery take?", "When would my order arrive?"),
            f"Delivery takes {ship} working days.",
        ),
        (f"Delivery costs {fee}.", ("What does delivery cost?", "Is shipping free?"), f"Delivery costs {fee}."),
        (
            f"Address: {where}.",
            ("Where are you?", "What is your address?", "Where can I find the shop?"),
            f"You find us at {where}.",
        ),
        (
            f"Guarantee: {guarantee} years.",
            ("How long is the guarantee?", "Is there a guarantee?"),
            f"There is a guarantee of {guarantee} years.",
        ),
    ]
    chosen = draw.some(facts, draw.between(3, len(facts)))
    system = draw.fill(
        "[You are the assistant of {firm}.|You are {agent} of {firm}.|Support assistant for {firm}.] [Facts: |What you know: |]",
        {"firm": firm, "agent": agent},
    ) + " ".join(one[0] for one in chosen)
    if draw.chance(0.4):
        system = f"You help customers of {firm}. Use only these facts.\n" + "\n".join(f"- {one[0]}" for one in chosen)
    chat: Chat = [("system", system)]
    asked = set()
    for _ in range(draw.between(1, 4)):
        if draw.chance(0.15) and len(chosen) < len(facts):
            hidden = draw.one([one for one in facts if one not in chosen])
            chat += [
                ("user", draw.one(hidden[1])),
                (
                    "assistant",
                    draw.fill(
                        "I am sorry, I do not have that information. [Please ask our team.|May I help you with something else?|]"
                    ).strip(),
                ),
            ]
            continue
        fact = draw.one(chosen)
        if fact[0] not in asked:
            asked.add(fact[0])
            chat += [
                ("user", draw.fill("[Hi! |Hello, |One more question: |]") + draw.one(fact[1])),
                ("assistant", fact[2] + draw.fill("[| Is there anything else?| I hope this helps.|]")),
            ]
    if len(chat) == 1:
        fact = draw.one(chosen)
        chat += [("user", draw.one(fact[1])), ("assistant", fact[2])]
    return chat


def talk(draw: Draw) -> Chat:
    """A longer talk: the agent asks for what is missing before it answers."""
    issue, facts = draw.one(issues()), service(draw)
    chat: Chat = []
    if draw.chance(0.6):
        chat.append(("system", draw.fill(draw.one(SYSTEMS), {**facts, "agent": full_name(draw)})))
    chat.append(("user", letter(draw, issue, facts)))
    for field, ask, gives in draw.some(NEEDED, draw.between(1, 2)):
        question = draw.fill(
            draw.one(("[I am sorry to hear that. |Thank you for your message. |I will gladly help. |]" + ask,)), facts
        )
        chat += [("assistant", question), ("user", draw.fill(gives, facts))]
        if field == "order" and draw.chance(0.4):
            chat += [
                (
                    "assistant",
                    draw.fill(
                        "Thank you, I have found order {order}. [One moment, please.|Is it still about the same matter?]",
                        facts,
                    ),
                ),
                ("user", draw.fill("[Yes.|Okay.|All right.|{extra}]", {"extra": background(draw, facts)})),
            ]
    heart = draw.one(issue.reply)
    notes = _notes(draw, heart, "\n".join(text for _, text in chat), facts)
    if notes:
        first = chat.pop(0)[1] + "\n" if chat[0][0] == "system" else ""
        chat.insert(0, ("system", first + notes))
    chat.append(
        (
            "assistant",
            _composed(
                draw,
                draw.fill(heart, facts),
                facts["name"] if draw.chance(0.3) and any(facts["name"] in text for _, text in chat) else "",
                "",
            ),
        )
    )
    if draw.chance(0.5):
        chat += [
            ("user", draw.fill("[Thank you!|Great, thanks.|Perfect.|Thanks for the help.|That is all.]")),
            (
                "assistant",
                draw.fill(
                    "[You are welcome.|My pleasure.|Glad to help.] [Have a nice day!|Goodbye!|All the best.|]"
                ).strip(),
            ),
        ]
    return chat


NEEDED = (
    (
        "order",
        "[What is your order number?|Could you give me the order number, please?|May I have the number of your order?]",
        "[It is {order}.|{order}|My order number is {order}.|Order {order}.]",
    ),
    (
        "name",
        "[May I have your name?|Could you tell me your full name?|Whom am I talking to?]",
        "[{name}|My name is {name}.|I am {name}.]",
    ),
    (
        "email",
        "[Which email address do you use with us?|Could you give me your email address?]",
        "[{email}|It is {email}.|You can use {email}.]",
    ),
    (
        "date",
        "[When did that happen?|On which day was this?|Do you remember the date?]",
        "[On {date}.|{date}|It was {date}, I think.]",
    ),
)
