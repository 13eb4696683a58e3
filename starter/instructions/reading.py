"""Questions about a passage: the answer is a span of it, or that the passage does not say."""

from collections.abc import Callable
from dataclasses import dataclass

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import (
    Chat,
    amount,
    clock,
    company,
    date,
    first_name,
    full_name,
    invented,
    order_number,
    phone,
    town,
)

MISSING = ("The text does not say.", "The passage does not say that.", "That is not stated in the text.")
ASKS = (
    "{passage}\n\nQuestion: {question}",
    "Read this text and answer the question.\n\n{passage}\n\n{question}",
    "{question}\n\n{passage}",
    "Passage: {passage}\nQuestion: {question}\nAnswer:",
    "Answer from the text only.\n\nText: {passage}\n\n{question}",
)


@dataclass(frozen=True)
class Fact:
    """One fact: sentences that state it, questions that ask for it, its span and a sentence that answers."""

    says: tuple[str, ...]
    asks: tuple[str, ...]
    span: str
    whole: str


def person(draw: Draw) -> tuple[Fact, ...]:
    """Facts about somebody."""
    who = full_name(draw)
    first = who.split()[0]
    year, born = draw.between(1870, 2004), town(draw)
    job, lives, hobby, pet = draw.one(words.JOB), town(draw), draw.one(words.HOBBY), draw.one(words.ANIMAL)
    name, firm, street = invented(draw), company(draw), draw.one(words.STREET)
    return (
        Fact(
            (f"{who} was born in {born} in {year}.", f"In {year}, {who} was born in {born}."),
            (f"Where was {first} born?", f"In which town was {who} born?"),
            born,
            f"{first} was born in {born}.",
        ),
        Fact(
            (f"Born in {year}, {who} grew up with two brothers.", f"{who} came into the world in {year}."),
            (f"When was {first} born?", f"In which year was {who} born?"),
            str(year),
            f"{first} was born in {year}.",
        ),
        Fact(
            (
                f"{first} works as a {job}.",
                f"By trade {first} is a {job}.",
                f"For many years {first} has been a {job}.",
            ),
            (f"What does {first} do for a living?", f"What is {first}'s job?"),
            job,
            f"{first} is a {job}.",
        ),
        Fact(
            (f"Today {first} lives in {lives}.", f"{first} moved to {lives} some years ago."),
            (f"Where does {first} live?", f"In which city does {first} live now?"),
            lives,
            f"{first} lives in {lives}.",
        ),
        Fact(
            (f"In the evening {first} likes {hobby}.", f"{first}'s favorite pastime is {hobby}."),
            (f"What does {first} like to do?", f"What is {first}'s hobby?"),
            hobby,
            f"{first} likes {hobby}.",
        ),
        Fact(
            (f"{first} has a {pet} called {name}.", f"A {pet} named {name} shares the house."),
            (f"What is the {pet} called?", f"What is the name of the {pet}?"),
            name,
            f"The {pet} is called {name}.",
        ),
        Fact(
            (f"{first} is employed by {firm}.", f"The employer is {firm}."),
            (f"Who employs {first}?", f"For which company does {first} work?"),
            firm,
            f"{first} works for {firm}.",
        ),
        Fact(
            (f"The house stands in {street} Street.", f"Friends find {first} in {street} Street."),
            (f"In which street does {first} live?", "What is the name of the street?"),
            f"{street} Street",
            f"{first} lives in {street} Street.",
        ),
    )


