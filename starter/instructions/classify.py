"""Classification in words: a ticket's subject, urgency or mood, the kind of a word, yes or no."""
# ruff: noqa: E501 (sentences read better on one line)

from starter.instructions import words
from starter.instructions.draw import Draw, upper_first
from starter.instructions.facts import Chat, Issue, issues, letter, service

#: Kinds of words, for label sets that have nothing to do with tickets.
KINDS = {
    "animal": words.ANIMAL,
    "fruit": words.FRUIT,
    "vegetable": words.VEGETABLE,
    "tool": words.TOOL,
    "vehicle": words.VEHICLE,
    "clothing": words.CLOTHING,
    "color": words.COLOR,
    "furniture": words.FURNITURE,
    "instrument": words.INSTRUMENT,
    "month": words.MONTH,
    "weekday": words.WEEKDAY,
    "city": words.CITY,
    "job": words.JOB,
}
MOODS = {"positive": words.POSITIVE, "negative": words.NEGATIVE, "neutral": words.NEUTRAL}
ASKS = (
    "Classify this {what} into one of these categories: {options}.\n\n{text}",
    "Which category fits this {what} best?\nCategories: {options}\n\n{what_big}: {text}",
    "{text}\n\nWhat is this {what} about? Choose one: {options}.",
    "Label the {what} below with exactly one of: {options}. Answer with the label only.\n\n{text}",
    "Read the {what} and pick a label.\nLabels:\n{lines}\n\n{what_big}: {text}\nLabel:",
    "{what_big}: {text}\nCategory ({options}):",
    "Possible categories:\n{lines}\n\nAssign the right one to this {what}: {text}",
)


def styled(draw: Draw, labels: list[str]) -> list[str]:
    """Labels in one of the ways that tables write them."""
    style = draw.between(0, 5)
    if style == 0:
        return [label.replace(" ", "_") for label in labels]
    if style == 1:
        return [upper_first(label) for label in labels]
    if style == 2:
        return [label.replace(" ", "_").upper() for label in labels]
    if style == 3:
        return [label.title() for label in labels]
    return labels


def question(draw: Draw, what: str, text: str, options: list[str]) -> str:
    """A request to choose one of `options` for `text`."""
    return draw.one(ASKS).format(
        what=what,
        what_big=upper_first(what),
        text=text,
        options=", ".join(options),
        lines="\n".join(f"- {option}" for option in options),
    )


def shown(draw: Draw, ask: str, answer: str, options: list[str]) -> Chat:
    """The chat; now and then the options stand in the system message."""
    if draw.chance(0.25):
        system = draw.fill(
            draw.one(
                (
                    "You [sort|classify|label] [customer messages|tickets|texts]. [Answer with one label only.|Reply with the label and nothing else.]",
                    "You are a [classifier|sorting assistant]. Allowed labels: {options}.",
                    "Answer with exactly one of the given categories.",
                )
            ),
            {"options": ", ".join(options)},
        )
        return [("system", system), ("user", ask), ("assistant", answer)]
    return [("user", ask), ("assistant", answer)]


def ticket(draw: Draw) -> Chat:
    """A customer's message and the label of its issue, among two to twelve labels."""
    chosen = draw.some(issues(), draw.between(2, 12))
    truth = draw.between(0, len(chosen) - 1)
    options = styled(draw, [issue.label for issue in chosen])
    text = letter(draw, chosen[truth], service(draw))
    what = draw.one(("ticket", "message", "email", "request", "customer message", "text", "complaint"))
    if draw.chance(0.2):
        return _described(draw, chosen, truth, text)
    return shown(draw, question(draw, what, text, options), options[truth], options)


def _described(draw: Draw, chosen: list[Issue], truth: int, text: str) -> Chat:
    """The labels are letters, numbers or names that only their descriptions explain."""
    style = draw.between(0, 2)
    marks = {
        0: [chr(65 + at) for at in range(len(chosen))],
        1: [str(at + 1) for at in range(len(chosen))],
        2: [f"{draw.one(words.SYLLABLE)}{draw.one(words.SYLLABLE)}{at}" for at in range(len(chosen))],
    }[style]
    lines = "\n".join(f"{mark}: {issue.desc}" for mark, issue in zip(marks, chosen, strict=True))
    ask = draw.one(
        (
            f"Choose the code that fits the message.\n{lines}\n\nMessage: {text}",
            f"{text}\n\nWhich of these is it?\n{lines}",
            f"Codes:\n{lines}\n\nGive the code for this ticket: {text}",
        )
    )
    return [("user", ask), ("assistant", marks[truth])]


