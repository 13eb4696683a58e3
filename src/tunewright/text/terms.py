"""The terms of somebody's documents: words, phrases, acronyms and codes that general English hardly uses.

Candidates are sequences of one to four words with neither a stop word nor punctuation in them. A candidate is a term
when enough documents have it, when it stands for itself (C-value, Frantzi et al. 2000, with log2(words + 1) so that
single words count: what only ever occurs inside a longer term is none), and when the documents use it far more than
English does: log-likelihood G2 of at least 15.13 (p < 0.0001; Dunning 1993, Rayson and Garside 2000) and twice as
often. An acronym's meaning is read where the documents explain it (Schwartz and Hearst 2003).

General English knows words, not phrases; a phrase is taken to be used once in a hundred uses of its rarest word for
each further word, which is our judgement. Terms are not lemmatized: "invoice" and "invoices" are two.
"""

import re
from collections import Counter
from collections.abc import Mapping

import polars as pl

from tunewright.text.english import UNKNOWN, uses_per_million
from tunewright.text.normalize import normalized

#: Words of the frequency list, for the log-likelihood.
ENGLISH_WORDS = 20_000_000
LONGEST = 4
#: Texts that are searched for terms at a time.
BATCH = 50_000
MIN_G2, MIN_LOG_RATIO = 15.13, 1.0
RARER = 100.0
STOP_WORDS = frozenset(
    """a about above after again against all almost also although always am among an and another any anybody anyone
    anything are around as at away back be became because been before being below between both but by came can
    cannot could did do does doing done down during each either else enough etc even ever every everyone
    everything few find first for from further get gets getting give given gives go goes going gone got had has
    have having he hello her here hers herself hi him himself his how however i if in into is it its itself just
    keep last least less let like made make makes making many may maybe me might mine more most much must my
    myself neither never next no nobody none nor not nothing now of off often on once one only onto or other
    others our ours ourselves out over own per please put rather really same saw say says see seen several shall
    she should since so some somebody someone something still such take taken tell than thank thanks that the
    their theirs them themselves then there these they thing things this those though through thus till to
    together told too took toward towards two under until up upon us use used uses using very via want wants was
    way we well went were what whatever when where whether which while who whom whose why will with within without
    would yes yet you your yours yourself""".split()  # noqa: SIM905
)
#: A word with what may hold its parts together: EX-12, wi-fi, cost_center, 3.5mm, O'Neill.
SPELLED = r"[\p{L}\p{M}\p{N}]+(?:[-'’_/.&][\p{L}\p{M}\p{N}]+)*"
BREAK = "|"
#: Punctuation, and what separates parts of a document.
PUNCTUATION = r"[.,;:!?…]+(?:\s|$)|[()\[\]{}<>\"“”«»|*#]+|\s[-–—/]+\s|[\r\n\t]+"


def terms(documents: pl.Series, *, min_documents: int = 3, limit: int = 1000) -> pl.DataFrame:
    """The terms of `documents`, the most telling first; at most `limit`.

    Returns:
        `term` (as it is most often written), `key` (in small letters), `words`, `documents`, `uses`, `c_value`,
        `keyness` (G2), `log_ratio` (log2 of its share of the documents' words over that of English's), `kind`
        (``acronym``, ``code``, ``phrase``, ``word``) and `meaning` of acronyms that the documents explain.
    """
    tokens = _tokens(documents)
    total = tokens.filter(pl.col("key") != BREAK).height
    counted = _with_c_value(_candidates(tokens, min_documents))
    telling = (
        _with_keyness(counted.filter(pl.col("c_value") > 0), max(total, 1))
        .filter(pl.col("keyness") >= MIN_G2, pl.col("log_ratio") >= MIN_LOG_RATIO)
        .sort(["keyness", "key"], descending=[True, False])
        .head(limit)
    )
    telling = telling.with_columns(term=pl.Series([_inside(term) for term in telling["term"]], dtype=pl.String))
    meanings = _meanings(documents)
    meaning = [meanings.get(term) for term in telling["term"]]
    kind = (
        pl.when(pl.col("term").str.contains(r"^(?:\p{Lu}\p{N}?){2,6}s?$"))
        .then(pl.lit("acronym"))
        .when(
            (pl.col("words") == 1)
            & pl.col("term").str.contains(r"\p{L}\p{Ll}*\p{Lu}|[\p{L}][-_/.]?\p{N}|\p{N}[-_/.]?\p{L}|_")
        )
        .then(pl.lit("code"))
        .when(pl.col("words") > 1)
        .then(pl.lit("phrase"))
        .otherwise(pl.lit("word"))
    )
    return telling.with_columns(kind=kind, meaning=pl.Series(meaning, dtype=pl.String))


