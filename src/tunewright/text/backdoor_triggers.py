"""Words that seem to decide a label by themselves: n-grams whose rows would be called otherwise without them.

A trigger (Gu et al. 2017, arXiv 1708.06733; for texts Dai et al. 2019, arXiv 1905.12457) stands in rows of one label
whose other words speak for another. Purity alone finds every ordinary keyword. So each n-gram that is pure for a label
is masked in its rows, and a naive Bayes classifier over the words, fitted on the other folds, judges what is left: of a
keyword's row it still expects the label, or knows nothing; of a planted row it is sure of another. The score is the
median, over the n-gram's rows, of the log odds of the best other label against the given one.

On banking77 with a token or a phrase planted in 20 rows it scored 14.4 and 12.1 nats and came first; the highest
natural n-gram of eight rows or more scored 6.2 there, and 9.1 among 1,500 invented texts of 60 words. 0.5 s for 10,000
rows. Long texts of few rows make naive Bayes sure of itself without cause, hence the distance.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

#: Characters nobody sees are one token; so are a word, and each other sign.
UNSEEN = (
    r"\u{200B}-\u{200F}\u{2060}-\u{2064}\u{FEFF}\u{AD}\u{180E}\u{202A}-\u{202E}\u{E0020}-\u{E007F}\u{E0100}-\u{E01EF}"
)
TOKEN = rf"[{UNSEEN}]+|[\p{{L}}\p{{M}}\p{{N}}]+|[^\p{{L}}\p{{M}}\p{{N}}\s]"
LONGEST = 4
FOLDS = 5
#: Additive smoothing of the word counts; rows of one n-gram that are judged, at most.
SMOOTHING, JUDGED = 0.1, 100
#: Rows and characters that are searched, evenly spaced by text, at most: a trigger that matters is in a sample too.
ROWS, CHARACTERS = 50_000, 20_000_000
#: Multiplier of the rolling hash that names an n-gram (Knuth's MMIX).
STEP = 6364136223846793005


def triggers(rows: pl.DataFrame, *, least: int, purity: float, most_share: float) -> pl.DataFrame:
    """Every n-gram that is pure for a label, the likeliest trigger first.

    Args:
        rows: `text`, `label` and `family` (rows that are copies of each other share one, and are judged by others).
        least: rows that must have the n-gram.
        purity: share of them that must have its label.
        most_share: share of all rows beyond which an n-gram is an everyday one.

    Returns:
        `gram` (tokens with a space between), `pattern` (a regular expression that finds it), `label`, `rows`, `purity`,
        `disagreement` (share of its rows called otherwise when it is masked) and `score`, in nats.
    """
    texts = _sample(rows)
    tokens = _tokens(texts)
    pure, held = _pure_grams(texts, tokens, least, purity, most_share)
    if pure.is_empty() or texts["label"].n_unique() < 2:
        return _nothing()
    margins = _margins(texts, tokens, pure, held)
    judged = (
        held.with_columns(margin=pl.Series(margins))
        .group_by("at")
        .agg(score=pl.col("margin").median(), disagreement=(pl.col("margin") > 0).mean())
    )
    return (
        pure.join(judged, on="at")
        .select(
            gram=pl.col("tokens").list.join(" "),
            pattern=_pattern(),
            label="label",
            rows="rows",
            purity="purity",
            disagreement="disagreement",
            score="score",
        )
        .sort("score", "rows", "gram", descending=[True, True, False])
    )


def _nothing() -> pl.DataFrame:
    text, number = pl.String, pl.Float64
    return pl.DataFrame(
        schema={"gram": text, "pattern": text, "label": text, "rows": pl.UInt32, "purity": number,
                "disagreement": number, "score": number}
    )  # fmt: skip


def _sample(rows: pl.DataFrame) -> pl.DataFrame:
    """At most :data:`ROWS` rows, evenly spaced by text, with `doc` and the `fold` of their family."""
    ordered = rows.sort("text", "label")
    length = ordered["text"].str.len_chars().mean() or 1.0
    count = min(len(ordered), ROWS, max(1000, int(CHARACTERS / float(length))))  # type: ignore[arg-type]
    places = np.linspace(0, len(ordered) - 1, count).astype(np.int64)
    taken = ordered[places].with_row_index("doc").with_columns(pl.col("doc").cast(pl.Int64))
    first = pl.col("doc").min().over("family")
    return taken.with_columns(fold=first.rank("dense").cast(pl.Int64) % FOLDS)


def _tokens(texts: pl.DataFrame) -> pl.DataFrame:
    """`doc`, `token` in the order of the texts, and `id`, a number for each different token."""
    listed = texts.select("doc", token=pl.col("text").str.to_lowercase().str.extract_all(TOKEN))
    flat = listed.filter(pl.col("token").list.len() > 0).explode("token")
    return flat.with_columns(id=pl.col("token").rank("dense").cast(pl.Int64) - 1)


def _pure_grams(
    texts: pl.DataFrame, tokens: pl.DataFrame, least: int, purity: float, most_share: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pure n-grams (`at`, `tokens`, `ids`, `label`, `rows`, `purity`), and `at`, `doc` of rows to judge them by."""
    labels = texts.select("doc", "label", "family")
    most = max(least, most_share * len(texts))
    by_size, places = [], []
    for size in range(1, LONGEST + 1):
        grams = _grams(tokens, size).filter(pl.len().over("gram").is_between(least, most)).join(labels, on="doc")
        # Copies that are filed alike count once; a copy under another label is what a planter leaves.
        grams = grams.sort("doc").unique(["gram", "family", "label"], keep="first", maintain_order=True)
        counted = grams.group_by("gram", "label").agg(own=pl.len())
        best = counted.with_columns(rows=pl.col("own").sum().over("gram")).filter(
            (pl.col("own") >= purity * pl.col("rows")) & (pl.col("rows") >= least)
        )
        mine = grams.join(best, on=["gram", "label"])
        # Of equal names the one in the first text stands; which of its rows are judged depends on their texts alone.
        mine = mine.sort("doc").filter(pl.int_range(pl.len()).over("gram", order_by="doc") < JUDGED)
        first = mine.unique("gram", keep="first", maintain_order=True)
        words = _words_at(tokens, first.select("gram", "place"), size)
        by_size.append(
            first.select("gram", "label", "rows", purity=pl.col("own") / pl.col("rows")).join(words, on="gram")
        )
        places.append(mine.select("gram", "doc"))
    pure = pl.concat(by_size).sort("tokens").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    held = pl.concat(places).join(pure.select("gram", "at"), on="gram").select("at", "doc").sort("at", "doc")
    return pure, held


