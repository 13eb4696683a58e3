"""Microsoft Presidio as a second detector: what it finds in texts, under our names of types.

With one of spaCy's English models installed Presidio reads with it; without one, its pattern recognizers read alone,
over words that an empty spaCy pipeline has cut. Nothing is downloaded. Presidio takes one text at a time: about 350
tickets of 70 words a second with patterns alone, on one core, and far fewer with a model.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import polars as pl

from tunewright.core.errors import ExitCode, UserError
from tunewright.core.progress import SILENT, Progress, tracked
from tunewright.pii.types import pii_types

#: Models that are looked for, the best first.
MODELS = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm")
#: What Presidio is this sure of is kept; below lie numbers of the right length without a word that names them.
SURE = 0.4
#: Longer texts are read in pieces of so many characters; spaCy's models refuse a million.
PIECE = 100_000
FOUND = {"item": pl.Int64, "start": pl.Int64, "end": pl.Int64, "type": pl.String, "score": pl.Float64}


def presidio_spans(texts: pl.DataFrame, types: frozenset[str], progress: Progress = SILENT) -> pl.DataFrame:
    """`item`, `start`, `end`, `type`, `score` of what Presidio finds in `texts` (`item`, `text`); spans may overlap.

    Raises:
        UserError: E-ENV-001 when Presidio is not installed.
    """
    engine, _ = _engine()
    ours = {theirs: name for name, kind in pii_types().items() for theirs in kind.presidio if name in types}
    known = texts.drop_nulls("text").group_by("text", maintain_order=True).agg("item")
    hits = list[tuple[int, int, int, str, float]]()
    every = tracked(known["text"].to_list(), progress, "presidio", known.height, "texts")
    for index, text in enumerate(every):
        for base in range(0, len(text), PIECE):
            for hit in engine.analyze(text=text[base : base + PIECE], language="en", score_threshold=SURE):
                if hit.entity_type in ours:
                    hits.append((index, base + hit.start, base + hit.end, ours[hit.entity_type], float(hit.score)))
    frame = pl.DataFrame(
        hits, schema={"text": pl.Int64, **{name: FOUND[name] for name in list(FOUND)[1:]}}, orient="row"
    )
    items = known.select(text=pl.int_range(pl.len(), dtype=pl.Int64), item="item").explode("item")
    return items.join(frame, on="text", maintain_order="left_right").select(*FOUND).cast(pl.Schema(FOUND))


def presidio_reads_with() -> str:
    """Which of spaCy's models Presidio reads with, or that it has none.

    Raises:
        UserError: E-ENV-001 when Presidio is not installed.
    """
    return _engine()[1]


def model_there() -> str:
    """The best of `MODELS` that is installed, an empty string when none is."""
    return next((name for name in MODELS if find_spec(name) is not None), "")


@cache
def _engine() -> tuple[Any, str]:
    if find_spec("presidio_analyzer") is None:
        raise UserError(
            "E-ENV-001",
            "The check 'pii' was asked for presidio as its second detector, which is not installed.",
            fix='pip install "tunewright[pii]", or take `second: presidio` out of the settings',
            exit_code=ExitCode.RESOURCES,
        )
    _stay_offline()
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine

    name = model_there()
    if name:
        models = [{"lang_code": "en", "model_name": name}]
        provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
        return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"]), name
    blank = SpacyNlpEngine()
    blank.nlp = {
        "en": import_module("spacy").blank("en")
    }  # Presidio's documented way to hand over a pipeline that is loaded already
    engine = AnalyzerEngine(nlp_engine=blank, supported_languages=["en"])
    return engine, "patterns only: none of spaCy's English models is installed"


def _stay_offline() -> None:
    """Let tldextract, which Presidio asks about the ends of e-mail addresses, read the list that it ships with."""
    import_module("tldextract.tldextract").TLD_EXTRACTOR.suffix_list_urls = ()
