"""What happens to a text on its way through exports and mail programs: how it is seen, and how it is undone.

Each kind of damage has an expression that sees it (`is_…`, cheap enough for every row) and a function that mends a
series of texts which have it. Mending twice is mending once, and a text never becomes empty by it.

What counts, and why:

- *Invisible*: zero-width space, word joiner, byte-order mark, soft hyphen and control characters anywhere; joiners
  only beside Latin letters, digits and spaces, since Persian and Indic spelling and emoji need them; zero-width
  spaces not in Thai, Lao, Khmer and Burmese, where they divide words; tag characters unless they spell a flag (they
  also carry hidden instructions).
- *Direction marks*: overrides anywhere (they show another text than a model reads, CVE-2021-42574); embeddings and
  marks only in texts without a right-to-left script.
- *Mojibake*: UTF-8 once read as something else. The candidates are pairs of characters that such an accident leaves;
  ftfy decides, whose heuristic was tuned to one false alarm in six million texts (ftfy.readthedocs.io, heuristic).
- *Markup*: closing tags, line breaks and entities of HTML; texts with code in backticks are left alone.
"""

import html
from collections.abc import Callable

import polars as pl

from tunewright.text.replace_matches import MARK, with_matches_replaced

SPACES = r"[\u{A0}\u{1680}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}]"
CONTROLS = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u{80}-\u{84}\u{86}-\u{9F}]"
ZERO_WIDTH = r"[\u{AD}\u{180E}\u{2060}-\u{2064}\u{FEFF}\u{FFF9}-\u{FFFB}\u{E0001}]|[\u{E0100}-\u{E01EF}]{2,}"
ZERO_WIDTH_SPACE = r"\u{200B}"
DIVIDES_WORDS = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
JOINERS = r"[\u{200C}\u{200D}]+"
PLAIN = r"[\p{Latin}\p{Nd}\p{P}\s]"
TAGS = r"[\u{E0020}-\u{E007F}]+"
FLAG_OR_TAG = r"[^\u{1F3F4}\u{E0020}-\u{E007F}]"
OVERRIDES = r"[\u{202D}\u{202E}]"
MARKS = r"[\u{061C}\u{200E}\u{200F}\u{202A}-\u{202C}\u{2066}-\u{2069}]"
RIGHT_TO_LEFT = r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{Nko}]"

#: What UTF-8 read as Windows-1252, Latin-1, Mac Roman or Windows-1251/1253/1257 leaves: a lead, then a trailing byte.
TRAILING = r"\u{80}-\u{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
MOJIBAKE = (
    rf"[\u{{C2}}-\u{{F4}}][{TRAILING}]|[\u{{80}}-\u{{84}}\u{{86}}-\u{{9F}}]|[ÂÃ] |[√≈‚¬][^\x00-\x7F]"
    r"|вЂ|[ВГРС][\u{80}-\u{BF}Ђ-ЏЎў‚„…†‡€‰‹‘’“”•–—™›ѐ-џҐґ№]|β€|[ΒΓΞΟ][\u{80}-\u{BF}‚„…†‡€‘’“”•–—™]|ā€"
)
#: A word with a character beyond ASCII.
WORD = r"[^ \t\n\r]*[^\x00-\x7F][^ \t\n\r]*"
#: Put behind a word that may still be wrong, until its whole text was judged.
DOUBT = "\ue001"
#: The bytes were replaced when they could not be read; no repair brings them back.
LOST = "\ufffd"

ELEMENTS = (
    "a|abbr|address|article|b|big|blockquote|body|button|center|code|dd|div|dl|dt|em|font|footer|form|h[1-6]|head|header|"
    "html|i|ins|label|li|main|o:p|ol|option|p|pre|s|script|section|select|small|span|strike|strong|style|sub|sup|table|"
    "tbody|td|tfoot|th|thead|title|tr|tt|u|ul"
)
SINGLE = "br|col|hr|img|input|link|meta|wbr"
ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
#: Entities that are seen; any entity is undone once one is seen.
COMMON_ENTITY = (
    r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|nbsp|amp|lt|gt|quot|apos|copy|reg|euro|pound|cent|hellip|[mn]dash|[lr][sd]quo|"
    r"bull|middot|szlig|[aeiouyAEIOUY](?:uml|acute|grave|circ|tilde|ring)|[cC]cedil|[nN]tilde|[oO]slash|[aA][eE]lig);"
)
MARKUP = rf"(?i)</(?:{ELEMENTS})\s*>|<(?:{SINGLE})(?:\s[^<>]*)?/?>|{COMMON_ENTITY}"
CODE = "`"
HIDDEN = r"(?is)<!--.*?-->|<(?:script|style|head|title)\b[^<>]*>.*?</(?:script|style|head|title)\s*>"
BREAKS = r"(?i)<(?:br|hr)\b[^<>]*>|</(?:p|div|tr|h[1-6]|blockquote|table|ul|ol|li|section|article|pre)\s*>"
ITEM = r"(?i)<li(?:\s[^<>]*)?>"
CELL = r"(?i)</t[dh]\s*>"
ANY_TAG = rf"(?i)</?(?:{ELEMENTS}|{SINGLE})(?:\s[^<>]*)?/?>|<!doctype[^<>]*>|<\?xml[^<>]*>"

