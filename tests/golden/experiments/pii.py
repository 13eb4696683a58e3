"""Personal data in sentences of our own: what leaks, and what is found of each kind.

The sentences are ours and so were the rules' examples: the figures are a floor that every change must keep, and no
claim about other people's texts. Those are measured in ``benchmarks/pii.py``.
"""

import re
from collections import defaultdict

from tests.golden import inject
from tests.golden.trial import Experiment, Figure, share, world
from tunewright.pii.spans import pii_spans

#: What the injector calls a kind -> what we call it.
TYPES = {"credit_card": "payment_card", "ssn": "us_ssn"}
#: What the clean base itself holds: places, streets and birthdays. Spans of these beside planted data are not counted.
THERE = {"place", "street_address", "date_of_birth", "person"}


def personal_data(rows: int, seed: int) -> list[Figure]:
    """A row leaks when a letter or digit of one of its identifiers is in no span; F2 counts spans of the right type."""
    made = world(rows, seed)
    inject.personal_data(made, share(rows, 800))
    corpus, truth = made.corpus()
    texts = corpus.column("prompt").to_list()
    spans: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for row, start, end, kind in pii_spans(corpus).select("row", "start", "end", "type").rows():
        spans[row].append((start, end, kind))
    hits: dict[str, int] = defaultdict(int)
    missed: dict[str, int] = defaultdict(int)
    false: dict[str, int] = defaultdict(int)
    leaks = 0
    for row, detail in truth.select("row", "detail").rows():
        leaked = False
        used = set()
        for line in detail.splitlines():
            name, value = line.split("=", 1)
            kind = TYPES.get(name, name)
            start = texts[row].rindex(value)
            wanted = {start + at for at, sign in enumerate(value) if re.match(r"\w", sign)}
            covering = [span for span in spans[row] if span[0] < start + len(value) and span[1] > start]
            leaked |= not wanted <= {at for begin, end, _ in covering for at in range(begin, end)}
            right = any(span[2] == kind for span in covering)
            hits[kind] += right
            missed[kind] += not right
            used |= set(covering)
        leaks += leaked
        for span in set(spans[row]) - used:
            false[span[2]] += span[2] not in THERE
    for row in spans.keys() - set(truth["row"]):
        for span in spans[row]:
            false[span[2]] += span[2] not in THERE
    kinds = sorted(hits.keys() | missed.keys())
    return [
        Figure("pii.leak_rate", leaks / truth.height, 0.03, at_most=True),
        Figure("pii.f2", _f2(sum(hits.values()), sum(false.values()), sum(missed.values())), 0.92),
        *(Figure(f"pii.f2.{kind}", _f2(hits[kind], false[kind], missed[kind]), None) for kind in kinds),
        *(Figure(f"pii.recall.{kind}", hits[kind] / (hits[kind] + missed[kind]), None) for kind in kinds),
    ]


def _f2(hits: int, false: int, missed: int) -> float:
    return 5 * hits / max(1, 5 * hits + 4 * missed + false)


EXPERIMENTS: tuple[Experiment, ...] = (personal_data,)
