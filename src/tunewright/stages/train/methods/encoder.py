"""A classification head on a pre-trained encoder, tuned whole or through LoRA adapters.

The head reads the mean of the token vectors, which is what sentence encoders were trained to make meaningful
(Reimers and Gurevych 2019), and starts from each class's centroid instead of noise (the imprinting of Qi et al. 2018,
arXiv 1712.07136): nearest-centroid accuracy before the first step, and about one point more after the last
(docs/decisions/020). Word vectors stay as they are: words that no training row holds keep their place among the
others, and a third of the work falls away. There is no dropout: with it and without it came out alike, and without it
only the order of the rows is random.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tunewright.core.candidate import Candidate, Plan, Run
from tunewright.core.corpus import Corpus
from tunewright.core.files import publish_text
from tunewright.core.frozen import Frozen
from tunewright.core.progress import Progress
from tunewright.models.files import ModelFiles, find_encoder
from tunewright.stages.train.data.batches import Batches, by_length
from tunewright.stages.train.data.rows import LabelledRows, labelled
from tunewright.stages.train.distributed.process_group import ALONE, ProcessGroup

if TYPE_CHECKING:
    import torch

    from tunewright.models.encoder import Encoder

NEEDS = ("torch", "transformers", "peft", "accelerate", "safetensors")
EXTRA = "train"
KIND = "encoder"

#: Logit of a text that lies on its class's centroid, at the start; 10 and 20 did alike, 0 (random) a point worse.
CENTROID_LOGIT = 20.0


class Options(Frozen):
    """How an encoder is tuned."""

    tune: Literal["full", "lora"] = Field("full", description="full, or lora: adapters on all linear layers.")
    epochs: int = Field(3, ge=1, description="Passes over the training rows, at most.")
    batch: int = Field(32, ge=1, description="Rows of one optimizer step.")
    learning_rate: float = Field(3e-4, gt=0, description="Peak of the learning rate.")
    warmup: float = Field(0.1, ge=0, le=0.5, description="Share of steps in which the learning rate rises.")
    weight_decay: float = Field(0.01, ge=0, description="Decay of matrices (AdamW).")
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="Share of each target spread over all labels.")
    train_embeddings: bool = Field(False, description="Tune the word vectors too.")
    max_tokens: int = Field(128, ge=8, description="Longer texts are cut here, in training and ever after.")
    patience: int = Field(2, ge=0, description="Epochs without a better validation before it ends; 0: never early.")
    rank: int = Field(16, ge=1, description="Rank of the adapters, for tune: lora.")
    alpha: int = Field(32, ge=1, description="Scale of the adapters, over the rank, for tune: lora.")


def unused(options: Options) -> dict[str, str]:
    """Options that have no effect beside the others, and why."""
    return dict.fromkeys(("rank", "alpha"), "only tune: lora has adapters") if options.tune == "full" else {}


def train(
    corpus: Corpus,
    plan: Plan,
    options: Options,
    work: Path,
    progress: Progress,
    checkpoint_seconds: float,
    group: ProcessGroup = ALONE,
) -> Run:
    """Tune the plan's encoder on the train split, choose by the validation split, leave ``work/model``.

    Raises:
        UserError: E-TRAIN-001 to 005 (the encoder), E-TRAIN-007 (no rows), E-TRAIN-010 (a checkpoint of another plan).
    """
    from tunewright.models.encoder import Encoder
    from tunewright.stages.train.classifier import Classifier, cross_entropy, padded, tested
    from tunewright.stages.train.loop.fit import fit
    from tunewright.stages.train.loop.job import Job
    from tunewright.stages.train.machine import computing, decide
    from tunewright.stages.train.runs.clock import Clock
    from tunewright.stages.train.runs.environment import environment
    from tunewright.stages.train.weights.trained import decayed

    with Clock(work, group) as clock:
        machine = decide(work, group)
        files = find_encoder(plan.base)
        rows, held_out = labelled(corpus, "train", plan.labels), labelled(corpus, "validation", plan.labels)
        encoder = Encoder.load(files.folder, max_tokens=options.max_tokens, device=machine.device)
        ids, held_out_ids = encoder.ids(rows.texts), encoder.ids(held_out.texts)
        lengths = np.array([len(text_ids) for text_ids in ids])
        cut = int((lengths == encoder.max_tokens).sum())
        if cut:
            progress.say(f"{cut} training texts reach {encoder.max_tokens} tokens and are cut there.")
        batches = Batches(lengths, size=options.batch, epochs=options.epochs, seed=plan.seed)
        head = _centroids(corpus, encoder, files, rows, len(plan.labels))
        model = Classifier(_tuned(encoder, options, plan.seed), *head)

        def batch(chosen: Any, step: int) -> "dict[str, torch.Tensor]":
            return padded([ids[at] for at in chosen], rows.targets[chosen], rows.weights[chosen])

        job = Job(
            model=model,
            rows=batches.rows,
            batch=batch,
            loss=lambda model, batch: cross_entropy(model, batch, options.label_smoothing),
            size=lambda batch: len(batch["targets"]),
            validate=lambda model: tested(
                model, held_out_ids, held_out, by_length(np.array([len(text_ids) for text_ids in held_out_ids]), 64)
            ),
            metric="accuracy",
            steps=batches.steps,
            per_epoch=batches.per_epoch,
            learning_rate=options.learning_rate,
            groups=lambda: decayed(model),
            schedule="linear",
            warmup=options.warmup,
            weight_decay=options.weight_decay,
            clip=1.0,
            patience=options.patience,
            seed=plan.seed,
            plan=plan.digest,
            group=group,
            named=lambda chosen: rows.rows[chosen],
        )
        with computing(machine):
            fitted = fit(job, machine, work, clock=clock, progress=progress, checkpoint_seconds=checkpoint_seconds)
        _publish(model, encoder, files, plan, work)
        return Run(
            plan=plan,
            curve=fitted.curve,
            best_step=fitted.best_step,
            metric=job.metric,
            precision=machine.precision,
            trained_rows=len(ids),
            trained_tokens=int(lengths.sum()),
            stopped=fitted.stopped,
            seconds=clock.seconds,
            energy_wh=clock.energy_wh,
            environment=environment(machine.decisions, group),
        )


def _centroids(
    corpus: Corpus, encoder: "Encoder", files: ModelFiles, rows: LabelledRows, labels: int
) -> "tuple[torch.Tensor, torch.Tensor]":
    """The head's first matrix ``(labels, dim)`` and offsets: each class's mean direction, scaled."""
    import torch

    from tunewright.similarity.embeddings import embeddings

    vectors = np.asarray(embeddings(corpus, encoder=files.name)[rows.rows], dtype=np.float64)
    sums = np.zeros((labels, vectors.shape[1]))
    np.add.at(sums, rows.targets, vectors)
    directions = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    norm = float(np.linalg.norm(encoder.features(rows.texts[:512]), axis=1).mean())
    weight = torch.from_numpy((directions * CENTROID_LOGIT / norm).astype(np.float32))
    return weight.to(encoder.device), torch.zeros(labels, device=encoder.device)


def _tuned(encoder: "Encoder", options: Options, seed: int) -> Any:
    """The encoder with what is to be trained requiring gradients."""
    import torch

    model = encoder.model
    if options.tune == "lora":
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(seed)  # the adapters' first matrices are random
        config = LoraConfig(
            r=options.rank,
            lora_alpha=options.alpha,
            target_modules="all-linear",
            exclude_modules=".*pooler.*",  # the head reads token vectors, the pooler nobody
        )
        return get_peft_model(model, config)
    if not options.train_embeddings:
        getattr(model, "embeddings", model.get_input_embeddings()).requires_grad_(False)
    if getattr(model, "pooler", None) is not None:
        model.pooler.requires_grad_(False)
    return model


def _publish(model: Any, encoder: "Encoder", files: ModelFiles, plan: Plan, work: Path) -> None:
    """Write ``work/model`` at once and whole."""
    from safetensors.torch import save_file
    from transformers.utils import logging

    from tunewright.core.files import sync_tree
    from tunewright.models.classifier import HEAD_FILE, ClassifierFile
    from tunewright.models.encoder import quiet

    target = work / Candidate.MODEL_FOLDER
    aside = work / f".{Candidate.MODEL_FOLDER}.part"
    for folder in (target, aside):
        shutil.rmtree(folder, ignore_errors=True)
    tuned = model.encoder.merge_and_unload() if hasattr(model.encoder, "merge_and_unload") else model.encoder
    tuned.config.id2label = dict(enumerate(plan.labels))
    tuned.config.label2id = {label: at for at, label in enumerate(plan.labels)}
    with quiet(logging):
        tuned.save_pretrained(aside, safe_serialization=True)
        encoder.tokenizer.save_pretrained(aside)
    head = {"weight": model.weight, "bias": model.bias}
    save_file({name: part.detach().cpu().contiguous() for name, part in head.items()}, aside / HEAD_FILE)
    about = ClassifierFile(labels=plan.labels, max_tokens=encoder.max_tokens)
    publish_text(aside / ClassifierFile.NAME, about.model_dump_json(indent=2) + "\n")
    sync_tree(aside)
    aside.rename(target)