#: Layers of markup that are undone: an entity inside an entity inside a tag. Beyond that it is an attack, not a mail.
LAYERS = 4

Mend = Callable[[pl.Series], pl.Series]


def not_ascii(column: str) -> pl.Expr:
    """Texts with a character beyond ASCII: the only ones that most damage can be in."""
    return pl.col(column).str.len_bytes() != pl.col(column).str.len_chars()


def has_controls(column: str) -> pl.Expr:
    """Texts with control characters: the invisible ones that even ASCII has."""
    return pl.col(column).str.contains(CONTROLS)


def is_invisible(column: str) -> pl.Expr:
    """Texts with characters that nobody sees and a model reads."""
    text = pl.col(column)
    dividing = text.str.contains(ZERO_WIDTH_SPACE) & ~text.str.contains(DIVIDES_WORDS)
    joining = text.str.contains(rf"(?:{PLAIN}|^){JOINERS}|{JOINERS}(?:{PLAIN}|$)")
    hiding = text.str.contains(rf"(?:{FLAG_OR_TAG}|^){TAGS}")
    return has_controls(column) | text.str.contains(ZERO_WIDTH) | dividing | joining | hiding


def is_misdirected(column: str) -> pl.Expr:
    """Texts with characters that turn the direction of what is shown."""
    text = pl.col(column)
    idle = text.str.contains(MARKS) & ~text.str.contains(RIGHT_TO_LEFT)
    return text.str.contains(OVERRIDES) | idle


def may_be_mojibake(column: str) -> pl.Expr:
    """Texts with a pair of characters that a wrong decoding leaves; :func:`mended_mojibake` says whether it did."""
    return pl.col(column).str.contains(MOJIBAKE)


def may_be_marked_up(column: str) -> pl.Expr:
    """Texts with a sign without which there is no HTML."""
    return pl.col(column).str.contains_any(["<", "&"])


def is_marked_up(column: str) -> pl.Expr:
    """Texts with HTML in them that is not talked about as code."""
    text = pl.col(column)
    return text.str.contains(MARKUP) & ~text.str.contains(CODE, literal=True)


def may_be_decomposed(column: str) -> pl.Expr:
    """Texts with a character from U+0300 on: every one below is composed already."""
    return pl.col(column).str.contains(r"[^\x00-\u{2FF}]")


def is_decomposed(column: str) -> pl.Expr:
    """Texts whose letters and accents are apart (not NFC): another sequence of tokens for the same sight."""
    return pl.col(column).str.normalize("NFC") != pl.col(column)


def is_ragged(column: str) -> pl.Expr:
    """Texts with space around them, runs of spaces, other spaces than the plain one, or carriage returns."""
    text = pl.col(column)
    return text.str.contains(rf"^\s|\s$|\S[ \t]{{2,}}\S|\r|[ \t]\n|\n{{4,}}|{SPACES}|[\u{{85}}\u{{2028}}\u{{2029}}]")


