"""Extraction to JSON: the values of named fields, copied as they stand; null for what is not there."""

import json

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, clock, company, date, full_name, issues, order_number, service, town

#: Field, other names that a user may give it, and sentences that state it.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "name": (
        ("name", "customer_name", "customer", "full_name"),
        ("My name is {name}.", "This is {name}.", "I am {name}.", "Regards, {name}", "Yours, {name}", "{name} here."),
    ),
    "order": (
        ("order_number", "order", "order_id", "reference"),
        (
            "My order number is {order}.",
            "Order: {order}.",
            "It is about order {order}.",
            "Reference {order}.",
            "The order is {order}.",
        ),
    ),
    "email": (
        ("email", "email_address", "mail"),
        ("You can write to {email}.", "My email is {email}.", "Reach me at {email}."),
    ),
    "phone": (
        ("phone", "phone_number", "telephone"),
        ("Please call {phone}.", "My number is {phone}.", "Phone: {phone}."),
    ),
    "amount": (
        ("amount", "price", "sum", "total"),
        ("I paid {amount}.", "It cost {amount}.", "The amount was {amount}.", "That was {amount} in all."),
    ),
    "date": (
        ("date", "day", "order_date"),
        ("I bought it on {date}.", "That was on {date}.", "The date was {date}.", "I ordered on {date}."),
    ),
    "city": (
        ("city", "location", "town"),
        ("I live in {city}.", "I am writing from {city}.", "Our home is in {city}."),
    ),
    "goods": (
        ("product", "item", "article"),
        ("It is about a {goods}.", "The product is a {goods}.", "I bought a {goods}."),
    ),
    "company": (
        ("company", "employer", "organization"),
        ("I work for {company}.", "We are {company}.", "I write on behalf of {company}."),
    ),
}
ASKS = (
    "Extract {keys} from the {what} as JSON.\n\n{text}",
    "Read the {what} and return a JSON object with the keys {keys}. Use null for what is missing.\n\n{text}",
    "{text}\n\nGive {keys} as JSON.",
    "Fill in this form as JSON ({keys}).\n\n{what}: {text}",
    "Return only JSON with these fields: {keys}.\n\n{text}",
    "Which {keys} does this {what} mention? Answer in JSON.\n\n{text}",
)


def as_json(draw: Draw, values: dict[str, object]) -> str:
    """A JSON object, mostly on one line."""
    return json.dumps(values, ensure_ascii=False, indent=2 if draw.chance(0.12) else None)


def request(draw: Draw, what: str, keys: list[str], text: str, values: dict[str, object]) -> Chat:
    """The chat that asks for `keys` of `text`."""
    listed = draw.one(
        (
            ", ".join(keys),
            '"' + '", "'.join(keys) + '"',
            ", ".join(keys[:-1]) + " and " + keys[-1] if keys[1:] else keys[0],
        )
    )
    ask = draw.one(ASKS).replace("{keys}", listed).replace("{what}", what).replace("{text}", text)
    chat = [("user", ask), ("assistant", as_json(draw, values))]
    if draw.chance(0.15):
        chat.insert(
            0,
            (
                "system",
                draw.one(
                    ("You answer in JSON only.", "You extract data. Output valid JSON.", "Reply with one JSON object.")
                ),
            ),
        )
    return chat


def ticket(draw: Draw) -> Chat:
    """Fields of a customer's message, some of them absent."""
    facts = service(draw)
    issue = draw.one(issues())
    stated = draw.some(tuple(FIELDS), draw.between(1, 5))
    said = [draw.fill(draw.one(FIELDS[field][1]), facts) for field in stated]
    # The issue's own sentence may name a fact as well, so it is told with the same facts.
    story = draw.fill(draw.one(issue.says), facts)
    said.insert(draw.between(0, len(said)), story)
    text = " ".join(part for part in (draw.fill("{opener}"), *said, draw.fill("{closer}")) if part)
    # A field asked for and not stated must not stand in the story either.
    absent = [field for field in FIELDS if field not in stated and facts[field] not in text]
    wanted = draw.some(stated, draw.between(1, len(stated))) + draw.some(absent, draw.between(0, 2))
    wanted = draw.some(wanted, len(wanted))
    keys = {field: draw.one(FIELDS[field][0]) for field in wanted}
    values: dict[str, object] = {keys[field]: facts[field] if field in stated else None for field in wanted}
    if draw.chance(0.2):
        labels = [issue.label, *(other.label for other in draw.some(issues(), 3) if other.label != issue.label)]
        options = draw.some(labels, len(labels))
        key = draw.one(("topic", "category", "intent"))
        return request(draw, "message", [*values, f"{key} ({' | '.join(options)})"], text, {**values, key: issue.label})
    return request(draw, draw.one(("message", "email", "ticket", "text")), list(values), text, values)


