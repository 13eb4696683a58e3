"""Small exact tasks on lists, words and tables: what a model must copy or look up without a slip."""

import json

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, amount, clock, code, date, full_name, invented, order_number, phone, town

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _items(draw: Draw, count: int) -> list[str]:
    source = draw.one(
        (words.FIRST, words.CITY, words.NOUN, words.ANIMAL, words.FRUIT, words.COLOR, words.GOODS, words.JOB, ())
    )
    return draw.some(source, count) if source else list(dict.fromkeys(invented(draw) for _ in range(count)))


def listed(draw: Draw) -> Chat:
    """One thing done to a list."""
    items = _items(draw, draw.between(3, 6))
    shown = draw.one((", ".join(items), "\n".join(items), " / ".join(items), json.dumps(items)))
    at = draw.between(0, len(items) - 1)
    ask, answer = draw.one(
        (
            (f"What is the {ORDINALS[at]} item?", items[at]),
            ("What is the last item?", items[-1]),
            ("Write the list in reverse order.", ", ".join(reversed(items))),
            ("Sort the list alphabetically.", ", ".join(sorted(items, key=str.lower))),
            ("How many items are there?", str(len(items))),
            (
                f"Which item comes after {items[at]}?",
                items[at + 1] if at + 1 < len(items) else "None, it is the last one.",
            ),
            ("Return the list as a JSON array.", json.dumps(items, ensure_ascii=False)),
            ("Number the items.", "\n".join(f"{n}. {one}" for n, one in enumerate(items, 1))),
            (f"Remove {items[at]} from the list.", ", ".join(items[:at] + items[at + 1 :])),
            (f"Is {items[at]} in the list?", "Yes"),
            ("Write the list in capital letters.", ", ".join(items).upper()),
            ("Which item is the longest?", max(items, key=len)),
        )
    )
    if draw.chance(0.06):
        ask, answer = f"Is {invented(draw)}x in the list?", "No"
    return [("user", draw.one((f"{ask}\n{shown}", f"{shown}\n{ask}", f"{ask} {shown}"))), ("assistant", answer)]


def copied(draw: Draw) -> Chat:
    """A text repeated as it stands."""
    text = draw.one(
        (
            f"{full_name(draw)}, {phone(draw)}",
            f"{order_number(draw)} {code(draw)} {order_number(draw)}",
            draw.fill("The {adjective} {animal} {verb} the {color} {noun} in {city}."),
            " ".join(invented(draw) for _ in range(draw.between(3, 9))),
            draw.fill("{first} {adverb} {verb} a {adjective} {noun} near the {place}."),
        )
    )
    return [("user", draw.fill("[Repeat|Copy|Say|Write] [this|exactly this]: ") + text), ("assistant", text)]


def looked_up(draw: Draw) -> Chat:
    """A value in a small table."""
    makers = {"phone": phone, "city": town, "date": date, "price": amount, "order": order_number, "time": clock}
    columns = draw.some(tuple(makers), draw.between(1, 3))
    rows = {full_name(draw): [makers[one](draw) for one in columns] for _ in range(draw.between(3, 7))}
    sep = draw.one((", ", " | ", ": ", ";", "\t"))
    table = "\n".join(sep.join([name, *values]) for name, values in rows.items())
    head = sep.join(["name", *columns])
    who = draw.one(tuple(rows))
    at = draw.between(0, len(columns) - 1)
    turned = draw.chance(0.3) and len({values[at] for values in rows.values()}) == len(rows)
    ask = (
        f"Who has the {columns[at]} {rows[who][at]}?"
        if turned
        else draw.fill("[What is the {c} of {w}?|Give me {w}'s {c}.|{c} of {w}?]", {"c": columns[at], "w": who})
    )
    answer = who if turned else rows[who][at]
    return [("user", draw.one((f"{head}\n{table}\n\n{ask}", f"{ask}\n\n{head}\n{table}"))), ("assistant", answer)]


def counted(draw: Draw) -> Chat:
    """Letters, words and sentences, counted or taken apart."""
    word = draw.one((draw.one(words.NOUN), draw.one(words.FRUIT), draw.one(words.ANIMAL)))
    text = draw.fill(
        "[The {adjective} {animal} {verb} the {noun}.|{first} {verb} a {color} {noun}.|{first} is a {job} in {city}.]"
    )
    ask, answer = draw.one(
        (
            (f"Spell the word {word}.", "-".join(word.upper())),
            (f"How many letters does the word {word} have?", str(len(word))),
            (f"What is the first letter of {word}?", word[0]),
            (f"What is the last letter of {word}?", word[-1]),
            (f"How many words are in this sentence? {text}", str(len(text.split()))),
            (f"What is the last word of this sentence? {text}", text.rstrip(".").split()[-1]),
            (f"What is the first word of this sentence? {text}", text.split()[0]),
            (f"Write this in capital letters: {text}", text.upper()),
            (f"Write this in small letters: {text.upper()}", text.lower()),
        )
    )
    return [("user", ask), ("assistant", answer)]


def followed(draw: Draw) -> Chat:
    """A pattern shown twice or more, to be gone on with."""
    done = draw.between(0, 3)
    rows = []
    for _ in range(draw.between(3, 5)):
        name = full_name(draw)
        left, right = draw.one(words.NOUN), draw.one(words.ADJECTIVE)
        rows.append(
            (
                (name, f"{name.split()[1]}, {name.split()[0]}"),
                (f"{left} {right}", f"{right} {left}"),
                (left, left.upper()),
                (name, "".join(part[0] for part in name.split())),
            )[done]
        )
    shown = "\n".join(f"{before} -> {after}" for before, after in rows[:-1])
    ask = f"{shown}\n{rows[-1][0]} ->"
    if draw.chance(0.4):
        ask = f"Go on with the pattern.\n{ask}"
    return [("user", ask), ("assistant", rows[-1][1])]