def mended_mojibake(texts: pl.Series) -> pl.Series:
    """Each text as it was before it was read wrongly; texts that were not are as they are."""
    import ftfy

    # ftfy judges one text at a time, which takes 0.1 ms. Different words are few, so they come first; where one is left
    # that looks wrong, the whole text is judged, whose other words may give the encoding away.
    candidate = _of(texts, may_be_mojibake("text").fill_null(value=False))
    words = with_matches_replaced(_only(texts, candidate), WORD, _mended_words)
    # A text that holds either sign by itself is judged as a whole too.
    doubtful = words.str.contains(f"{MARK}|{DOUBT}").fill_null(value=False)
    whole = texts.filter(doubtful).unique()
    fixed = pl.Series([ftfy.fix_encoding(text) for text in whole], dtype=pl.String)
    known = pl.DataFrame({"text": whole, "fixed": fixed})
    judged = _only(texts, doubtful).rename("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    return pl.select(pl.coalesce(judged["fixed"], words, texts)).to_series()


def _mended_words(words: pl.Series) -> list[str]:
    """Each word mended, and marked where it is as it was and may be wrong, or looks wrong still."""
    import ftfy

    odd = words.str.contains(rf"{MOJIBAKE}|[ÂÃ]$|{MARK}")
    mended = []
    for word, is_odd in zip(words, odd, strict=True):
        new = ftfy.fix_encoding(word)
        # "Ã" before a space was "à" and a no-break space; only the text around the word shows that.
        doubt = (is_odd and new == word) or new.endswith(("Â", "Ã")) or ftfy.badness.is_bad(new)
        mended.append(new + DOUBT if doubt else new)
    return mended


def mended_invisible(texts: pl.Series) -> pl.Series:
    """Without the characters of :func:`is_invisible`."""
    text = pl.col("text")
    seen = text.str.replace_all(f"{CONTROLS}|{ZERO_WIDTH}", "")
    seen = pl.when(text.str.contains(DIVIDES_WORDS)).then(seen).otherwise(seen.str.replace_all(ZERO_WIDTH_SPACE, ""))
    seen = seen.str.replace_all(rf"({PLAIN}|^){JOINERS}", "${1}").str.replace_all(rf"{JOINERS}({PLAIN}|$)", "${1}")
    return _of(texts, seen.str.replace_all(rf"({FLAG_OR_TAG}|^){TAGS}", "${1}"))


def mended_direction(texts: pl.Series) -> pl.Series:
    """Without overrides, and without idle marks."""
    text = pl.col("text").str.replace_all(OVERRIDES, "")
    return _of(
        texts, pl.when(pl.col("text").str.contains(RIGHT_TO_LEFT)).then(text).otherwise(text.str.replace_all(MARKS, ""))
    )


def mended_markup(texts: pl.Series) -> pl.Series:
    """The words without the tags, a line where a block ended, entities as the signs they stand for."""
    mended = texts
    for _ in range(LAYERS):
        left = mended.is_in(mended.filter(_of(mended, is_marked_up("text"))).implode())
        if not left.any():
            break
        mended = mended.zip_with(~left, _without_tags(mended))
    return mended


def mended_composition(texts: pl.Series) -> pl.Series:
    """In Unicode's composed form (NFC)."""
    return texts.str.normalize("NFC")


def mended_space(texts: pl.Series) -> pl.Series:
    """Plain spaces, one between words, no space at the ends of lines; indentation stays."""
    plain = texts.str.replace_all(r"\r\n?|[\u{85}\u{2028}\u{2029}]", "\n").str.replace_all(SPACES, " ")
    single = plain.str.replace_all(r"(\S)[ \t]{2,}", "${1} ").str.replace_all(r"[ \t]+\n", "\n")
    return single.str.replace_all(r"\n{4,}", "\n\n\n").str.strip_chars()


def _without_tags(texts: pl.Series) -> pl.Series:
    bare = texts.str.replace_all(HIDDEN, " ").str.replace_all(BREAKS, "\n").str.replace_all(ITEM, "- ")
    bare = bare.str.replace_all(CELL, " ").str.replace_all(ANY_TAG, "")
    # Entities have no columnar form; the few different ones are looked up once each.
    bare = with_matches_replaced(bare, ENTITY, lambda entities: [html.unescape(entity) for entity in entities])
    bare = (
        bare.str.replace_all(r"[ \t\u{A0}]+", " ").str.replace_all(r" ?\n ?", "\n").str.replace_all(r"\n{3,}", "\n\n")
    )
    return bare.str.strip_chars()


def _only(texts: pl.Series, mask: pl.Series) -> pl.Series:
    """`texts` where `mask` is true, null elsewhere."""
    return pl.select(pl.when(mask).then(texts)).to_series()


def _of(texts: pl.Series, expression: pl.Expr) -> pl.Series:
    return texts.rename("text").to_frame().select(expression).to_series()
