"""Candidates whose heads are set by hand."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
from tests.stages.train.tiny import plan_for

from tunewright.core.candidate import Candidate, Run
from tunewright.core.corpus import Corpus
from tunewright.core.digest import file_digest
from tunewright.models.classifier import HEAD_FILE, ClassifierFile
from tunewright.models.encoder import Encoder


def centroid_candidate(corpus: Corpus, base: Path, work: Path, *, shift: int = 0) -> Candidate:
    """The base with a head of class centroids; with `shift`, each class answers under another's name."""
    from safetensors.numpy import save_file

    plan = plan_for(corpus, base, {})
    shutil.copytree(base, work / "model")
    train = corpus.scan("prompt", "label", "split").filter(pl.col("split") == "train").collect()
    features = Encoder.load(base, max_tokens=32).features(train["prompt"].to_list()).astype(np.float64)
    middle = features.mean(axis=0)
    weight = np.stack([features[(train["label"] == name).to_numpy()].mean(axis=0) - middle for name in plan.labels])
    weight = np.roll(weight / np.linalg.norm(weight, axis=1, keepdims=True) * 8, shift, axis=0)
    bias = -weight @ middle
    head = {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32)}
    save_file(head, work / "model" / HEAD_FILE)
    about = ClassifierFile(labels=plan.labels, max_tokens=32)
    (work / "model" / ClassifierFile.NAME).write_text(about.model_dump_json(), encoding="utf-8")
    run = Run(
        plan=plan, curve=(), best_step=0, metric="accuracy", precision="fp32", trained_rows=train.height,
        trained_tokens=0, stopped="never begun", seconds=0.0,
    )  # fmt: skip
    files = {path.name: file_digest(path) for path in sorted((work / "model").iterdir())}
    return Candidate(task="classify", kind="encoder", run=run, labels=plan.labels, files=files).at(work)
