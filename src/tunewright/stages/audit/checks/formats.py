"""Texts that arrived damaged, and dates, amounts and labels that are written in more than one way.

Damage blocks where it is certain and undone without loss: mojibake, characters that nobody sees, characters that turn
the direction of a text, several spellings of one class. Markup, quotations and signatures warn; they are cut because
a model would write them back. Mixed ways of writing dates, amounts and telephone numbers warn or inform; nothing is
rewritten unless it is asked for. Playbook: "inconsistent formatting".

Dates are decided for each place, source and separator from all rows: one number over 12 settles the order, numbers
over 12 on both sides are a conflict, otherwise it is ambiguous and stays so. A source is mixed when its second format
holds 2 % of its dates. What each kind means: `text/encoding_damage.py`, `quotes.py`, `dates.py`, `amounts.py`.
"""

from collections.abc import Callable

import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, Severity
from tunewright.core.frozen import Frozen
from tunewright.text import encoding_damage as damage
from tunewright.text.amounts import written_amounts, written_phones
from tunewright.text.char_classes import CONTROL, UNEVEN, WIDE, may_hold, with_char_classes
from tunewright.text.dates import calendar, orders, with_orders, written_dates
from tunewright.text.fields import sourced_texts
from tunewright.text.quotes import has_lines, may_be_quoting, without_replies, without_signatures

NEEDS = ("ftfy",)
SEEN = 60
#: Sources listed in the statement about orders of dates.
LISTED = 50
#: Greek capitals and small letters that look like Latin ones.
GREEK = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυ"
MIXED_SCRIPTS = (
    rf"\p{{Latin}}\p{{Cyrillic}}|\p{{Cyrillic}}\p{{Latin}}|[{GREEK}]\p{{Latin}}{{2}}|\p{{Latin}}{{2}}[{GREEK}]"
    rf"|\p{{Latin}}[{GREEK}]\p{{Latin}}"
)


