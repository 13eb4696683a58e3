"""Terms of your domain that your rows hardly hold, or that the model's tokenizer cuts to pieces.

The terms are those of the reference documents (:mod:`tunewright.text.terms`). Kinds: ``gaps`` ranks those that
the training rows use fewer than five times by business frequency, gap and distinctiveness, and says how many more
rows should mention each: a quota for labelling or synthesis; it warns when terms that the rows do use enough make up
too little of the documents' use of terms. ``fragmented`` tells the terms of which the tokenizer makes four tokens a
word, or twice as many as of everyday words of that length; they ask for twice the rows. ``few_documents`` says that
there are fewer than 500 documents.

With ``surprisal`` the model itself is asked, where it is a causal one: how much harder it finds the term where it
stands than as many other words of the same documents (two standard deviations count as a gap).
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field

from tunewright.core.context import Target
from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen
from tunewright.models.files import DEFAULT_ENCODER, find_encoder, find_model
from tunewright.models.token_counts import reads_prompts
from tunewright.text.terms import terms, uses_in

ENOUGH_DOCUMENTS = 500
#: A tokenizer cuts a term up at this many tokens a word, or at this many times those of everyday words.
PIECES, TIMES = 4.0, 2.0
SURPRISING = 2.0
#: log2 of how much more the documents use a term; beyond this it is as distinct as it gets.
DISTINCT = 12.0
#: Terms whose surprise is measured: a causal model reads every place and its controls one by one.
MEASURED = 50
NAMED = 3


class Options(Frozen):
    """What a term is, and when the rows hold enough of it."""

    min_documents: int = Field(3, ge=1, description="Documents that must use a term.")
    enough: int = Field(5, ge=1, description="Times the training rows must use a term.")
    coverage: float = Field(
        0.8, ge=0, le=1, description="Share of the documents' uses of terms that are of covered terms; less warns."
    )
    limit: int = Field(200, ge=1, description="Terms that are listed, at most.")
    surprisal: bool = Field(False, description="Also ask a causal model how much the first terms surprise it.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Statements about the terms of the reference documents."""
    documents = corpus.context.references
    if not documents:
        raise NotChecked(
            f"no reference documents were given: name a folder of {ENOUGH_DOCUMENTS} or more texts of your domain as "
            "data.references in tunewright.yaml, or audit a file with --set data.references=DIR"
        )
    vocabulary = terms(pl.Series(documents, dtype=pl.String), min_documents=options.min_documents)
    few = _few(len(documents))
    if vocabulary.is_empty():
        return few
    rows = _training(corpus)
    seen = uses_in(rows, vocabulary["key"]).select(rows_seen="rows", uses_seen="uses")
    counted = pl.concat([vocabulary, seen], how="horizontal")
    tokenized, how = _tokenized(counted, corpus.context.target)
    ranked, surprisal = _surprising(_ranked(tokenized, len(documents), options), corpus, options)
    ranked = _ranked(ranked, len(documents), options)
    facts = {"documents": len(documents), "tokens": how, "surprisal": surprisal, "training_rows": len(rows)}
    return (*few, *_gaps(ranked, options, facts), *_fragmented(ranked, options, facts))


def _few(documents: int) -> tuple[Finding, ...]:
    if documents >= ENOUGH_DOCUMENTS:
        return ()
    message = "only {documents} reference documents: terms that fewer than three of them use are missed"
    facts = {"documents": documents, "enough": ENOUGH_DOCUMENTS}
    return (Finding.about(check="terminology", kind="few_documents", message=message, facts=facts),)


def _training(corpus: Corpus) -> pl.Series:
    """Prompt and answer of every row that is trained on, as far as that is decided."""
    text = pl.concat_str([pl.col("prompt"), pl.col("answer")], separator=" | ", ignore_nulls=True)
    trained = pl.col("split").is_null() | (pl.col("split") == "train")
    return corpus.scan("prompt", "answer", "split").filter(trained).select(text=text).collect()["text"]


def _tokenized(counted: pl.DataFrame, target: Target | None) -> tuple[pl.DataFrame, str]:
    """`counted` with `tokens_per_word` and `usual_tokens`, null with the reason where no tokenizer is at hand."""
    folder, how = _folder(target)
    if folder is None:
        missing = pl.lit(None, pl.Float64)
        return counted.with_columns(tokens_per_word=missing, usual_tokens=missing), how
    from tunewright.text.fragmentation import fragments

    return pl.concat([counted, fragments(counted["term"], folder)], how="horizontal"), how