def appointment(draw: Draw) -> Chat:
    """Who meets whom, when and where."""
    who, other, day, at, where = full_name(draw), full_name(draw), date(draw), clock(draw), town(draw)
    text = draw.fill(
        draw.one(
            (
                "{who} will meet {other} on {day} at {at} in {where}.",
                "On {day}, {who} and {other} have a meeting in {where}. It starts at {at}.",
                "Reminder: {who} sees {other} in {where}, {day}, {at}.",
                "The meeting between {who} and {other} was moved to {day}, {at}. The place is still {where}.",
                "Could you note that {who} visits {other} in {where} on {day}? They meet at {at}.",
            )
        ),
        {"who": who, "other": other, "day": day, "at": at, "where": where},
    )
    if draw.chance(0.4):
        values: dict[str, object] = {"people": [who, other], "date": day, "time": at, "place": where}
    else:
        values = {"first_person": who, "second_person": other, "date": day, "time": at, "city": where}
    keys = draw.some(list(values), draw.between(2, len(values)))
    return request(draw, draw.one(("note", "text", "reminder")), keys, text, {key: values[key] for key in keys})


def invoice(draw: Draw) -> Chat:
    """The lines of an order as a list of objects."""
    goods = draw.some(words.GOODS, draw.between(1, 4))
    lines = [(draw.between(1, 9), one, draw.between(3, 300)) for one in goods]
    sign = draw.one(words.CURRENCY)
    number, seller = order_number(draw), company(draw)
    body = draw.one(
        (
            "\n".join(f"{count} x {one} at {sign}{price}" for count, one, price in lines),
            "; ".join(f"{count} {one} ({sign}{price} each)" for count, one, price in lines),
            "\n".join(f"- {one}, quantity {count}, price {sign}{price}" for count, one, price in lines),
        )
    )
    text = draw.one(
        (
            f"Invoice {number} of {seller}\n{body}",
            f"{seller}\nOrder {number}: {body}",
            f"Order {number} ({seller})\n{body}",
        )
    )
    values: dict[str, object] = {
        "number": number,
        "company": seller,
        "items": [{"name": one, "quantity": count, "price": price} for count, one, price in lines],
    }
    keys = [key for key in values if draw.chance(0.75)] or ["items"]
    return request(draw, draw.one(("invoice", "order", "text")), keys, text, {key: values[key] for key in keys})


def entities(draw: Draw) -> Chat:
    """The names of one kind in a text, as a JSON list."""
    people = [full_name(draw) for _ in range(draw.between(1, 3))]
    places = [town(draw) for _ in range(draw.between(1, 3))]
    firms = [company(draw) for _ in range(draw.between(0, 2))]
    said = [
        draw.fill("{one} [spoke first|wrote the report|arrived late|was ill|sent a letter].", {"one": one})
        for one in people
    ]
    said += [
        draw.fill("[The train stopped in|They passed through|It rained in|The office is in] {one}.", {"one": one})
        for one in places
    ]
    said += [
        draw.fill("{one} [paid the bill|sent a parcel|opened a branch|made an offer].", {"one": one}) for one in firms
    ]
    said = draw.some(said, len(said))
    text = " ".join(said)
    found = {"people": people, "cities": places, "companies": firms}
    asked = draw.some(tuple(found), draw.between(1, 3))
    values: dict[str, object] = {key: sorted(dict.fromkeys(found[key]), key=text.index) for key in asked}
    if len(asked) == 1 and draw.chance(0.5):
        ask = draw.one(
            (
                f"List all {asked[0]} in the text as a JSON list.\n\n{text}",
                f"{text}\n\nReturn the {asked[0]} as a JSON array.",
            )
        )
        return [("user", ask), ("assistant", json.dumps(values[asked[0]], ensure_ascii=False))]
    return request(draw, "text", asked, text, values)


def value(draw: Draw) -> Chat:
    """One value out of a few sentences, without JSON."""
    facts = service(draw)
    field = draw.one(tuple(FIELDS))
    others = [one for one in draw.some(tuple(FIELDS), 3) if one != field]
    said = [draw.fill(draw.one(FIELDS[one][1]), facts) for one in draw.some([field, *others], len(others) + 1)]
    text = " ".join(said)
    ask = draw.one(
        (
            f"What is the {FIELDS[field][0][0].replace('_', ' ')} in this text?\n\n{text}",
            f"{text}\n\nCopy the {FIELDS[field][0][0].replace('_', ' ')} from the text.",
        )
    )
    return [("user", ask), ("assistant", facts[field])]
