"""What an answer claims that another answer may contradict: yes or no, numbers with their unit, money, dates, links.

A claim is what is spoken of (`kind` and `about`) and what is said of it (`value`). Two answers contradict each other
where both speak of the same thing and share no value of it: "5 days" and "7 days", but neither "5 days" and "two weeks"
nor "3 to 5 days" and "5 days", as those can both be true. Kinds:

- ``yes or no``: how the first sentence that is no greeting, thanks or apology begins, or, where the question asks for
  yes or no and the sentence repeats its words, whether it says "not";
- ``number``: about the word behind it ("5 working days" is about days), or before it ("zone 2"), in digits or words;
- ``money``, ``date``, ``time``, ``percentage``, ``link``, ``mail address``, ``telephone``;
- ``negation``: a sentence with "not" and the same words without it.

Numbers of tickets, orders and cases, and any of five digits or more, are names of things and no claims; so are links
that hold one. An answer of more than 120 words speaks of many things (two articles on one disease name different
numbers of years throughout: 155 of 13,970 medical answers), so only its yes or no and its negated sentences count. The
rules are for English; numbers and links count in any language. They prefer to miss: on paraphrases of one reply nothing
may be found (tests/golden/experiments/answers.py).
"""

import polars as pl

from tunewright.text.amounts import AFTER, BEFORE, PHONES
from tunewright.text.dates import ANY, MONTHS, calendar, with_orders, written_dates

LINK = r"\b(?:https?://|www\.)[^\s<>\"')\]]+"
MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
PHONE = "|".join(PHONES.values())
TIME = r"\b\d{1,2}(?::\d{2})?\s?(?:a\.?m\b\.?|p\.?m\b\.?)|\b\d{1,2}:\d{2}\b"
NUMERALS = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
DIGITS = r"\d+(?:[.,]\d+)*"
BETWEEN = r"(?:-|–|to|or|and)"
SKIPPED = "business|working|work|calendar|full|consecutive|more|additional|further|free|extra|whole|different|separate"
NUMBER = (
    rf"(?:[\p{{L}}]+\.?\s+|#\s?)?{DIGITS}(?:\s?{BETWEEN}\s?{DIGITS})?"
    rf"\s?-?(?:(?:{SKIPPED})\s+)*(?:%|\bper ?cent\b|[\p{{L}}]+)?"
)
#: Words before a number that make it a name.
NAMES = (
    "ticket", "case", "reference", "ref", "order", "invoice", "number", "no", "nr", "id", "tracking", "request",
    "incident", "booking", "step", "room", "#",
)  # fmt: skip
#: Words that a number says nothing about.
EMPTY = (
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with", "within", "after", "before",
    "up", "about", "around", "than", "over", "under", "is", "are", "was", "be", "been", "will", "would", "can",
    "may", "must", "and", "or", "but", "if", "as", "it", "its", "this", "that", "these", "those", "we", "you",
    "your", "our", "i", "they", "he", "she", "there", "here", "have", "has", "had", "do", "does", "did",
    "please", "so", "then", "when", "per", "each", "every", "only", "just", "least", "most", "least", "once",
    "into", "until", "between", "during", "via", "because", "since", "also", "not", "no", "yes", "any", "all",
    "some",
)  # fmt: skip
GREETING = (
    r"^(?:\s*(?:(?:dear|hi|hello|hey)\b[^,.!\n]{0,40}[,.!\n]+"
    r"|(?:good (?:morning|afternoon|evening|day)|thanks|thank you|many thanks|sorry"
    r"|we(?:'re| are)? (?:so |very |really )?sorry|apologies|we apologi[sz]e|no (?:problem|worries)|great|happy to help"
    r"|welcome|i understand|we understand|good question)\b[^.!?\n]{0,120}[.!?\n]+))+"
)
YES = (
    r"^(?:yes|yep|sure|of course|certainly|absolutely|definitely|indeed|you can\b|you may\b|it is possible"
    r"|that is possible|we do\b)"
)
NO = (
    r"^(?:no\b|nope|unfortunately|regrettably|sadly|we(?:'re| are) afraid|you (?:cannot|can not|can't|may not)"
    r"|(?:it|this|that) (?:is|'s|isn't) ?(?:not|un|im)?(?:\s*possible|\s*allowed|\s*supported)"
    r"|(?:it|this|that) (?:cannot|can't)|we (?:do not|don't|cannot|can't))"
)
NEGATED = r"\b(?:not|never|cannot|no longer)\b|n['’]t\b"
#: A sentence that says yes or no to a part only.
QUALIFIED = r"\b(?:if|unless|until|only|except|when|while|before|after|than|but|have to|has to|need to|or)\b"
ASKS = r"^(?:(?:so|and|please|also),? )?(?:can|could|do|does|did|is|are|am|will|may|must|should|has|have|would)\b"
SENTENCE = r"[.!?;\n]+"
#: Words of an answer beyond which its numbers are about too many things.
SHORT_WORDS = 120


