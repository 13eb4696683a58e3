"""What may not differ between two texts that say the same: numbers, dates, amounts, codes, names and negations.

Vectors of two tickets that differ in an order number, a weekday or a "not" lie as close as those of a true restatement
(rtk-ai/icm #390 saw both at a cosine of 0.90 to 0.93), so these are compared as they are written. Numbers and the count
of negations must be equal, which also says who need not be compared at all; every name of one text must stand in the
other.
"""

import polars as pl

from tunewright.text.dates import calendar, rewritten, with_orders, written_dates

#: Whatever has a digit in it: numbers, times, amounts, versions, product codes.
WITH_DIGIT = r"[\p{L}_\-]*\p{Nd}[\p{L}\p{N}.,:/_\-]*"
#: Our own lists, for English, German, French and Spanish; verbs of failure say "not" without the word.
NEGATION = (
    r"\b(?:not|no|never|none|nothing|nobody|nowhere|without|cannot|neither|nor|hardly|unable|impossible"
    r"|fail(?:s|ed|ing)?|\p{L}+n['’]t|(?:do|does|did|is|was|were|are|ca|wo|could|would|should|has|have|had)nt|nicht|nichts"
    r"|kein\p{L}*|nie|niemals|niemand|ohne|pas|jamais|aucune?|sans|nunca|nada|ninguna?|sin)\b"
)
#: Capitalized words inside a sentence; those that open one may be any word.
NAMES = r"[\p{Ll}\p{N},;:](?: \p{Lu}[\p{L}\p{M}\p{N}\-]+)+"
WORD = r"[\p{L}\p{M}\p{N}]+"
#: Share of words with a capital inside a sentence from which capitals are spelling (German nouns), not names.
CAPITALS_ARE_SPELLING = 0.15
COUNTS = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "thirty",
    "forty", "fifty", "hundred", "thousand", "half", "twice", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht",
    "neun", "zehn", "zwölf", "deux", "trois", "quatre", "cinq", "dos", "tres", "cuatro", "cinco",
)  # fmt: skip


def invariants(texts: pl.DataFrame) -> pl.DataFrame:
    """What of each text may not differ.

    Args:
        texts: `row`, `source` (how a source writes dates is decided for each) and `text`.

    Returns:
        `row`; `numbers`, a sorted list of everything with a digit in it, dates as YYYY-MM-DD where their order can be
        told; `negations`, their count; `names` (sorted) and `words` (as they come) in lowercase.
    """
    prompts = texts.select("row", "text", column=pl.lit("prompt"), source="source")
    dated = rewritten(prompts, calendar(with_orders(written_dates(prompts))))
    plain = prompts.join(dated.select("row", "value"), on="row", how="left", maintain_order="left").with_columns(
        text=pl.coalesce("value", "text").fill_null("")
    )
    lower = pl.col("text").str.to_lowercase()
    numbers = (
        lower.str.replace_all(r"(\d)[,' ](\d{3})\b", "${1}${2}")
        .str.replace_all(r"(\d)[.,]00\b", "${1}")
        .str.extract_all(WITH_DIGIT)
        .list.eval(pl.element().str.strip_chars_end(".,:/-_"))
    )
    runs = pl.col("text").str.extract_all(NAMES).list.eval(pl.element().str.slice(1))
    capitals = runs.list.join(" ").str.extract_all(rf"\p{{L}}{WORD[:-1]}*")
    specific = plain.select(
        "row",
        numbers=numbers.list.unique().list.sort(),
        negations=lower.str.count_matches(NEGATION),
        names=capitals.list.eval(pl.element().str.to_lowercase()).list.unique().list.sort(),
        words=lower.str.extract_all(WORD).list.unique(maintain_order=True),
        length=lower.str.count_matches(r"\p{L}+"),
    )
    share = specific["names"].list.len().sum() / max(int(specific["length"].sum()), 1)
    if share > CAPITALS_ARE_SPELLING:
        specific = specific.with_columns(names=pl.lit([], pl.List(pl.String)))
    return specific.drop("length")


def may_be_the_same(pairs: pl.DataFrame, specific: pl.DataFrame) -> pl.DataFrame:
    """`pairs` (`one`, `two`: rows with equal numbers and negations) whose names and counting words agree too.

    Their words come along as `words` and `words_two`.
    """
    texts = specific.select("row", "names", "words")
    both = pairs.join(texts.rename({"row": "one"}), on="one", how="left", maintain_order="left").join(
        texts.rename({"row": "two", "names": "names_two", "words": "words_two"}),
        on="two",
        how="left",
        maintain_order="left",
    )
    counts = pl.lit(pl.Series([list(COUNTS)], dtype=pl.List(pl.String)))
    mine, theirs = (
        pl.col(name).list.set_intersection(counts).list.sort().list.join(" ") for name in ("words", "words_two")
    )
    named = (
        pl.col("names").list.set_difference("words_two").list.len()
        + pl.col("names_two").list.set_difference("words").list.len()
    )
    return both.filter((named == 0) & (mine == theirs)).drop("names", "names_two")
