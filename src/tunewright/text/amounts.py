"""Amounts of money and telephone numbers as they are written, and which sign divides whole from part.

12,50 has a decimal comma and 12.50 a decimal point; in 1.234,56 the last sign divides. 1,234 alone can be either, so it
decides nothing.
"""

import polars as pl

CURRENCY = r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|JPY|INR|CAD|AUD)\b)"
NUMBER = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
BEFORE = rf"{CURRENCY}\s?(?:{NUMBER})\b"
AFTER = rf"\b(?:{NUMBER})\s?(?:[€$£¥]|(?:EUR|USD|GBP|CHF|JPY|INR|CAD|AUD)\b)"
SIGNS = r"[€$£¥]|EUR|USD|GBP|CHF|JPY|INR|CAD|AUD"
GROUPED_COMMA, GROUPED_POINT = (
    r"\d[.' ]\d{3},\d{1,2}\b|\d[.' ]\d{3}[.' ]\d{3}",
    r"\d[,' ]\d{3}\.\d{1,2}\b|\d,\d{3},\d{3}",
)
COMMA, POINT = r"\d,\d{1,2}(?:\D|$)", r"\d\.\d{1,2}(?:\D|$)"

PHONES: dict[str, str] = {
    "international": r"\+\d{1,3}[ \-.]?\(?\d{1,4}\)?(?:[ \-./]?\d{2,4}){2,4}\b",
    "bracketed": r"\(0?\d{2,4}\) ?\d{3,4}[ \-]?\d{3,4}\b",
    "dashed": r"\b\d{3}-\d{3}-\d{4}\b",
    "national": r"\b0\d{2,4}[ /\-]\d{3,4}(?:[ \-]?\d{2,4}){1,2}\b",
}


def written_amounts(texts: pl.DataFrame) -> pl.DataFrame:
    """`row`, `column`, `source`, `written`, `form`: amounts that show a style, such as ``comma, sign after``."""
    likely = texts.filter(pl.col("text").str.contains(SIGNS))
    amounts = pl.concat(
        [
            likely.lazy()
            .select("row", "column", "source", written=pl.col("text").str.extract_all(pattern), place=pl.lit(place))
            .filter(pl.col("written").list.len() > 0)
            .explode("written")
            for pattern, place in ((BEFORE, "sign before"), (AFTER, "sign after"))
        ]
    )
    written = pl.col("written")
    comma = written.str.contains(GROUPED_COMMA) | (written.str.contains(COMMA) & ~written.str.contains(r"\d,\d{3}"))
    point = written.str.contains(GROUPED_POINT) | (written.str.contains(POINT) & ~written.str.contains(r"\d\.\d{3}"))
    mark = pl.when(comma).then(pl.lit("comma")).when(point).then(pl.lit("point"))
    return (
        amounts.with_columns(mark=mark)
        .drop_nulls("mark")
        .select("row", "column", "source", "written", form=pl.format("decimal {}, {}", "mark", "place"))
        .sort("row", "column", maintain_order=True)
        .collect()
    )


def written_phones(texts: pl.DataFrame) -> pl.DataFrame:
    """`row`, `column`, `source`, `written`, `form`: telephone numbers by the way they are written."""
    likely = texts.filter(pl.col("text").str.contains(r"\d[ )\-./]{0,2}\d{2,4}[ \-./]?\d{3}"))
    number = pl.col("text")
    frames = []
    for form, pattern in PHONES.items():
        numbers = likely.lazy().select("row", "column", "source", written=number.str.extract_all(pattern))
        frames.append(
            numbers.filter(pl.col("written").list.len() > 0).explode("written").with_columns(form=pl.lit(form))
        )
    return pl.concat(frames).sort("row", "column", maintain_order=True).collect()
