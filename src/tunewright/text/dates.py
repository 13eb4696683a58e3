"""Dates as they are written in texts, and whether their order, day or month first, can be told.

The order is decided for a place (prompt, answer, a turn), a source and a separator together, from all their dates:
one number over 12 settles it, numbers over 12 on both sides are a conflict, and without any the order is *ambiguous*,
which is an answer. Nothing is guessed from a language or a locale. Deciding string by string is how others silently
swap months (dateparser #539, csvkit #280).

Recognized: 2025-03-04 (also with / and .), 3/4/2025, 3/4/25, 3.4.2025, 03.04.25, 3-4-2025, "4 March 2025", "March 4,
2025" and month names in German, French and Spanish.
"""

import polars as pl

MONTHS: tuple[str, ...] = (
    "january|jan|januar|jänner|janvier|enero",
    "february|feb|februar|février|febrero",
    "march|mar|märz|mars|marzo",
    "april|apr|avril|abril",
    "may|mai|mayo",
    "june|jun|juni|juin|junio",
    "july|jul|juli|juillet|julio",
    "august|aug|août|agosto",
    "september|sept|sep|septembre|septiembre",
    "october|oct|oktober|okt|octobre|octubre",
    "november|nov|novembre|noviembre",
    "december|dec|dezember|dez|décembre|diciembre",
)
MONTH = "|".join(sorted("|".join(MONTHS).split("|"), key=len, reverse=True))
ORDINAL = r"(?:st|nd|rd|th|er|º)?"
#: form -> pattern; in the order in which a text is read for them.
FORMS: dict[str, str] = {
    "iso": r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b",
    "numbers": (
        r"\b(?:\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})|\d{1,2}-\d{1,2}-\d{4}|\d{1,2}\.\d{1,2}\.\d{4}"
        r"|\d{2}\.\d{2}\.\d{2})\b"
    ),
    "day_month": rf"(?i)\b\d{{1,2}}{ORDINAL}\.?(?: of| de)? (?:{MONTH})\b\.?,?(?: de)? \d{{4}}\b",
    "month_day": rf"(?i)\b(?:{MONTH})\b\.? \d{{1,2}}{ORDINAL},? \d{{4}}\b",
}
ANY = "|".join(FORMS.values())
#: Put around dates while a text is taken apart at them.
MARK = "\ue000"
FIRST_YEAR, LAST_YEAR = 1900, 2100
GROUP = ("column", "source", "separator")


def written_dates(texts: pl.DataFrame) -> pl.DataFrame:
    """Every date in `texts` (`row`, `column`, `source`, `text`).

    Returns:
        `row`, `column`, `source`, `written`, `form`, `separator` (of numbers, otherwise null), `first` and
        `second` (the first two numbers of a date in numbers), `year` (null when it has two digits).
    """
    # A year, or two separators between numbers: most texts have neither.
    likely = texts.filter(pl.col("text").str.contains(r"\d{4}|\d[/.]\d{1,2}[/.]\d"))
    written = (
        likely.lazy()
        .select("row", "column", "source", written=pl.col("text").str.extract_all(ANY))
        .filter(pl.col("written").list.len() > 0)
        .explode("written")
    )
    form = pl.coalesce(
        pl.when(pl.col("written").str.contains(f"^(?:{pattern})$")).then(pl.lit(form))
        for form, pattern in FORMS.items()
    )
    numbers = pl.col("written").str.extract_all(r"\d+")
    in_numbers = pl.col("form") == "numbers"
    first, second = (pl.when(in_numbers).then(numbers.list.get(at).cast(pl.Int64)) for at in (0, 1))
    separator = pl.when(in_numbers).then(pl.col("written").str.extract(r"([-/.])"))
    year = pl.col("written").str.extract(r"(\d{4})").cast(pl.Int64)
    return (
        written.with_columns(form=form)
        .with_columns(separator=separator, year=year, first=first, second=second)
        .filter(pl.col("year").is_null() | pl.col("year").is_between(FIRST_YEAR, LAST_YEAR))
        .filter(
            ~in_numbers | (pl.max_horizontal("first", "second") <= 31) & (pl.min_horizontal("first", "second") >= 1)
        )
        .collect()
    )