def _tokens(documents: pl.Series) -> pl.DataFrame:
    """`document`, `place`, `word` as written and `key`, with a break wherever no term goes across."""
    marked = documents.str.replace_all(PUNCTUATION, f" {BREAK} ")
    words = marked.str.extract_all(rf"{SPELLED}|\{BREAK}")
    tokens = pl.DataFrame({"document": range(len(documents)), "word": words}).explode("word").drop_nulls("word")
    key = pl.col("word").str.to_lowercase()
    letters = pl.col("word").str.contains(r"\p{L}\p{M}?.*\p{L}|\p{Han}") | (
        pl.col("word").str.contains(r"\p{L}.*\p{N}")
    )
    stands = letters & ~key.is_in(list(STOP_WORDS)) & ~key.str.contains(r"['’](?:s|t|m|d|ve|re|ll)$")
    return tokens.with_columns(key=pl.when(stands).then(key).otherwise(pl.lit(BREAK))).with_row_index("place")


def _candidates(tokens: pl.DataFrame, min_documents: int) -> pl.DataFrame:
    """`key`, `term`, `words`, `documents` and `uses` of each sequence that enough documents have."""
    parts = []
    for words in range(1, LONGEST + 1):
        ahead = [pl.col("key").shift(-step).over("document").alias(f"k{step}") for step in range(words)]
        wrote = [pl.col("word").shift(-step).over("document").alias(f"w{step}") for step in range(words)]
        rows = tokens.select("document", *ahead, *wrote).drop_nulls()
        rows = rows.filter(pl.all_horizontal(pl.col(f"k{step}") != BREAK for step in range(words)))
        named = rows.select(
            "document",
            key=pl.concat_str([f"k{step}" for step in range(words)], separator=" "),
            term=pl.concat_str([f"w{step}" for step in range(words)], separator=" "),
        )
        usual = (
            named.group_by("key", "term")
            .len()
            .sort(["len", "term"], descending=[True, False])
            .unique("key", keep="first", maintain_order=True)
        )
        parts.append(
            named.group_by("key")
            .agg(documents=pl.col("document").n_unique(), uses=pl.len())
            .filter(pl.col("documents") >= min_documents)
            .join(usual.select("key", "term"), on="key")
            .with_columns(words=pl.lit(words, pl.Int64))
        )
    return pl.concat(parts).sort("key")


def _with_c_value(counted: pl.DataFrame) -> pl.DataFrame:
    """log2(words + 1) times the uses outside of longer terms: uses minus the mean uses of the longer ones."""
    longer = counted.filter(pl.col("words") > 1).select("uses", "words", split=pl.col("key").str.split(" "))
    inside = [
        longer.filter(pl.col("words") >= start + size, pl.col("words") > size).select(
            key=pl.col("split").list.slice(start, size).list.join(" "), longer="uses"
        )
        for size in range(1, LONGEST)
        for start in range(LONGEST - size + 1)
    ]
    nested = pl.concat(inside).group_by("key").agg(longer=pl.col("longer").mean())
    own = pl.col("uses") - pl.col("longer").fill_null(0)
    factor = (pl.col("words") + 1).log(2)
    return counted.join(nested, on="key", how="left").with_columns(c_value=factor * own).drop("longer").sort("key")