def claims(texts: pl.DataFrame) -> pl.DataFrame:
    """What answers claim.

    Args:
        texts: `row`, `text`, and the question they answer, `asked`.

    Returns:
        `row`, `kind`, `about`, `value`, and `said`, the words themselves.
    """
    plain = texts.drop_nulls("text").with_columns(text=pl.col("text").str.replace_all(r"(?m)^\s*\d{1,2}[.)]\s+", ""))
    parts = [_yes_or_no(plain), _negations(plain)]
    plain = plain.filter(pl.col("text").str.count_matches(r"\S+") <= SHORT_WORDS)
    parts.append(_dates(plain))
    for kind, pattern, value in (
        ("link", LINK, _address(pl.col("said"))),
        ("mail address", MAIL, pl.col("said").str.to_lowercase()),
        ("date", ANY, None),
        ("telephone", PHONE, pl.col("said").str.replace_all(r"\D", "").str.tail(7)),
        ("money", f"{BEFORE}|{AFTER}", _amount(pl.col("said"))),
        ("time", TIME, _clock(pl.col("said"))),
    ):
        if value is not None:
            parts.append(_matches(plain, pattern, kind, value))
        plain = plain.with_columns(text=pl.col("text").str.replace_all(f"(?i){pattern}", " ; "))
    parts.append(_numbers(plain))
    return pl.concat(parts).drop_nulls("value").unique().sort("row", "kind", "about", "value", "said")


def _matches(texts: pl.DataFrame, pattern: str, kind: str, value: pl.Expr) -> pl.DataFrame:
    matches = (
        texts.select("row", said=pl.col("text").str.extract_all(f"(?i){pattern}")).explode("said").drop_nulls("said")
    )
    if kind == "link":
        matches = matches.filter(~pl.col("said").str.contains(r"\d{5,}|[?&=]"))
    return matches.select(
        "row", kind=pl.lit(kind), about=pl.lit(""), value=value, said=pl.col("said").str.strip_chars()
    )


def _address(link: pl.Expr) -> pl.Expr:
    return link.str.to_lowercase().str.replace(r"^(?:https?://)?(?:www\.)?", "").str.strip_chars_end("/.,;:!?")


def _amount(money: pl.Expr) -> pl.Expr:
    sign = money.str.extract(r"(?i)([€$£¥]|EUR|USD|GBP|CHF|JPY|INR|CAD|AUD)").str.to_uppercase()
    sign = sign.replace({"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"})
    return pl.format("{} {}", sign, _plain_number(money.str.extract(r"(\d[\d.,' ]*)").str.strip_chars(" .,'")))


def _plain_number(number: pl.Expr) -> pl.Expr:
    """`number` without marks of thousands and without zeros at its end: 1,000 is 1000, and 4,50 is 4.5."""
    whole = number.str.replace_all(r"[' ]", "").str.replace_all(r"[.,](\d{3})\b", "$1").str.replace(",", ".")
    return whole.str.replace(r"\.0+$", "").str.replace(r"(\.\d*?)0+$", "$1")