def orders(dates: pl.DataFrame) -> pl.DataFrame:
    """How each place, source and separator writes its dates in numbers.

    Returns:
        `column`, `source`, `separator`, `order` (day_first, month_first, conflict, ambiguous), `dates`, and the counts
        that decide: `day_first`, `month_first`.
    """
    day_first = ((pl.col("first") > 12) & (pl.col("second") <= 12)).sum()
    month_first = ((pl.col("second") > 12) & (pl.col("first") <= 12)).sum()
    day, month = pl.col("day_first") > 0, pl.col("month_first") > 0
    return (
        dates.filter(pl.col("form") == "numbers")
        .group_by(GROUP)
        .agg(dates=pl.len(), day_first=day_first, month_first=month_first)
        .with_columns(
            order=pl.when(day & month)
            .then(pl.lit("conflict"))
            .when(day)
            .then(pl.lit("day_first"))
            .when(month)
            .then(pl.lit("month_first"))
            .otherwise(pl.lit("ambiguous"))
        )
        .sort(GROUP, nulls_last=True)
    )


def with_orders(dates: pl.DataFrame) -> pl.DataFrame:
    """`dates` with `order` (null for dates not in numbers) and `sure`: whether day and month of each can be told.

    A date whose two numbers are equal is sure in any order, as is one with a number over 12.
    """
    joined = dates.join(
        orders(dates).select(*GROUP, "order"), on=GROUP, how="left", nulls_equal=True, maintain_order="left"
    )
    first, second = pl.col("first"), pl.col("second")
    sure = (
        pl.col("order").is_in(["day_first", "month_first"])
        | (first == second)
        | (pl.max_horizontal(first, second) > 12)
    )
    return joined.with_columns(sure=(pl.col("form") != "numbers") | sure)


def calendar(dates: pl.DataFrame) -> pl.DataFrame:
    """`dates` (with orders) and `iso`, the day in the calendar as YYYY-MM-DD.

    `iso` is null where the order cannot be told, the year has two digits, or there is no such day. Where orders are in
    conflict no date in numbers has one: if the clear ones were rewritten, those that are left might look decided.
    """
    first, second = pl.col("first"), pl.col("second")
    day_first = pl.col("order") != "month_first"
    digits = pl.col("written").str.extract_all(r"\d+").list.eval(pl.element().cast(pl.Int64))
    form = pl.col("form")
    day = (
        pl.when(form == "numbers").then(pl.when(day_first).then(first).otherwise(second))
        .when(form == "iso").then(digits.list.get(2, null_on_oob=True))
        .otherwise(pl.col("written").str.extract(r"\b(\d{1,2})(?:\D|$)").cast(pl.Int64))
    )  # fmt: skip
    month = (
        pl.when(form == "numbers").then(pl.when(day_first).then(second).otherwise(first))
        .when(form == "iso").then(digits.list.get(1, null_on_oob=True))
        .otherwise(_month_of_name())
    )  # fmt: skip
    spelled = pl.format(
        "{}-{}-{}",
        pl.col("year").cast(pl.String),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
    )
    certain = pl.col("sure") & (pl.col("order").fill_null("") != "conflict")
    iso = pl.when(certain).then(spelled.str.to_date("%Y-%m-%d", strict=False).dt.to_string("%Y-%m-%d"))
    return dates.with_columns(iso=iso)


def _month_of_name() -> pl.Expr:
    name = pl.col("written").str.to_lowercase().str.extract(rf"({MONTH})")
    known = {name: number for number, names in enumerate(MONTHS, 1) for name in names.split("|")}
    return name.replace_strict(known, default=None, return_dtype=pl.Int64)


def rewritten(texts: pl.DataFrame, dates: pl.DataFrame) -> pl.DataFrame:
    """`texts` (`row`, `column`, `text`) with every date that has an `iso` in `dates` written so, as `value`.

    Texts that hold the private-use sign by which dates are marked are left out.
    """
    place = ["row", "column"]
    known = dates.drop_nulls("iso").unique([*place, "written"], keep="first").select(*place, "written", "iso")
    marked = texts.join(known, on=place, how="semi", maintain_order="left").filter(
        ~pl.col("text").str.contains(MARK, literal=True)
    )
    pieces = pl.col("text").str.replace_all(f"({ANY})", f"{MARK}${{1}}{MARK}").str.split(MARK)
    return (
        marked.select(*place, written=pieces)
        .explode("written")
        .join(known, on=[*place, "written"], how="left", maintain_order="left")
        .group_by(place, maintain_order=True)
        .agg(value=pl.coalesce("iso", "written").str.join(""))
    )