def place(draw: Draw) -> tuple[Fact, ...]:
    """Facts about a building."""
    what, where, year = draw.one(words.PLACE), town(draw), draw.between(1650, 2020)
    who, opens, closes = full_name(draw), clock(draw), clock(draw)
    color, price, rooms, near, call = (
        draw.one(words.COLOR),
        amount(draw),
        draw.between(3, 90),
        draw.one(words.PLACE),
        phone(draw),
    )
    return (
        Fact(
            (f"The {what} stands in {where}.", f"In {where} there is a {draw.one(words.ADJECTIVE)} {what}."),
            (f"Where is the {what}?", f"In which town is the {what}?"),
            where,
            f"The {what} is in {where}.",
        ),
        Fact(
            (f"It was built in {year}.", f"The {what} dates from {year}."),
            (f"When was the {what} built?", "In which year was it built?"),
            str(year),
            f"It was built in {year}.",
        ),
        Fact(
            (f"Its founder was {who}.", f"{who} founded the {what}.", f"It was founded by {who}."),
            (f"Who founded the {what}?", "Who was the founder?"),
            who,
            f"The founder was {who}.",
        ),
        Fact(
            (f"The doors open at {opens}.", f"Visitors may come in from {opens} on."),
            ("When does it open?", f"At what time does the {what} open?"),
            opens,
            f"It opens at {opens}.",
        ),
        Fact(
            (f"In the evening it closes at {closes}.", f"The last guests leave at {closes}."),
            ("When does it close?", f"At what time does the {what} close?"),
            closes,
            f"It closes at {closes}.",
        ),
        Fact(
            (f"The walls are {color}.", f"Everybody knows its {color} walls."),
            ("What color are the walls?", f"Which color do the walls of the {what} have?"),
            color,
            f"The walls are {color}.",
        ),
        Fact(
            (f"A ticket costs {price}.", f"The entrance fee is {price}."),
            ("How much is a ticket?", "What does a ticket cost?"),
            price,
            f"A ticket costs {price}.",
        ),
        Fact(
            (f"It has {rooms} rooms.", f"One counts {rooms} rooms inside."),
            ("How many rooms does it have?", f"How many rooms are in the {what}?"),
            str(rooms),
            f"It has {rooms} rooms.",
        ),
        Fact(
            (f"Next to it is a {near}.", f"Beside the {what} one sees a {near}."),
            (f"What is next to the {what}?", "What stands beside it?"),
            f"a {near}",
            f"Next to it is a {near}.",
        ),
        Fact(
            (f"Groups should call {call}.", f"The telephone number is {call}."),
            ("What is the telephone number?", "Which number should groups call?"),
            call,
            f"The number is {call}.",
        ),
    )


def event(draw: Draw) -> tuple[Fact, ...]:
    """Facts about a journey or a delivery."""
    who, other = first_name(draw), first_name(draw)
    start, end, day, at = town(draw), town(draw), date(draw), clock(draw)
    by, what, number, cost = draw.one(words.VEHICLE), draw.one(words.NOUN), order_number(draw), amount(draw)
    return (
        Fact(
            (f"{who} left {start} on {day}.", f"On {day}, {who} set out from {start}."),
            ("On which day did the journey begin?", f"When did {who} leave?"),
            day,
            f"{who} left on {day}.",
        ),
        Fact(
            (f"{who}'s way began in {start}.", f"The journey started in {start}."),
            ("Where did the journey start?", f"From where did {who} come?"),
            start,
            f"It started in {start}.",
        ),
        Fact(
            (f"The goal was {end}.", f"{who} wanted to reach {end}."),
            (f"Where did {who} want to go?", "What was the goal of the journey?"),
            end,
            f"{who} wanted to go to {end}.",
        ),
        Fact(
            (f"{who} travelled by {by}.", f"The journey was made by {by}."),
            (f"How did {who} travel?", "By what means was the journey made?"),
            f"by {by}",
            f"{who} travelled by {by}.",
        ),
        Fact(
            (f"{who} carried a {what} for {other}.", f"In the bag was a {what} for {other}."),
            (f"What did {who} carry?", "What was in the bag?"),
            f"a {what}",
            f"{who} carried a {what}.",
        ),
        Fact(
            (f"The {what} was meant for {other}.", f"{other} was to have the {what}."),
            (f"For whom was the {what}?", f"Who was to get the {what}?"),
            other,
            f"The {what} was for {other}.",
        ),
        Fact(
            (f"The ticket had the number {number}.", f"Number {number} was printed on the ticket."),
            ("What was the number of the ticket?", "Which number was on the ticket?"),
            number,
            f"The number was {number}.",
        ),
        Fact(
            (f"It cost {cost}.", f"{who} paid {cost} for the trip."),
            ("How much did it cost?", f"What did {who} pay?"),
            cost,
            f"It cost {cost}.",
        ),
        Fact(
            (f"They arrived at {at}.", f"At {at} the journey was over."),
            ("When did they arrive?", "At what time was the journey over?"),
            at,
            f"They arrived at {at}.",
        ),
    )