def _folder(target: Target | None) -> tuple[Path | None, str]:
    """Where the target's tokenizer lies and its name, or None and why it is not read; nothing is downloaded."""
    if target is None:
        return None, "not measured: no model is named to be tuned"
    if find_spec("tokenizers") is None:
        return None, 'not measured: pip install "tunewright[train]"'
    bundled = target.base in ("", DEFAULT_ENCODER)
    if not bundled and not Path(target.base).expanduser().is_dir():
        return None, f"not measured: {target.base} is not a folder here, and an audit downloads nothing"
    folder = (find_encoder() if bundled else find_model(target.base)).folder
    if not (folder / "tokenizer.json").exists():
        return None, f"not measured: {target.base} has no tokenizer.json"
    return folder, f"tokenizer of {target.base or DEFAULT_ENCODER}"


def _ranked(tokenized: pl.DataFrame, documents: int, options: Options) -> pl.DataFrame:
    """Terms with `cut`, `wanted_rows` and `priority`: business frequency × gap × distinctiveness, highest first."""
    times = pl.col("tokens_per_word") / pl.col("usual_tokens")
    cut = ((pl.col("tokens_per_word") >= PIECES) | (times >= TIMES)).fill_null(False)
    lack = 1 - pl.col("uses_seen").clip(upper_bound=options.enough) / options.enough
    surprise = pl.col("surprise") if "surprise" in tokenized.columns else pl.lit(None, pl.Float64)
    surprised = (surprise / (2 * SURPRISING)).clip(0, 1).fill_null(0) * (surprise >= SURPRISING).fill_null(False)
    pieces = pl.when(cut).then(((times - 1) / 2).clip(0, 1).fill_null(0)).otherwise(0)
    enough = options.enough * pl.when(cut).then(2).otherwise(1)
    distinct = pl.col("log_ratio").clip(0, DISTINCT) / DISTINCT
    return (
        tokenized.with_columns(
            cut=cut,
            wanted_rows=(enough - pl.col("uses_seen")).clip(0).cast(pl.Int64),
            priority=(pl.col("documents") / documents * (lack + pieces + surprised) * distinct).round(6),
        )
        .sort(["priority", "keyness", "key"], descending=[True, True, False])
        .with_columns(surprise=surprise)
    )


def _surprising(ranked: pl.DataFrame, corpus: Corpus, options: Options) -> tuple[pl.DataFrame, str]:
    """`ranked` with `surprise` of its first terms, and what was asked."""
    target = corpus.context.target
    if not options.surprisal:
        return ranked, "not asked for"
    if target is None or reads_prompts(target) or not Path(target.base).expanduser().is_dir():
        return ranked, "not measured: it needs a causal model in a folder here as the one to tune"
    from tunewright.models.causal_lm import CausalLM
    from tunewright.models.term_surprise import surprises

    model = CausalLM.load(find_model(target.base).folder)
    first = ranked["term"].head(MEASURED).to_list()
    measured = surprises(model, corpus.context.references, first, progress=corpus.progress)
    padded = measured + [None] * (ranked.height - len(measured))
    return ranked.with_columns(surprise=pl.Series(padded, dtype=pl.Float64)), f"first {len(first)} terms"


def _gaps(ranked: pl.DataFrame, options: Options, facts: dict[str, Any]) -> tuple[Finding, ...]:
    missing = ranked.filter(pl.col("uses_seen") < options.enough)
    if missing.is_empty():
        return ()
    covered = 1 - float(missing["uses"].sum()) / float(ranked["uses"].sum())
    facts = {
        "missing": missing.height,
        "terms": ranked.height,
        "enough": options.enough,
        "first": _first(missing),
        "coverage_of_terms": round(1 - missing.height / ranked.height, 4),
        "coverage_of_uses": round(covered, 4),
        "wanted_rows": int(missing["wanted_rows"].sum()),
        **facts,
        "ranked": _listed(missing, options),
    }
    return (
        Finding.about(
            check="terminology",
            kind="gaps",
            severity="warning" if covered < options.coverage else "info",
            message="{missing} of {terms} terms of your documents are seen fewer than {enough} times; first: {first}",
            facts=facts,
        ),
    )


def _fragmented(ranked: pl.DataFrame, options: Options, facts: dict[str, Any]) -> tuple[Finding, ...]:
    cut = ranked.filter("cut")
    if cut.is_empty():
        return ()
    facts = {
        "fragmented": cut.height,
        "terms": ranked.height,
        "first": _first(cut),
        **facts,
        "ranked": _listed(cut, options),
    }
    message = "{fragmented} of {terms} terms of your documents are cut to pieces by the tokenizer; first: {first}"
    return (Finding.about(check="terminology", kind="fragmented", severity="info", message=message, facts=facts),)


def _first(missing: pl.DataFrame) -> str:
    return ", ".join(missing["term"].head(NAMED))


def _listed(ranked: pl.DataFrame, options: Options) -> list[dict[str, Any]]:
    """The first terms, one entry each."""
    columns = ["term", "kind", "meaning", "documents", "keyness", "tokens_per_word", "usual_tokens", "rows_seen",
               "wanted_rows", "surprise", "priority"]  # fmt: skip
    return ranked.head(options.limit).select(columns).rows(named=True)
