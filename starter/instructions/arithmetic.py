"""Arithmetic with the steps shown where there are several."""
# ruff: noqa: E501 (sentences read better on one line)

from starter.instructions import words
from starter.instructions.draw import Draw
from starter.instructions.facts import Chat, first_name


def _size(draw: Draw) -> int:
    """Numbers of one to four digits, small ones more often."""
    return draw.between(0, 10 ** draw.one((1, 1, 2, 2, 2, 3, 3, 4)) - 1)


def plain(draw: Draw) -> Chat:
    """One operation on two whole numbers."""
    a, b = _size(draw), _size(draw)
    sign = draw.one("++--**//")
    if sign == "*":
        a, b = draw.between(0, 99), draw.between(0, 12)
    elif sign == "/":
        b = draw.between(1, 12)
        a = b * draw.between(0, 30)
    elif sign == "-" and b > a:
        a, b = b, a
    result = {"+": a + b, "-": a - b, "*": a * b, "/": a // b if b else 0}[sign]
    name = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}[sign]
    mark = {"*": draw.one(("*", "x", "×")), "/": draw.one(("/", "÷"))}.get(sign, sign)
    ask = draw.one(
        (
            f"What is {a} {mark} {b}?",
            f"{a} {mark} {b} =",
            f"Calculate {a} {mark} {b}.",
            f"What is {a} {name} {b}?",
            f"Compute: {a}{mark}{b}",
        )
    )
    answer = draw.one((str(result), str(result), f"{a} {mark} {b} = {result}", f"The answer is {result}."))
    return [("user", ask), ("assistant", answer)]


def column(draw: Draw) -> Chat:
    """A sum of several numbers, added one by one."""
    numbers = [draw.between(1, 99) for _ in range(draw.between(3, 6))]
    steps, total = [], numbers[0]
    for one in numbers[1:]:
        steps.append(f"{total} + {one} = {total + one}")
        total += one
    ask = draw.fill(
        "[Add these numbers|What is the sum of these numbers|Sum up]: {list}", {"list": ", ".join(map(str, numbers))}
    )
    return [("user", ask), ("assistant", "\n".join(steps) + f"\nThe sum is {total}.")]


def shopping(draw: Draw) -> Chat:
    """What a purchase costs, or the change."""
    count, price = draw.between(2, 12), draw.between(1, 40)
    goods = draw.one((*words.FRUIT, *words.VEGETABLE, "ticket", "pencil", "cup", "plate", "book", "candle"))
    many = (
        goods[:-1] + "ies" if goods.endswith("y") else goods + ("es" if goods.endswith(("s", "ch", "sh", "o")) else "s")
    )
    who, sign, total = first_name(draw), draw.one(words.CURRENCY), count * price
    if draw.chance(0.5):
        ask = draw.fill(
            "{who} buys {count} {many} at {sign}{price} each. [How much is that?|What does it cost?|What is the total?]",
            _texts(locals()),
        )
        return [("user", ask), ("assistant", f"{count} x {sign}{price} = {sign}{total}. The total is {sign}{total}.")]
    paid = total + draw.between(1, 30)
    ask = draw.fill(
        "{who} buys {count} {many} at {sign}{price} each and pays with {sign}{paid}. [How much change is there?|What is the change?]",
        _texts(locals()),
    )
    return [
        ("user", ask),
        (
            "assistant",
            f"{count} x {sign}{price} = {sign}{total}. {sign}{paid} - {sign}{total} = {sign}{paid - total}. The change is {sign}{paid - total}.",
        ),
    ]


def story(draw: Draw) -> Chat:
    """Things gained and lost, in two or three steps."""
    who, thing = (
        first_name(draw),
        draw.one(("apples", "coins", "stamps", "books", "eggs", "cards", "pencils", "marbles", "letters", "boxes")),
    )
    have = draw.between(3, 60)
    said, steps = [f"{who} has {have} {thing}."], []
    for _ in range(draw.between(1, 3)):
        change = draw.between(1, 30)
        if draw.chance(0.5) or change > have:
            said.append(
                draw.fill(
                    "[{who} finds {n} more.|A friend gives {who} {n} more.|{who} buys another {n}.|Then {n} more arrive.]",
                    {"who": who, "n": str(change)},
                )
            )
            steps.append(f"{have} + {change} = {have + change}.")
            have += change
        else:
            said.append(
                draw.fill(
                    "[{who} gives away {n}.|{who} loses {n}.|{n} are sold.|{who} puts {n} aside.]",
                    {"who": who, "n": str(change)},
                )
            )
            steps.append(f"{have} - {change} = {have - change}.")
            have -= change
    ask = " ".join(said) + draw.fill(
        " How many {thing} [are left|does {who} have now|remain]?", {"thing": thing, "who": who}
    )
    return [("user", ask), ("assistant", " ".join(steps) + f" {who} has {have} {thing}.")]


def compare(draw: Draw) -> Chat:
    """The larger, the smaller, or the order of numbers."""
    numbers = draw.sample(range(10 ** draw.between(1, 4)), draw.between(2, 6))
    shown = ", ".join(map(str, numbers))
    choice = draw.between(0, 3)
    if choice == 0:
        return [
            ("user", draw.fill("Which number is the [largest|biggest]: {n}?", {"n": shown})),
            ("assistant", str(max(numbers))),
        ]
    if choice == 1:
        return [
            ("user", draw.fill("Which number is the [smallest|lowest]: {n}?", {"n": shown})),
            ("assistant", str(min(numbers))),
        ]
    down = choice == 3
    ask = f"Sort these numbers from {'largest to smallest' if down else 'smallest to largest'}: {shown}"
    return [("user", ask), ("assistant", ", ".join(map(str, sorted(numbers, reverse=down))))]


def share(draw: Draw) -> Chat:
    """A percentage of an amount."""
    rate = draw.one((5, 10, 10, 20, 25, 30, 40, 50, 75))
    base = draw.between(1, 40) * 20
    part = base * rate // 100
    if draw.chance(0.5):
        return [("user", f"What is {rate}% of {base}?"), ("assistant", f"{rate}% of {base} is {part}.")]
    item, sign = draw.one(words.GOODS), draw.one(words.CURRENCY)
    ask = draw.fill(
        "A {item} costs {sign}{base}. There is a discount of {rate}%. [What is the new price?|How much do I pay?]",
        _texts(locals()),
    )
    return [
        ("user", ask),
        (
            "assistant",
            f"{rate}% of {sign}{base} is {sign}{part}. {sign}{base} - {sign}{part} = {sign}{base - part}. The new price is {sign}{base - part}.",
        ),
    ]


def _texts(values: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}