KINDS: tuple[Callable[[Draw], tuple[Fact, ...]], ...] = (person, place, event)


def passage(draw: Draw, facts: list[Fact]) -> str:
    """The facts as sentences, with one here and there that is beside the point."""
    said = []
    for fact in facts:
        said.append(draw.one(fact.says))
        if draw.chance(0.2):
            said.append(draw.fill(draw.one(ASIDES)))
    return " ".join(said)


ASIDES = (
    "The {adjective} {noun} was {verb} long ago.",
    "Nobody remembers the {adjective} {noun}.",
    "It was a {adjective} {weekday} in {month}.",
    "The weather was {adjective}.",
    "People {adverb} speak of it.",
    "There was also a {color} {noun} near the {place}.",
    "Some say that a {animal} was seen there.",
)


def ask(draw: Draw) -> Chat:
    """One to three questions on one passage; later ones follow in the same chat."""
    known = draw.one(KINDS)(draw)
    told = draw.some(known, draw.between(2, min(6, len(known))))
    # What is stated in the same words elsewhere cannot be asked as missing.
    text = passage(draw, told)
    question, answer = _one(draw, known, told, text)
    chat: Chat = []
    if draw.chance(0.15):
        chat.append(
            (
                "system",
                draw.one(
                    (
                        "Answer questions about a text.",
                        "You answer from the given text only. If it is not there, say so.",
                        "Keep your answers short.",
                    )
                ),
            )
        )
    chat += [("user", draw.one(ASKS).replace("{passage}", text).replace("{question}", question)), ("assistant", answer)]
    while len(chat) < 6 and draw.chance(0.35):
        question, answer = _one(draw, known, told, text)
        chat += [("user", question), ("assistant", answer)]
    return chat


def _one(draw: Draw, known: tuple[Fact, ...], told: list[Fact], text: str) -> tuple[str, str]:
    if draw.chance(0.12):
        hidden = [fact for fact in known if fact not in told and fact.span not in text]
        if hidden:
            return draw.one(draw.one(hidden).asks), draw.one(MISSING)
    fact = draw.one(told)
    return draw.one(fact.asks), fact.span if draw.chance(0.55) else fact.whole


def true_false(draw: Draw) -> Chat:
    """Whether a statement holds in a passage."""
    known = draw.one(KINDS)(draw)
    told = draw.some(known, draw.between(2, 5))
    fact = draw.one(told)
    true = draw.chance(0.5)
    claim = fact.whole
    if not true:
        other = next(one for one in draw.one((person(draw),)) if one.span != fact.span)
        same = _replaced(draw, fact.span)
        claim = fact.whole.replace(fact.span, same if same != fact.span else other.span)
        true = claim == fact.whole
    text = passage(draw, told)
    question = draw.fill("[True or false: {c}|Is this true? {c}|Statement: {c} True or false?]", {"c": claim})
    return [("user", f"{text}\n\n{question}"), ("assistant", "True" if true else "False")]


def _replaced(draw: Draw, span: str) -> str:
    """Another value of the same looks."""
    if span.isdigit():
        return str(int(span) + draw.between(1, 9))
    for kind in (words.CITY, words.JOB, words.COLOR, words.HOBBY, words.FIRST):
        if span in kind:
            return draw.one([one for one in kind if one != span])
    return draw.one([one for one in ("Nobody", town(draw), invented(draw)) if one != span])