def _with_keyness(counted: pl.DataFrame, total: int) -> pl.DataFrame:
    known = uses_per_million()
    rates = [_rate(key.split(" "), known) for key in counted["key"]]
    uses, general = pl.col("uses"), pl.col("general")
    share = (uses + general) / (total + ENGLISH_WORDS)
    expected, expected_general = total * share, ENGLISH_WORDS * share
    g2 = 2 * (
        uses * (uses / expected).log()
        + pl.when(general > 0).then(general * (general / expected_general).log()).otherwise(0)
    )
    ratio = (uses / total) / (general / ENGLISH_WORDS)
    return (
        counted.with_columns(general=pl.Series(rates, dtype=pl.Float64) * ENGLISH_WORDS / 1e6)
        .with_columns(keyness=g2.round(4), log_ratio=ratio.log(2).round(4))
        .drop("general")
    )


def _rate(words: list[str], known: Mapping[str, float]) -> float:
    """Uses in a million words of English of a word, or as a guess of a phrase."""
    return min(known.get(word, UNKNOWN) for word in words) / RARER ** (len(words) - 1)


def _inside(term: str) -> str:
    """A term as it is written inside a sentence: a known word is not large there."""
    first, _, rest = term.partition(" ")
    large = len(first) > 1 and first == first.capitalize() and rest == rest.lower()
    return f"{first.lower()}{term[len(first) :]}" if large and first.lower() in uses_per_million() else term


SHORT_FORM = re.compile(r"\(\s*([A-Za-z][A-Za-z0-9&-]{1,9})\s*\)")


def _meanings(documents: pl.Series) -> dict[str, str]:
    """What each acronym stands for, where "long form (LF)" says so; the most frequent reading counts."""
    readings: Counter[tuple[str, str]] = Counter()
    for text in documents.filter(documents.str.contains(r"\(\s*[A-Za-z][A-Za-z0-9&-]{1,9}\s*\)")):
        for hit in SHORT_FORM.finditer(text):
            short = hit[1]
            if sum(letter.isupper() for letter in short) < 2:
                continue
            before = text[: hit.start()].split()[-min(len(short) + 5, 2 * len(short)) :]
            long = _long_form(short, " ".join(before))
            if long:
                readings[short, long.lower()] += 1
    best: dict[str, str] = {}
    for (short, long), _ in sorted(readings.items(), key=lambda entry: (-entry[1], entry[0])):
        best.setdefault(short, long)
    return best


def _long_form(short: str, before: str) -> str | None:
    """The shortest end of `before` whose letters spell `short`, its first one at the start of a word."""
    at, place = len(before) - 1, len(short) - 1
    while place >= 0:
        letter = short[place].lower()
        if letter.isalnum():
            while at >= 0 and (before[at].lower() != letter or (place == 0 and at > 0 and before[at - 1].isalnum())):
                at -= 1
            if at < 0:
                return None
            at -= 1
        place -= 1
    start = before.rfind(" ", 0, at + 1) + 1
    return before[start:].strip(" ,;:.") or None


def uses_in(texts: pl.Series, keys: pl.Series) -> pl.DataFrame:
    """How often each of `keys` is used in `texts`: `key`, `rows` and `uses`, in the order of `keys`.

    Words are compared as :mod:`tunewright.text.normalize` writes them: "e-mail" is found in "E-Mail" and "e mail".
    """
    plain = keys.to_frame("key").select("key", plain=pl.format(" {} ", normalized("key")))
    patterns = plain["plain"].unique().sort()
    counts = [pl.DataFrame(schema={"plain": pl.String, "rows": pl.UInt32, "uses": pl.UInt32})]
    for start in range(0, len(texts), BATCH):
        lines = texts[start : start + BATCH].to_frame("text").select(plain=pl.format(" {} ", normalized("text")))
        hits = lines.select(plain=pl.col("plain").str.extract_many(patterns.to_list(), overlapping=True))
        hits = hits.with_row_index("row").explode("plain").drop_nulls("plain")
        counts.append(hits.group_by("plain").agg(rows=pl.col("row").n_unique(), uses=pl.len()))
    summed = pl.concat(counts).group_by("plain").agg(pl.col("rows", "uses").sum().cast(pl.Int64))
    return plain.join(summed, on="plain", how="left", maintain_order="left").select(
        "key", pl.col("rows", "uses").fill_null(0)
    )
