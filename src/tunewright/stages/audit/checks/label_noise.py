"""Rows whose label disagrees with what the other rows of that kind are called.

Confident learning (Northcutt et al. 2021, arXiv 1911.00068) by cleanlab, over out-of-fold probabilities of a linear
head. A flag is a question for a person, never a deletion: of cleanlab's flags on reviewed public sets 55 % (IMDB) to
88 % (20 newsgroups) were real. A row is flagged when it is among those that the noise rate of its pair of labels
allows for (``prune_by_noise_rate``) and the model prefers another label by a margin. cleanlab's ``both`` also wants
it among its class's least likely rows; texts too vague for any label crowd wrong ones out of that list: with every
tenth label confused with its neighbor it finds 0.62 of them where the one rule finds 0.87 (golden base, 10,000 rows,
seeds 0 and 1), for a precision of 0.84 against 0.77 on banking queries with 10 % flips. Classes with too few rows look
like errors and are left out.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from tunewright.core.corpus import Corpus
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.frozen import Frozen
from tunewright.core.machine import cores

NEEDS = ("cleanlab",)
EXTRA = "audit"


class Options(Frozen):
    """What counts as a suspicious label."""

    features: Literal["tfidf", "embeddings"] = Field(
        "tfidf", description="What the head reads: tfidf needs no model; embeddings uses the pinned encoder."
    )
    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation; each row is judged by the others.")
    min_margin: float = Field(0.5, ge=0, le=1, description="Probability by which another label must be preferred.")
    min_class: int = Field(5, ge=2, description="Rows a class needs to be judged; rarer ones look like errors.")
    fit_rows: int = Field(20_000, ge=100, description="Rows each fold's head is fitted on, at most.")
    seed: int = Field(0, description="Seed of the folds.")


def check(corpus: Corpus, options: Options) -> tuple[Finding, ...]:
    """Rows whose label is probably wrong, the likeliest first, with the label that fits better."""
    rows = corpus.scan("row", "label", "prompt").collect()
    # Folds are dealt in the order of the texts, so that the order of the rows changes nothing.
    judged = rows.drop_nulls("label").filter(pl.len().over("label") >= options.min_class).sort("prompt", "label", "row")
    judged = judged.drop("prompt")
    names = judged["label"].unique().sort()
    if len(names) < 2:
        raise NotChecked("labels of at least two classes with enough rows are needed")
    labels = judged["label"].replace_strict(names, pl.Series(range(len(names))), return_dtype=pl.Int64).to_numpy()
    features = _features(corpus, options)[judged["row"].to_numpy()]
    probabilities = out_of_fold(features, labels, len(names), options)
    issues = _issues(labels, probabilities, options)
    own = probabilities[np.arange(len(labels)), labels]
    frame = judged.with_columns(
        suggested=pl.Series(names.gather(probabilities.argmax(axis=1))),
        # Ranked by how much better the other label fits: it orders planted flips better than 1 - own probability.
        score=pl.Series(probabilities.max(axis=1) - own),
    ).filter(pl.Series(issues))
    if frame.is_empty():
        return ()
    return (
        Finding.of(
            frame.select("row", "score", "label", "suggested"),
            check="label_noise",
            kind="suspicious",
            severity="warning",
            message="labelled {label!r}, but rows like it are labelled {suggested!r}",
        ),
    )


def out_of_fold(
    features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], classes: int, options: Options
) -> npt.NDArray[np.float64]:
    """Probability of each class for each row by a head that never saw the row, ``(n, classes)``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    folds = min(options.folds, int(np.bincount(labels, minlength=classes).min()))
    splitter = StratifiedKFold(max(folds, 2), shuffle=True, random_state=options.seed)
    probabilities = np.zeros((len(labels), classes))
    rng = np.random.default_rng(options.seed)

    def judge(train: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> None:
        head = LogisticRegression(C=10, max_iter=100, tol=1e-3).fit(features[train], labels[train])
        probabilities[np.ix_(held, head.classes_)] = head.predict_proba(features[held])

    # One thread a fold: products as small as these are slower on several, and their last bits would depend on how many.
    with threadpool_limits(1), ThreadPoolExecutor(cores()) as pool:
        tasks = []
        for train, held in splitter.split(features, labels):
            few = len(train) <= options.fit_rows
            used = train if few else np.sort(rng.choice(train, options.fit_rows, replace=False))
            tasks.append(pool.submit(judge, used, held))
        for task in tasks:
            task.result()
    return probabilities


def _issues(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], options: Options
) -> npt.NDArray[np.bool_]:
    from cleanlab.filter import find_label_issues

    likely = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    own = probabilities[np.arange(len(labels)), labels]
    return np.asarray(likely & (probabilities.max(axis=1) - own >= options.min_margin), dtype=bool)


def _features(corpus: Corpus, options: Options) -> npt.NDArray[np.float32]:
    if options.features == "embeddings":
        from tunewright.similarity.embeddings import embeddings

        return embeddings(corpus)
    from tunewright.similarity.text_features import text_features

    return text_features(corpus, seed=options.seed)