class Options(Frozen):
    """What is looked at, and from where on a second way of writing is a mix."""

    mixed_share: float = Field(0.02, gt=0, lt=0.5, description="Share of the second format from which it is a mix.")
    mixed_least: int = Field(3, ge=1, description="Texts in the rarer formats from which it is a mix.")
    space: bool = Field(True, description="Also count ragged white space, for information.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Damaged texts by kind, then ways of writing by place and source, then spellings of classes."""
    texts = with_char_classes(sourced_texts(corpus))
    findings = [*_damaged(texts), *_markup_and_quotes(texts), *_dates(texts, options)]
    findings.append(_mixed(written_amounts(texts), "amounts_mixed", "warning", options))
    findings.append(_mixed(written_phones(texts), "phones_mixed", "info", options))
    findings.append(_labels(corpus))
    if options.space:
        ragged = may_hold(texts, UNEVEN | WIDE).filter(damage.is_ragged("text"))
        findings.append(
            _finding(ragged, "space", "info", "the {column} has ragged white space: {seen!r}", fix="normalize")
        )
    return tuple(finding for finding in findings if finding.rows or finding.facts)


def _damaged(texts: pl.DataFrame) -> list[Finding]:
    """Texts with characters that were not written; all but control characters are beyond ASCII."""
    beyond, plain = may_hold(texts, WIDE), texts.filter(pl.col("char_classes") & WIDE == 0)
    candidates = beyond.filter(damage.may_be_mojibake("text"))
    accents = beyond.filter(damage.may_be_decomposed("text"))
    misread = candidates.filter(_changed_by(damage.mended_mojibake))
    alphabets = pl.col("text").str.contains(MIXED_SCRIPTS)
    kinds: list[tuple[str, Severity, str, pl.DataFrame]] = [
        ("mojibake", "blocking", "was read in a wrong encoding", misread),
        ("invisible", "blocking", "has characters that nobody sees", _invisible(beyond, plain, misread)),
        ("direction", "blocking", "has characters that turn it", beyond.filter(damage.is_misdirected("text"))),
        ("composition", "warning", "has accents apart from letters", accents.filter(damage.is_decomposed("text"))),
    ]
    lost = beyond.filter(pl.col("text").str.contains(damage.LOST, literal=True))
    return [
        *(
            _finding(rows, kind, severity, f"the {{column}} {damage_seen}: {{seen!r}}", fix="normalize")
            for kind, severity, damage_seen, rows in kinds
        ),
        _finding(
            lost, "lost", "warning", "the {column} lost characters (�), export it again: {seen!r}", at=damage.LOST
        ),
        _finding(
            beyond.filter(alphabets),
            "mixed_scripts",
            "warning",
            "the {column} mixes alphabets in a word: {seen!r}",
            at=MIXED_SCRIPTS,
        ),
    ]


def _invisible(beyond: pl.DataFrame, plain: pl.DataFrame, misread: pl.DataFrame) -> pl.DataFrame:
    """Texts with characters that nobody sees; those that only a wrong encoding put there are told as that."""
    mended = misread.with_columns(text=damage.mended_mojibake(misread["text"]))
    explained = mended.filter(~damage.is_invisible("text")).select("row", "column")
    seen = beyond.filter(damage.is_invisible("text")).join(explained, on=["row", "column"], how="anti")
    return pl.concat([seen, may_hold(plain, CONTROL).filter(damage.has_controls("text"))])


def _markup_and_quotes(texts: pl.DataFrame) -> list[Finding]:
    """HTML, and what is quoted; lines show once the markup is gone, since a line break may be a tag."""
    marked = texts.filter(damage.may_be_marked_up("text")).filter(damage.is_marked_up("text"))
    bare = marked.with_columns(text=damage.mended_markup(marked["text"]))
    rest = (
        texts.filter(has_lines("text"))
        .filter(may_be_quoting("text"))
        .join(marked, on=["row", "column"], how="anti", maintain_order="left")
    )
    likely = pl.concat([rest, bare.filter(has_lines("text")).filter(may_be_quoting("text"))])
    replies, signatures = _changed_by(without_replies), _changed_by(without_signatures)
    return [
        _finding(marked, "markup", "warning", "the {column} has HTML in it: {seen!r}", fix="normalize"),
        _finding(
            likely.filter(replies),
            "quoted_reply",
            "warning",
            "the {column} quotes an earlier message: {seen!r}",
            fix="strip_quotes",
            tail=True,
        ),
        _finding(
            likely.filter(signatures),
            "signature",
            "warning",
            "the {column} ends in a signature or notice: {seen!r}",
            fix="strip_quotes",
            tail=True,
        ),
    ]


def _changed_by(mend: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    """Whether `mend` makes another text of `text`."""
    return pl.col("text").map_batches(mend, return_dtype=pl.String) != pl.col("text")


def _dates(texts: pl.DataFrame, options: Options) -> list[Finding]:
    dates = written_dates(texts)
    if dates.is_empty():
        return []
    dated = calendar(with_orders(dates))
    in_numbers = pl.col("form") == "numbers"
    places = orders(dates)
    unsure = dated.filter(in_numbers & ~pl.col("sure"))
    impossible = dated.filter(pl.col("sure") & pl.col("iso").is_null() & pl.col("year").is_not_null())
    impossible = impossible.filter(pl.col("order").fill_null("") != "conflict")
    form = pl.when(in_numbers).then(pl.format("{} {}", "order", "separator")).otherwise("form")
    statement = Finding.about(
        check="formats",
        kind="date_orders",
        severity="info",
        message="dates in numbers are written in {groups} ways of source and sign",
        facts={
            "groups": places.height,
            "dates": dates.height,
            "orders": places.select("column", "source", "separator", "order", "dates").head(LISTED).rows(named=True),
        },
    )
    return [
        *([statement] if places.height else []),
        _written(unsure.filter(pl.col("order") == "ambiguous"), "dates_ambiguous", "info",
                 "{seen!r} may be day or month first, and nothing in its source tells"),
        _written(unsure.filter(pl.col("order") == "conflict"), "dates_conflict", "warning",
                 "{seen!r} may be day or month first, and its source writes both"),
        _written(impossible, "dates_impossible", "warning", "there is no day {seen!r}"),
        _mixed(dated.with_columns(form=form), "dates_mixed", "warning", options, fix="normalize_dates"),
    ]  # fmt: skip


def _mixed(written: pl.DataFrame, kind: str, severity: Severity, options: Options, fix: str | None = None) -> Finding:
    """Places of a source that are written otherwise than most of it, where there are enough of them."""
    group = ["column", "source"]
    counted = written.with_columns(most=_commonest("form", group))
    rarer = (pl.col("form") != pl.col("most")).sum().over(group)
    enough = (rarer >= options.mixed_least) & (rarer >= options.mixed_share * pl.len().over(group))
    rare = counted.filter(enough & (pl.col("form") != pl.col("most")))
    return _written(
        rare, kind, severity, "{seen!r} is written as {form}, most of its source as {most}", "form", "most", fix=fix
    )


def _commonest(column: str, group: list[str]) -> pl.Expr:
    """The commonest value in each group, the alphabetically first of equals."""
    return pl.col(column).sort().mode(maintain_order=True).first().over(group)


def _labels(corpus: Corpus) -> Finding:
    """Rows whose class is spelled otherwise than in most rows of it: case, spaces, hyphens and underscores."""
    labels = corpus.scan("row", "label").filter(pl.col("label").is_not_null()).collect()
    counts = labels.group_by("label").agg(n=pl.len())
    key = pl.col("label").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\s_\-]+", " ").str.strip_chars()
    named = (
        counts.with_columns(key=key)
        .filter((pl.len().over("key") > 1) & (pl.col("key") != ""))
        .sort("n", "label", descending=[True, False])
        .with_columns(new_label=pl.col("label").first().over("key"))
        .filter(pl.col("label") != pl.col("new_label"))
    )
    rows = labels.join(named, on="label", how="inner").sort("row")
    return Finding.of(
        rows.select("row", "label", "new_label", seen="label", column=pl.lit("label")),
        check="formats",
        kind="labels_variants",
        severity="blocking",
        message="labelled {seen!r}, elsewhere spelled {new_label!r}",
        fix="respell",
    )


def _written(
    written: pl.DataFrame, kind: str, severity: Severity, message: str, *evidence: str, fix: str | None = None
) -> Finding:
    """One line a place, with the first of its findings."""
    first = written.unique(["row", "column"], keep="first", maintain_order=True)
    return Finding.of(
        first.select("row", "column", "source", *evidence, seen="written"),
        check="formats",
        kind=kind,
        severity=severity,
        message=message,
        fix=fix,
    )


def _finding(
    texts: pl.DataFrame,
    kind: str,
    severity: Severity,
    message: str,
    *,
    fix: str | None = None,
    at: str | None = None,
    tail: bool = False,
) -> Finding:
    """Texts with one kind of damage, and what of each is shown: its end, its beginning, or what surrounds a pattern."""
    seen = pl.col("text").str.slice(-SEEN) if tail else pl.col("text").str.slice(0, SEEN)
    if at is not None:
        seen = pl.col("text").str.extract(rf"(?:^|\s)(\S*(?:{at})\S*)")
    return Finding.of(
        texts.select("row", "column", "source", seen=seen),
        check="formats",
        kind=kind,
        severity=severity,
        message=message,
        fix=fix,
    )
