"""Which column is the text, the label, the answer: by whole words of its name, then by what it holds."""

import re
from dataclasses import dataclass, field

import polars as pl

from tunewright.core.dataset import Task
from tunewright.stages.intake.records import spread

#: Whole words of a column's name for each role, the surest first (formats notes, section 7).
WORDS = {
    "label": ("label", "category", "intent", "class", "topic", "tag", "queue", "department", "reason", "decision"),
    "answer": ("answer", "response", "output", "reply", "completion", "resolution"),
    "prompt": ("prompt", "text", "message", "question", "query", "utterance", "body", "ticket", "description",
               "content", "instruction", "input", "comment", "review", "sentence"),
    "split": ("split",),
    "source_id": ("source", "channel"),
    "weight": ("weight",),
    "system": ("system",),
    "subject_token": ("customer", "subject", "user", "patient", "client"),
}  # fmt: skip
SKIPPED = {"id", "date", "time", "score", "number", "url", "created", "updated", "uuid", "key", "at", "received"}
SURE, BY_NAME, BY_CONTENT, UNSURE = 0.97, 0.92, 0.8, 0.6
MAX_LABELS = 300
SAMPLE = 20_000
#: More distinct numbers than this are amounts, not codes of classes.
MAX_CODES = 50


@dataclass
class Guess:
    """Roles of columns with how sure the guess is, and why."""

    columns: dict[str, str] = field(default_factory=dict)
    task: Task = "classify"
    confidence: float = 1.0
    reasons: list[str] = field(default_factory=list)


def guess_roles(frame: pl.DataFrame, named: dict[str, str], task: str) -> Guess:
    """The roles of `frame`'s columns; what was `named` stands."""
    guess = Guess(columns=dict(named))
    # From everywhere, as one file began with 20,000 empty answers.
    sample = frame[spread(frame.height, SAMPLE)].select(
        name for name, kind in frame.schema.items() if not kind.is_nested()
    )
    free = [name for name in sample.columns if name not in named.values() and not _holds_lists(sample[name])]
    texts = {name: _profile(sample[name]) for name in free}
    for role in ("split", "system", "weight", "label", "answer", "prompt"):
        if role not in guess.columns:
            _take(role, free, texts, guess)
    _answers_that_are_labels(texts, named, task, guess)
    if "prompt" not in guess.columns:
        long = [name for name in free if texts[name].words >= 2 and not _words(name) & SKIPPED]
        if long:
            best = max(long, key=lambda name: texts[name].words)
            _assign("prompt", best, BY_CONTENT, "the longest texts", free, guess)
    if "label" not in guess.columns and "answer" not in guess.columns:
        few = [name for name in free if texts[name].labels and not _words(name) & SKIPPED]
        if few:
            best = min(few, key=lambda name: (texts[name].words, -texts[name].distinct))
            sure = BY_CONTENT if len(few) == 1 else UNSURE
            _assign("label", best, sure, f"{texts[best].distinct} short values that repeat", free, guess)
    for role in ("source_id", "subject_token"):
        if role not in guess.columns:
            _take(role, free, texts, guess, optional=True)
    guess.task = _task(guess, task)
    return guess


def _answers_that_are_labels(
    texts: dict[str, "_ColumnProfile"], named: dict[str, str], task: str, guess: Guess
) -> None:
    """Answers such as yes and no are classes; whether they are meant so is for a person to say."""
    name = guess.columns.get("answer", "")
    if "label" in guess.columns or "answer" in named or task == "reply" or name not in texts:
        return
    if texts[name].labels and texts[name].distinct <= MAX_CODES:
        del guess.columns["answer"]
        guess.columns["label"] = name
        guess.confidence = min(guess.confidence, BY_CONTENT)
        guess.reasons.append(f"{name!r} has {texts[name].distinct} short values that repeat: classify, or reply?")


@dataclass(frozen=True)
class _ColumnProfile:
    """A column: words a cell, distinct values, and whether they are labels, or numbers that stand for labels."""

    words: float
    distinct: int
    labels: bool
    codes: bool


def _profile(column: pl.Series) -> _ColumnProfile:
    """How long a column's texts are, how many differ, and whether they look like labels or codes."""
    text = column.cast(pl.String, strict=False).replace("", None).drop_nulls()
    if text.is_empty():
        return _ColumnProfile(0.0, 0, labels=False, codes=False)
    words = float(text.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    distinct = text.n_unique()
    numeric = text.cast(pl.Float64, strict=False).null_count() < 0.5 * len(text)
    whole = text.cast(pl.Int64, strict=False).null_count() < 0.5 * len(text)
    repeats = 2 <= distinct <= MAX_LABELS and distinct <= max(len(text) / 2, 2)
    codes = bool(repeats and whole and distinct <= MAX_CODES)
    return _ColumnProfile(words, distinct, labels=bool(repeats and words <= 5 and not numeric), codes=codes)


def _holds_lists(column: pl.Series) -> bool:
    """Whether a column's cells are JSON, which no role is."""
    text = column.cast(pl.String, strict=False).drop_nulls()
    return bool(len(text)) and bool(text.str.contains(r"^\s*[\[{].*[\]}]\s*$").mean() == 1)


def _words(name: str) -> set[str]:
    """The words of a column's name in lower case, plurals also without their s."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = set(re.split(r"[\W_]+", spaced.lower())) - {""}
    return words | {word[:-1] for word in words if word.endswith("s") and not word.endswith("ss")}


def _take(
    role: str, free: list[str], texts: dict[str, _ColumnProfile], guess: Guess, *, optional: bool = False
) -> None:
    """Give `role` the column whose name has the surest of its words; none where no name has one."""
    for word in WORDS[role]:
        named = [name for name in free if word in _words(name) and _fits(role, texts[name])]
        exact = [name for name in named if name.lower() == word]
        if not named:
            continue
        best = (exact or named)[0]
        sure = 1.0 if optional else SURE if exact else BY_NAME
        if len(named) > 1 and not exact and not optional:
            sure = UNSURE
        others = "" if optional else "".join(f"; or {name!r}?" for name in named if name != best)
        _assign(role, best, sure, f"called {best!r}{others}", free, guess)
        return


def _fits(role: str, profile: _ColumnProfile) -> bool:
    """Whether a column's contents allow it to be `role`."""
    if role == "label":
        return profile.labels or profile.codes
    if role == "subject_token":
        return profile.distinct > 1 and profile.words <= 3  # the subject of a mail is a text
    if role == "source_id":
        return profile.distinct > 1
    if role == "split":
        return profile.distinct <= 10 and profile.words <= 2
    return role not in ("prompt", "answer") or profile.words >= 1


def _assign(role: str, name: str, sure: float, why: str, free: list[str], guess: Guess) -> None:
    """Note in `guess` that column `name` is `role`, and take it off the `free` ones."""
    guess.columns[role] = name
    guess.confidence = min(guess.confidence, sure)
    guess.reasons.append(f"{role} is {name!r}: {why}")
    free.remove(name)


def _task(guess: Guess, named: str) -> Task:
    """The task that was named, or that the columns speak for; a doubt about it lowers the confidence of `guess`."""
    if named != "auto":
        return named  # type: ignore[return-value]
    if "label" in guess.columns and "answer" in guess.columns:
        guess.confidence = min(guess.confidence, UNSURE)
        guess.reasons.append("both a label and an answer: classify or reply?")
    if "label" in guess.columns:
        return "classify"
    if "answer" in guess.columns:
        return "reply"
    guess.confidence = 0.0
    guess.reasons.append("no column looks like a label or an answer")
    return "classify"