def _clock(time: pl.Expr) -> pl.Expr:
    """`time` on a dial of twelve hours, as hour:minute: whether "5:00" is meant in the morning is rarely said."""
    hour = time.str.extract(r"^(\d{1,2})").cast(pl.Int64)
    return pl.format("{}:{}", (hour + 11) % 12 + 1, time.str.extract(r":(\d{2})").fill_null("00"))


def _dates(texts: pl.DataFrame) -> pl.DataFrame:
    """Claims of days of the calendar; a date whose order of day and month cannot be told claims nothing."""
    empty = pl.lit(None, pl.String)
    written = written_dates(texts.select("row", "text", column=pl.lit("answer"), source=empty))
    known = calendar(with_orders(written)).drop_nulls("iso")
    return known.select("row", kind=pl.lit("date"), about=pl.lit(""), value="iso", said="written")


def _numbers(texts: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("text").str.to_lowercase()
    for at, numeral in enumerate(NUMERALS, 2):
        text = text.str.replace_all(rf"\b{numeral}\b", str(at))
    # A range is one claim with both its ends.
    numbers = texts.select("row", said=text.str.extract_all(NUMBER)).explode("said").drop_nulls("said")
    parts = numbers.with_columns(
        before=pl.col("said").str.extract(r"^([\p{L}#]+)").fill_null(""),
        number=pl.col("said").str.extract(rf"({DIGITS}(?:\s?{BETWEEN}\s?{DIGITS})?)"),
        behind=pl.col("said").str.extract(r"\d[^\p{L}%\d]*(?:(?:" + SKIPPED + r")\s+)*(%|[\p{L}]+)$").fill_null(""),
    ).filter(~pl.col("before").is_in(NAMES) & ~pl.col("said").str.contains(r"\d{5,}"))
    behind = pl.col("behind").replace({"percent": "%", "per": ""})
    word = pl.when(behind.is_in(["", *EMPTY])).then("before").otherwise(behind)
    month = word.replace_strict(_month_names(), default=None, return_dtype=pl.String)
    return (
        parts.with_columns(word=word, month=month, value=pl.col("number").str.extract_all(DIGITS))
        .filter(~pl.col("word").is_in(["", *EMPTY]))
        .explode("value")
        .select(
            "row",
            kind=pl.when(pl.col("month").is_not_null())
            .then(pl.lit("date"))
            .when(pl.col("word") == "%")
            .then(pl.lit("percentage"))
            .otherwise(pl.lit("number")),
            about=pl.when(pl.col("month").is_not_null())
            .then(pl.lit("day of a month"))
            .otherwise(_singular(pl.col("word"))),
            value=pl.when(pl.col("month").is_not_null())
            .then(pl.format("{}-{}", "month", _plain_number(pl.col("value"))))
            .otherwise(_plain_number(pl.col("value"))),
            said=pl.col("said").str.strip_chars(),
        )
    )


def _singular(word: pl.Expr) -> pl.Expr:
    short = {"hrs": "hour", "hr": "hour", "mins": "minute", "min": "minute", "km": "kilometer", "kms": "kilometer"}
    return word.replace(short).str.replace(r"s$", "")


def _month_names() -> dict[str, str]:
    return {name: str(number) for number, names in enumerate(MONTHS, 1) for name in names.split("|") if name != "may"}


def _yes_or_no(texts: pl.DataFrame) -> pl.DataFrame:
    opening = _opening("text").str.strip_chars(" \t\r\n*_\"'")
    first = pl.col("opening")
    sentence = first.str.extract(r"^([^.!?\n]+)")
    repeated = _stems(sentence).list.set_intersection(_stems(pl.col("question"))).list.len()
    restated = first.str.contains(r"^[^.!?\n]+[.!]?") & (repeated >= 2) & ~sentence.str.contains(QUALIFIED)
    value = (
        pl.when(first.str.contains(r"^no (?:problem|worries|need)"))
        .then(pl.lit(None, pl.String))
        .when(first.str.contains(NO))
        .then(pl.lit("no"))
        .when(first.str.contains(YES))
        .then(pl.lit("yes"))
        .when(restated & pl.col("question").str.contains(ASKS) & sentence.str.contains(NEGATED))
        .then(pl.lit("no"))
        .when(restated & pl.col("question").str.contains(ASKS) & ~sentence.str.contains(r"\bno\b|\bwithout\b"))
        .then(pl.lit("yes"))
    )
    return texts.select("row", opening=opening, question=_opening("asked").fill_null("")).select(
        "row", kind=pl.lit("yes or no"), about=pl.lit(""), value=value, said=sentence.str.slice(0, 80)
    )


def _opening(column: str) -> pl.Expr:
    """A text from behind its greeting, in lower case."""
    return pl.col(column).str.to_lowercase().str.replace_all("’", "'").str.replace(f"(?i){GREETING}", "")


def _stems(text: pl.Expr) -> pl.Expr:
    return text.str.extract_all(r"\p{L}{4,}").list.eval(pl.element().str.slice(0, 5)).list.unique()


def _negations(texts: pl.DataFrame) -> pl.DataFrame:
    """Claims about each sentence by its words apart from "not" and words that say little, and whether it says "not"."""
    # A question claims nothing.
    plain = pl.col("text").str.replace_all("’", "'").str.replace_all(r"[^.!?\n]*\?", "\n")
    sentences = texts.select("row", said=plain.str.split("\n")).explode("said")
    sentences = sentences.select("row", said=pl.col("said").str.replace_all(SENTENCE, "\n").str.split("\n"))
    sentences = sentences.explode("said").with_columns(plain=pl.col("said").str.to_lowercase().str.strip_chars())
    bare = (
        pl.col("plain")
        .str.replace_all(r"\bcan't\b|\bcannot\b", "can")
        .str.replace_all(r"n't\b", "")
        .str.replace_all(r"\b(?:not|never|no longer|please|also|simply|just)\b", " ")
    )
    words = bare.str.extract_all(r"[\p{L}\p{M}\p{N}]+").list.set_difference(["a", "an", "the", "do", "does", "did"])
    return (
        sentences.filter(pl.col("plain").str.len_chars().is_between(8, 400))
        .with_columns(words=words.list.unique().list.sort())
        .filter(pl.col("words").list.len() >= 3)
        .select(
            "row",
            kind=pl.lit("negation"),
            about=pl.col("words").list.join(" "),
            value=pl.when(pl.col("plain").str.contains(NEGATED)).then(pl.lit("not")).otherwise(pl.lit("so")),
            said=pl.col("said").str.strip_chars().str.slice(0, 120),
        )
    )


def contradicting(claimed: pl.DataFrame, groups: pl.DataFrame, *, most: int = 50) -> pl.DataFrame:
    """Rows of a group that speak of one thing and share no value of it, each with the first row it contradicts.

    Args:
        claimed: what :func:`claims` gives.
        groups: `row` and `group`: answers to one question.
        most: different values of one thing in a group that are held against each other, the first by row.

    Returns:
        By row: `row`, `group`, `other`, `kind`, `said`, `other_said`.
    """
    of = ["group", "kind", "about"]
    sets = (
        claimed.join(groups, on="row")
        .sort("row", "value", "said")
        .group_by(*of, "row", maintain_order=True)
        .agg(values=pl.col("value").unique(maintain_order=True), said=pl.col("said").first())
        .with_columns(key=pl.col("values").list.join("\n"))
        .filter(pl.col("key").n_unique().over(of) > 1)
    )
    firsts = sets.unique([*of, "key"], keep="first", maintain_order=True)
    firsts = firsts.filter(pl.int_range(pl.len()).over(of) < most)
    pairs = firsts.join(firsts, on=of, suffix="_other").filter(
        pl.col("values").list.set_intersection("values_other").list.len() == 0
    )
    first = pairs.sort("row_other", "key").unique([*of, "key"], keep="first", maintain_order=True)
    hits = sets.join(first.select(*of, "key", other="row_other", other_said="said_other"), on=[*of, "key"])
    order = {kind: at for at, kind in enumerate(("yes or no", "negation"))}
    rank = pl.col("kind").replace_strict(order, default=2, return_dtype=pl.Int64)
    return (
        hits.sort("row", rank, "kind", "about", "other")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "group", "other", "kind", "said", "other_said")
    )
