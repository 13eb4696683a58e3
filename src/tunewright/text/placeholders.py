"""Texts that stand where a text should be: "n/a", "to be filled in", "xxxx", "<message>".

A dictionary alone finds the forms its author thought of. So a short text made only of words about emptiness counts too,
as long as it says that something is absent: "no details provided", "value not recorded", "pending entry".
"""

import polars as pl

from tunewright.text.normalize import normalized

WORDS = (
    "n/a", "na", "n.a.", "n.a", "#n/a", "n\\a", "none", "null", "nil", "nan", "tbd", "tbc", "tba", "todo", "to do",
    "fixme", "xxx", "xx", "test", "testing", "test test", "asdf", "asdfgh", "asdf asdf", "qwerty", "lorem ipsum",
    "lorem ipsum dolor sit amet", "dummy", "foo", "bar", "foobar", "foo bar", "string",
    "-", "--", "?", "???", ".", "...",
    "see above", "see below", "see attachment", "see attached", "as above", "same as above", "ditto", "idem", "void",
)  # fmt: skip
#: A word that says by itself that nothing is there.
STRONG = (
    "none|null|nil|nan|missing|empty|blank|undefined|unspecified|unavailable|placeholder|unknown|pending|tbd|tbc|tba|"
    "todo|na|redacted|removed|deleted|dummy|lorem|ipsum|omitted|unset|nothing"
)
#: Words that go with it, and with "no", "not" and "to be". "No answer yet" is what a customer says, so answers and
#: replies are not among them.
WEAK = (
    "value|values|text|message|content|contents|data|entry|info|information|comment|comments|description|details|"
    "detail|provided|available|applicable|given|specified|recorded|entered|supplied|filled|completed|determined|"
    "defined|decided|announced|added|written|set|yet|in|out|here|field|record|row|cell|as|is|was|the|this|by|for|now|"
    "later|sample|example|insert|enter|your|free"
)
#: A whole text that is only a bracketed name.
BRACKETED = r"^[\s]*(<[^<>]{1,40}>|\[[^\[\]]{1,40}\]|\{[^{}]{1,40}\}|\([^()]{1,20}\)|\*\*?[^*]{1,30}\*\*?)[\s.]*$"
#: What an editor leaves of an empty page: tags and entities.
MARKUP = r"</?[A-Za-z][^<>]{0,80}>|&(?:[A-Za-z]{2,8}|#\d{1,6});"
ABSENT = rf"^(?:(?:{STRONG}|{WEAK}|no|not|to|be)(?: |$)){{1,6}}$"
SAYS_SO = (
    rf"\b(?:{STRONG})\b|\b(?:no|not|to be) (?:{WEAK})\b"
    r"|^(?:insert|enter) .*(?:text|message|here)|^sample (?:text|message)"
)


#: Characters beyond which a text says something, whatever it says; the patterns are only tried on shorter ones.
LONGEST = 90


def says_nothing(rows: pl.DataFrame, column: str, words: tuple[str, ...] = WORDS) -> pl.DataFrame:
    """Rows whose `column` is empty or a placeholder: `row` and `kind` (``empty``, ``placeholder``)."""
    empty = rows.filter(is_empty(column)).select("row", kind=pl.lit("empty"))
    short = rows.filter(pl.col(column).str.len_chars() <= LONGEST).select("row", column)
    # Each text once: a million labels are a few hundred texts.
    meaningless = short.select(column).unique().filter(is_placeholder(column, words))
    stand_ins = short.join(meaningless, on=column, how="semi", maintain_order="left")
    stand_ins = stand_ins.select("row", kind=pl.lit("placeholder"))
    return pl.concat([empty, stand_ins])


def is_empty(column: str) -> pl.Expr:
    """Null, white space or punctuation only: no letter, digit or symbol such as an emoji."""
    return ~pl.col(column).fill_null("").str.contains(r"[\p{L}\p{N}\p{S}]")


def is_placeholder(column: str, words: tuple[str, ...] = WORDS) -> pl.Expr:
    """A text that is not empty and says nothing."""
    text = pl.col(column).fill_null("").str.strip_chars()
    bare = text.str.to_lowercase().str.strip_chars(" .!\t\"'*_")
    plain = normalized(column)
    repeated = text.str.len_chars().ge(3) & (text.str.strip_chars(text.str.slice(0, 1)) == "")
    absent = plain.str.contains(ABSENT) & plain.str.contains(SAYS_SO)
    page = text.str.contains(MARKUP) & ~text.str.replace_all(MARKUP, "").str.contains(r"[\p{L}\p{N}\p{S}]")
    return ~is_empty(column) & (bare.is_in(words) | text.str.contains(BRACKETED) | repeated | absent | page)
