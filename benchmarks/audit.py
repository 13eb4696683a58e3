"""The audit at a million tickets: both tiers, beside the tools that people would otherwise put together.

    python benchmarks/audit.py [--rows 1000000] [--peer-rows 100000] [--no-full] [--no-peers]
    python benchmarks/audit.py --rows 10000000 --structural

The second form runs the structural tier alone, over any number of rows, and prints its time and memory without
publishing them.

Each tier runs as the user runs it, `tunewright audit FILE.parquet`, in a fresh process whose machine code is already
on disk; memory is the peak of that process. What each check finds is held against what the generator planted. Peers
run on the first rows of the same file, and ours once more on the same rows: cleanlab's Datalab for labels (on our own
vectors and probabilities, which it has to be given), Presidio's pattern recognizers for personal data, datasketch for
near copies (more of these in near_duplicates.py), and datatrove's MinHash pipeline.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import polars as pl

from _harness import CACHE, Figure, peer, publish
from generate_tickets import ensure
from near_duplicates import HEAD, TAIL, quality
from near_duplicates import PEERS as NEAR_PEERS

COLUMNS = ("data.task=classify", "data.columns.prompt=text", "data.columns.label=category",
           "data.columns.source_id=source", "data.columns.split=split")  # fmt: skip
TARGETS = {
    "structural: seconds": 25, "structural: peak memory": 6, "full: seconds": 240, "full: peak memory": 12,
    "structural, 100,000 rows: seconds": 5, "first look: seconds": 10,
}  # fmt: skip

DATALAB = """
import json, sys, time, resource
import numpy as np
from cleanlab import Datalab
features, probabilities, labels = (np.load(path) for path in sys.argv[1:4])
begin = time.perf_counter()
lab = Datalab(data={"label": labels}, label_name="label", verbosity=0)
lab.find_issues(pred_probs=probabilities, issue_types={"label": {}})
seconds = time.perf_counter() - begin
found = lab.get_issues("label")["is_label_issue"].to_numpy()
np.save(sys.argv[4], found)
print(json.dumps({"seconds": seconds, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""

PRESIDIO = """
import json, sys, time, resource
import polars as pl
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
class NoNlp(NlpEngine):
    engine_name = "none"
    is_available = True
    def load(self): pass
    def is_loaded(self): return True
    def process_text(self, text, language): return NlpArtifacts([], [], [], [], self, language)
    def process_batch(self, texts, language, **kw):
        for text in texts: yield text, self.process_text(text, language)
    def is_stopword(self, word, language): return False
    def is_punct(self, word, language): return False
    def get_supported_entities(self): return []
    def get_supported_languages(self): return ["en"]
texts = pl.read_parquet(sys.argv[1], columns=["text"], n_rows=int(sys.argv[2])).to_series().to_list()
registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=["en"])
registry.remove_recognizer("SpacyRecognizer")
engine = AnalyzerEngine(registry=registry, nlp_engine=NoNlp(), supported_languages=["en"])
begin = time.perf_counter()
found = [sorted({hit.entity_type for hit in engine.analyze(text, language="en")}) for text in texts]
seconds = time.perf_counter() - begin
pl.DataFrame({"row": range(len(texts)), "types": found}).write_parquet(sys.argv[3])
print(json.dumps({"seconds": seconds, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""

DATATROVE = """
import json, resource, shutil, sys, tempfile, time
from pathlib import Path
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
import polars as pl
path, rows, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
work = Path(tempfile.mkdtemp())
(work / "in").mkdir()
frame = pl.read_parquet(path, columns=["text"], n_rows=rows).with_row_index("id").with_columns(pl.col("id").cast(pl.String))
frame.write_parquet(work / "in" / "texts.parquet")
config = MinhashConfig(n_grams=3, num_buckets=32, hashes_per_bucket=4)
reader = lambda: ParquetReader(str(work / "in"), text_key="text", id_key="id")
begin = time.perf_counter()
steps = (
    [reader(), MinhashDedupSignature(output_folder=str(work / "sig"), config=config)],
    [MinhashDedupBuckets(input_folder=str(work / "sig"), output_folder=str(work / "buckets"), config=config)],
    [MinhashDedupCluster(input_folder=str(work / "buckets"), output_folder=str(work / "remove"), config=config)],
    [reader(), MinhashDedupFilter(input_folder=str(work / "remove")), ParquetWriter(str(work / "out"))],
)
for number, pipeline in enumerate(steps):
    tasks, workers = (32, 2) if number == 1 else (1, 1)
    # Without a folder of its own the executor leaves one called logs where it is called.
    told = str(work / f"logs-{number}")
    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=workers, logging_dir=told).run()
seconds = time.perf_counter() - begin
kept = set(pl.read_parquet(str(work / "out" / "*.parquet"))["id"].cast(pl.Int64).to_list())
pl.DataFrame({"row": range(rows), "removed": [row not in kept for row in range(rows)]}).write_parquet(out)
shutil.rmtree(work)
print(json.dumps({"seconds": seconds, "gib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20}))
"""


def prepared(rows: int) -> tuple[Path, pl.DataFrame]:
    """The generated tickets with a split, every tenth row for testing, and the truth about them."""
    tickets, truth = ensure(CACHE / f"tickets-{rows}", rows)
    path = tickets.with_name("with-split.parquet")
    if not path.exists():
        split = pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("test")).otherwise(pl.lit("train"))
        pl.scan_parquet(tickets).with_columns(split=split).sink_parquet(path)
    return path, pl.read_parquet(truth)


def audited(path: Path, *settings: str, findings: Path | None = None) -> dict[str, Any]:
    """One audit in a process of its own: seconds, peak memory, seconds to the first look, and its JSON."""
    call = [sys.executable, "-m", "tunewright.cli.main", "audit", str(path), "--json"]
    for setting in (*COLUMNS, *settings):
        call += ["--set", setting]
    if findings is not None:
        findings.unlink(missing_ok=True)
        call += ["--findings", str(findings)]
    begin = time.perf_counter()
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    looked: list[float] = []
    assert process.stderr
    stderr = process.stderr

    def listen() -> None:
        for line in stderr:
            if "First look" in line and not looked:
                looked.append(time.perf_counter() - begin)

    listener = threading.Thread(target=listen)
    listener.start()
    assert process.stdout
    told = process.stdout.read()
    listener.join()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the audit of {path.name} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": time.perf_counter() - begin,
        "gib": used.ru_maxrss / 2**20,
        "first_look": looked[0] if looked else None,
        "data": json.loads(told)["data"],
    }


def tier(name: str, run: dict[str, Any]) -> list[Figure]:
    """Seconds, memory and the slowest checks of one audit."""
    checks = sorted(run["data"]["checks"], key=lambda check: -check["seconds"])
    figures = [
        Figure(f"{name}: seconds", round(run["seconds"], 2), "s"),
        Figure(f"{name}: peak memory", round(run["gib"], 2), "GiB"),
    ]
    return figures + [Figure(f"{name}: {c['check']}", c["seconds"], "s") for c in checks if c["seconds"] >= 0.1]


def found_rows(findings: pl.DataFrame, check: str, *kinds: str) -> set[int]:
    rows = findings.filter((pl.col("check") == check) & (pl.col("kind").is_in(kinds) if kinds else pl.lit(True)))
    return set(rows["row"].drop_nulls().to_list())


def paired_rows(findings: pl.DataFrame, check: str, *kinds: str) -> set[int]:
    """The rows of a check and those that they repeat: which of two copies came first no check can tell."""
    rows = findings.filter((pl.col("check") == check) & (pl.col("kind").is_in(kinds) if kinds else pl.lit(True)))
    others = rows.select(pl.col("evidence").str.json_path_match("$.other").cast(pl.Int64)).to_series()
    return set(rows["row"].drop_nulls().to_list()) | set(others.drop_nulls().to_list())


def share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def against_truth(findings: pl.DataFrame, truth: pl.DataFrame) -> list[Figure]:
    """Precision and recall of what was planted: copies, personal data, wrong labels."""
    copies = set(truth.filter((pl.col("kind") == "exact") & ~pl.col("relabeled"))["row"].to_list())
    exact = paired_rows(findings, "exact_duplicates", "both")
    figures = [Figure("exact copies: recall", share(len(exact & copies), len(copies)), "share", n=len(copies))]
    near = set(truth.filter((pl.col("kind") == "near") & ~pl.col("relabeled"))["row"].to_list())
    behind = paired_rows(findings, "near_duplicates") | exact
    figures.append(Figure("near copies: recall", share(len(behind & near), len(near)), "share", n=len(near)))
    for column, kind in (("email", "email"), ("phone", "phone"), ("iban", "iban"), ("card", "payment_card")):
        there = set(truth.filter(pl.col(column).is_not_null())["row"].to_list())
        here = found_rows(findings, "pii", kind)
        figures += [
            Figure(f"pii {kind}: recall", share(len(here & there), len(there)), "share", n=len(there)),
            Figure(f"pii {kind}: precision", share(len(here & there), len(here)), "share", n=len(here)),
        ]
    return figures


def presidio(path: Path, rows: int, truth: pl.DataFrame, ours: float) -> dict[str, Any]:
    out = CACHE / "presidio.parquet"
    out.unlink(missing_ok=True)
    told = peer(PRESIDIO, str(path), str(rows), str(out))
    if "seconds" not in told:
        return told
    found = pl.read_parquet(out)
    measured: dict[str, Any] = {key: round(value, 2) for key, value in told.items()}
    names = {"email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "iban": "IBAN_CODE", "card": "CREDIT_CARD"}
    for column, entity in names.items():
        there = set(truth.filter(pl.col(column).is_not_null())["row"].to_list())
        here = set(found.filter(pl.col("types").list.contains(entity))["row"].to_list())
        measured |= {f"{column} recall": share(len(here & there), len(there)),
                     f"{column} precision": share(len(here & there), len(here))}  # fmt: skip
    return measured | {"rows": rows, "times slower than our pii check": round(told["seconds"] / ours, 1)}


def datalab(path: Path, rows: int, truth: pl.DataFrame) -> tuple[dict[str, Any], list[Figure]]:
    """cleanlab's Datalab and our own flags on the same vectors and out-of-fold probabilities."""
    import numpy as np

    from tunewright.core.corpus import Corpus
    from tunewright.core.dataset import Dataset
    from tunewright.similarity.text_features import text_features
    from tunewright.stages.audit.checks import label_noise
    from tunewright.stages.intake.api import read
    from tunewright.stages.intake.settings import DataSettings

    head = path.with_name(f"first-{rows}.parquet")
    pl.scan_parquet(path).head(rows).sink_parquet(head)
    frame = read(head, DataSettings(task="classify", columns={"prompt": "text", "label": "category"})).frame
    corpus = Corpus(Dataset(table="t", version=None, rows=rows, task="classify", root="peers"), frame.lazy())
    begin = time.perf_counter()
    found = label_noise.check(corpus, label_noise.Options())
    seconds = time.perf_counter() - begin
    options = label_noise.Options()
    names = frame["label"].unique().sort()
    labels = frame["label"].replace_strict(names, pl.Series(range(len(names))), return_dtype=pl.Int64).to_numpy()
    features = text_features(corpus, seed=options.seed)
    probabilities = label_noise.out_of_fold(features, labels, len(names), options)
    files = [CACHE / f"datalab-{part}.npy" for part in ("features", "probabilities", "labels", "found")]
    for file, array in zip(files, (features, probabilities, labels), strict=False):
        np.save(file, array)
    told = peer(DATALAB, *map(str, files))
    wrong = set(truth.filter(pl.col("relabeled"))["row"].to_list())
    ours = set(found[0].frame["row"].to_list()) if found else set()
    figures = [
        Figure(f"label noise, {rows:,} rows: seconds", round(seconds, 2), "s"),
        Figure(f"label noise, {rows:,} rows: recall", share(len(ours & wrong), len(wrong)), "share", n=len(wrong)),
        Figure(f"label noise, {rows:,} rows: precision", share(len(ours & wrong), len(ours)), "share", n=len(ours)),
    ]
    if "seconds" in told:
        theirs = set(np.flatnonzero(np.load(files[3])).tolist())
        told = {key: round(value, 2) for key, value in told.items()} | {
            "recall": share(len(theirs & wrong), len(wrong)),
            "precision": share(len(theirs & wrong), len(theirs)), "rows": rows,
            "note": "given our vectors and probabilities, whose time is ours",
        }  # fmt: skip
    return told, figures


def datatrove(path: Path, rows: int, truth: pl.DataFrame, ours: float) -> dict[str, Any]:
    out = CACHE / "datatrove.parquet"
    out.unlink(missing_ok=True)
    told = peer(DATATROVE, str(path), str(rows), str(out))
    if "seconds" not in told:
        return told
    removed = set(pl.read_parquet(out).filter("removed")["row"].to_list())
    near = set(truth.filter((pl.col("kind") == "near") & (pl.col("of") < rows))["row"].to_list())
    return {
        "seconds": round(told["seconds"], 2), "rows": rows, "removed": len(removed),
        "near copies removed": share(len(removed & near), len(near)),
        "times slower than our near_duplicates check": round(told["seconds"] / ours, 1),
        "note": "word-3 shingles, 32 x 4 bands, no verification: it cannot tell a copy from its source, so either may go",
    }  # fmt: skip


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-rows", type=int, default=100_000)
    parser.add_argument("--no-full", action="store_true", help="leave the full tier out")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--structural", action="store_true", help="the structural tier alone, not published")
    given = parser.parse_args()
    if given.structural:
        for figure in tier("structural", audited(prepared(given.rows)[0], "audit.tier=structural")):
            print(f"{figure.name:<40} {figure.value:>10g} {figure.unit}")
        return
    small, small_truth = prepared(100_000)
    audited(small, "audit.tier=structural")  # compiles what is not on disk yet
    findings = CACHE / "findings.parquet"
    path, _ = prepared(given.rows)

    structural = audited(path, "audit.tier=structural")
    figures = tier("structural", structural)
    if structural["first_look"] is not None:
        figures.append(Figure("first look: seconds", round(structural["first_look"], 2), "s"))
    cold = audited(small, "audit.tier=structural", findings=findings)
    figures += tier("structural, 100,000 rows", cold) + against_truth(pl.read_parquet(findings), small_truth)
    if not given.no_full:
        figures += tier("full", audited(path))
    peers: dict[str, Any] = {}
    if not given.no_peers:
        seconds = {check["check"]: check["seconds"] for check in cold["data"]["checks"]}
        at_hand = small_truth.head(given.peer_rows)
        peers["presidio (patterns)"] = presidio(small, given.peer_rows, at_hand, seconds["pii"])
        near_seconds = seconds["conflicts"] + seconds["near_duplicates"]  # whichever comes first finds the clusters
        peers["datatrove (minhash)"] = datatrove(small, given.peer_rows, at_hand, near_seconds)
        out = CACHE / "peer.parquet"
        told = peer(HEAD + NEAR_PEERS["datasketch"] + TAIL, str(small), str(given.peer_rows), str(out))
        if "seconds" in told:
            told = {key: round(value, 2) for key, value in told.items()} | quality(pl.read_parquet(out), at_hand)
            told["times slower than our near_duplicates check"] = round(told["seconds"] / near_seconds, 1)
        peers["datasketch"] = told
        peers["cleanlab Datalab"], flags = datalab(small, min(given.peer_rows, 20_000), small_truth.head(20_000))
        figures += flags
    by_name = {figure.name: figure.value for figure in figures}
    target = {name: bar for name, bar in TARGETS.items() if name in by_name}
    publish(
        "audit",
        what=f"tunewright audit over {given.rows:,} generated tickets in Parquet, from start to the printed result",
        figures=figures,
        target={name: f"<= {bar}" for name, bar in target.items()},
        met={name: by_name[name] <= bar for name, bar in target.items()},
        peers=peers,
        notes=[
            "the structural tier fits and runs no model and looks for no names; the full tier runs every check that "
            "the file allows (no reference documents are given)",
            "near-duplicates are computed by the first check that asks for them, which is conflicts",
            "data-juicer pins a numpy that this environment does not have and was left out",
        ],
    )


if __name__ == "__main__":
    main()