def urgency(draw: Draw) -> Chat:
    """How urgent a ticket is: high, normal or low."""
    issue = draw.one(issues())
    text = letter(draw, issue, service(draw))
    options = styled(draw, draw.some(["low", "normal", "high"], 3))
    answer = next(option for option in options if option.lower() == issue.urgency)
    ask = draw.one(
        (
            f"How urgent is this ticket: {', '.join(options)}?\n\n{text}",
            f"Set the priority ({' / '.join(options)}).\n\nTicket: {text}",
            f"{text}\n\nPriority, one of {', '.join(options)}:",
        )
    )
    return [("user", ask), ("assistant", answer)]


def mood(draw: Draw) -> Chat:
    """Whether a review is positive, negative or neutral."""
    truth = draw.one(tuple(MOODS))
    text = draw.fill(
        draw.one(
            (
                "The {goods} is {view}. [{more}|I bought it in {city}.|It came on {weekday}.|]",
                "[I stayed|We spent a night|I ate] in {city} and it was {view}. [{more}|]",
                "[Honestly|In short|My verdict|All in all], the {goods} was {view}.",
                "I bought this {goods} for my [mother|son|office|kitchen]. It is {view}. [{more}|]",
                "The service at {company} was {view}. [{more}|I went there on {weekday}.|]",
            )
        ),
        {
            "goods": draw.one(words.GOODS),
            "view": draw.one(MOODS[truth]),
            "more": {
                "positive": draw.fill("[I would buy it again.|Five stars.|My family loves it.|Highly recommended!]"),
                "negative": draw.fill("[Never again.|I want my money back.|Do not buy it.|One star is too much.]"),
                "neutral": draw.fill("[It does its job.|Nothing to add.|Three stars.|I may or may not come back.]"),
            }[truth],
            "company": draw.fill("{first}'s {place}"),
        },
    ).strip()
    options = styled(draw, draw.some(list(MOODS), 3))
    answer = next(option for option in options if option.lower() == truth)
    return shown(draw, question(draw, draw.one(("review", "comment", "text")), text, options), answer, options)


def kind(draw: Draw) -> Chat:
    """What kind of thing a word names, among several kinds; or which word does not belong."""
    kinds = draw.some(tuple(KINDS), draw.between(2, 6))
    if draw.chance(0.3):
        members = draw.some(KINDS[kinds[0]], draw.between(3, 5))
        odd = draw.one(KINDS[kinds[1]])
        if odd in KINDS[kinds[0]]:
            odd = "spoon"
        listed = draw.some([*members, odd], len(members) + 1)
        ask = draw.fill(
            "[Which word does not belong?|Find the odd one out.|One of these is different. Which?] {list}",
            {"list": ", ".join(listed)},
        )
        return [("user", ask), ("assistant", odd)]
    options = styled(draw, kinds)
    truth = draw.between(0, len(kinds) - 1)
    word = draw.one(KINDS[kinds[truth]])
    # An orange is a fruit and a color: a word of two kinds has no single answer.
    if any(word in KINDS[one] for at, one in enumerate(kinds) if at != truth):
        return kind(draw)
    ask = draw.one(
        (
            f'Is "{word}" a kind of {", ".join(options[:-1])} or {options[-1]}?',
            f"Choose the right category for the word {word}: {', '.join(options)}.",
            f"What is {word}? Pick one: {', '.join(options)}",
        )
    )
    return shown(draw, ask, options[truth], options)


def yes_no(draw: Draw) -> Chat:
    """Whether a message is about a given subject."""
    issue, other = draw.some(issues(), 2)
    text = letter(draw, issue, service(draw))
    truth = draw.chance(0.5)
    about = (issue if truth else other).desc
    answer = "Yes" if truth else "No"
    if draw.chance(0.3):
        answer += "." if draw.chance(0.5) else f", it is about {issue.desc}."
    ask = draw.one(
        (
            f"Is this message about {about}? Answer yes or no.\n\n{text}",
            f"{text}\n\nDoes the customer write about {about}?",
            f"Message: {text}\nQuestion: is it about {about}?",
        )
    )
    return [("user", ask), ("assistant", answer)]