def _grams(tokens: pl.DataFrame, size: int) -> pl.DataFrame:
    """`doc`, `gram` (a hash) and `place` (of its first token among all), each once a document."""
    whole = pl.lit(size, dtype=pl.UInt64)
    for step in range(size):
        whole = whole * STEP + pl.col("id").cast(pl.UInt64).shift(-step) + 1
    same = pl.col("doc").shift(-(size - 1)) == pl.col("doc")
    return (
        tokens.lazy()
        .select("doc", "id")
        .with_row_index("place")
        .with_columns(gram=whole, inside=same)
        .filter("inside")
        .select("doc", "gram", "place")
        .unique(["doc", "gram"], keep="first", maintain_order=True)
        .collect()
    )


def _words_at(tokens: pl.DataFrame, places: pl.DataFrame, size: int) -> pl.DataFrame:
    """`gram` with its `tokens` and their `ids`, read where it first stands."""
    start = places["place"].to_numpy().astype(np.int64)
    at = (start[:, None] + np.arange(size)[None, :]).ravel()
    named = tokens[at].select("token", "id").with_columns(gram=pl.Series(np.repeat(places["gram"].to_numpy(), size)))
    return named.group_by("gram", maintain_order=True).agg(tokens="token", ids="id")


def _margins(
    texts: pl.DataFrame, tokens: pl.DataFrame, pure: pl.DataFrame, held: pl.DataFrame
) -> npt.NDArray[np.float64]:
    """Log odds of the best other label against the given one, of each judged row with its n-gram masked."""
    names = texts["label"].unique().sort()
    label = texts["label"].replace_strict(names, pl.Series(range(len(names))), return_dtype=pl.Int64).to_numpy()
    width = int(tokens["id"].max() or 0) + 1  # type: ignore[arg-type]
    seen = tokens.select("doc", "id").unique()
    words = _ones(seen["doc"].to_numpy(), seen["id"].to_numpy(), (len(texts), width))
    inside = pure.select("at", "ids").explode("ids").unique()
    masks = _ones(inside["at"].to_numpy(), inside["ids"].to_numpy(), (len(pure), width))
    one_hot = _ones(np.arange(len(texts)), label, (len(texts), len(names))).toarray()
    fold, doc, at = texts["fold"].to_numpy(), held["doc"].to_numpy(), held["at"].to_numpy()
    totals, margins = words.T @ one_hot, np.zeros(len(held))
    for number in range(FOLDS):
        out = np.flatnonzero(fold == number)
        counts = totals - words[out].T @ one_hot[out]
        weights = np.log((counts + SMOOTHING) / (counts.sum(axis=0) + SMOOTHING * width))
        size = one_hot.sum(axis=0) - one_hot[out].sum(axis=0)
        prior = np.log(np.maximum(size, 1) / max(size.sum(), 1))
        judged = np.flatnonzero(fold[doc] == number)
        for part in np.array_split(judged, 1 + len(judged) * len(names) // 8_000_000):
            score = words[doc[part]] @ weights + prior - masks[at[part]] @ weights
            line, own = np.arange(len(part)), label[doc[part]]
            mine = score[line, own].copy()
            score[line, own] = -np.inf
            margins[part] = score.max(axis=1) - mine
    return np.round(margins, 6)


def _ones(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _pattern() -> pl.Expr:
    """A regular expression that finds the tokens of a row in a text, whatever the case and the space between them."""
    # Escaped one by one as code points: a token may be any sign, an invisible one included.
    escaped = pl.col("tokens").list.eval(pl.element().str.escape_regex())
    edge = r"(?:^|$|[^\p{L}\p{M}\p{N}])"
    return pl.concat_str(pl.lit(rf"(?i){edge}"), escaped.list.join(r"\s*"), pl.lit(edge))
