"""Makes the projects of ``old_project/``: what a released version left behind, for newer code to go on with.

Run with the code of an earlier commit, never with today's; ``old_project/README.md`` names the commit and the call.
Nothing but `tunewright.Project`, `tunewright.load` and `tunewright.project.override` is used. Tiny random base models are
written into each project as ``base/`` and named by that relative path, so that a project can lie anywhere.
"""

import argparse
import csv
import json
import lzma
import os
import platform
import random
import sqlite3
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

#: Who runs and who overrides; part of a verdict, and so of the release's key.
ACTOR = "old-project"
#: The gates that are overridden, and why; the same words are given again when the project is resumed.
OVERRIDES = {
    "desk": {"audit.quality_score": "a fixture with copies in it"},
    "replies": {"evaluate.gain": "a tiny model learns little", "evaluate.verdict": "a tiny model learns little"},
}
QUESTIONS = {
    "desk": ["my blue card is gone", "wire 12 euros to Amara", "locked out of blue banking again"],
    "replies": ["4 and 12 make?", "8 and 19 make?"],
}
THINGS = {
    "card_lost": ["I lost my {a} card", "my {a} card is gone", "somebody took my {a} card"],
    "transfer": ["send {n} euros to {p}", "the transfer to {p} of {n} is late", "wire {n} to {p}"],
    "login": ["I cannot log in to the {a} app", "the {a} app forgot my password", "locked out of {a} banking again"],
}
ADJECTIVES = ["blue", "old", "second", "joint", "silver", "business", "travel", "student", "gold", "spare"]
PEOPLE = ["Amara", "Bo", "Chidi", "Dana", "Emil", "Farah", "Gus", "Hana", "Ines", "Jonas"]
TAILS = ["", " thanks", " can you help", " it happened at {n} o'clock", " since {n} days", " please hurry"]
CHATML = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
CLASSIFY = {
    "data": {"file": "tickets.csv", "task": "classify", "columns": {"prompt": "text", "label": "category"}},
    "train": {"encoder": "base", "method": {"encoder": {"epochs": 12, "learning_rate": 1e-2}}},
    "gates": {"audit.quality_score": ">= 99.9", "evaluate.gain": "> -1"},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "desk": CLASSIFY,
    # Trained by the newer code, on any machine: no gate depends on how well.
    "half": {
        **CLASSIFY,
        "seed": 3,
        "gates": {"audit.quality_score": ">= 50", "evaluate.gain": "> -1", "evaluate.verdict": ">= 0"},
    },
    "replies": {
        "data": {"file": "tickets.csv", "task": "reply", "columns": {"prompt": "text", "answer": "answer"}},
        "train": {
            "base": "base",
            "method": {"lora": {"epochs": 4, "batch": 4, "rank": 8, "learning_rate": 2e-2, "packing": "off"}},
        },
        "evaluate": {"generate": 4, "latency_calls": 10, "resamples": 200},
    },
}


def main() -> None:
    """Make every project in a new folder, and write the archive and what it should be found to hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="where projects.tar.xz and expected.json are written")
    to: Path = parser.parse_args().to.resolve()
    os.environ["TUNEWRIGHT_ACTOR"] = ACTOR
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        projects = {name: made(root / name) for name in SETTINGS}
        for name in projects:
            close(root / name)
        require_no_place(root)
        to.mkdir(parents=True, exist_ok=True)
        pack(root, to / "projects.tar.xz")
    packages = ("polars", "deltalake", "torch", "transformers", "tokenizers", "peft", "scikit-learn")
    made_with = {"python": platform.python_version(), **{package: version(package) for package in packages}}
    expected = {"actor": ACTOR, "overrides": OVERRIDES, "made_with": made_with, "projects": projects}
    (to / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def made(folder: Path) -> dict[str, Any]:
    """One project carried as far as it goes: its walk, whatever of it was made, and what its release answers."""
    import tunewright
    from tunewright.project import override

    name = folder.name
    folder.mkdir()
    os.chdir(folder)  # the base model's path is relative
    write_files(folder)
    overrides = {gate: override(why) for gate, why in OVERRIDES.get(name, {}).items()}
    project = tunewright.Project.open(folder, overrides=overrides)
    if name == "half":
        project.plan()
        return record_of(project)
    result = project.run()
    questions = QUESTIONS[name]
    answers = tunewright.load(folder / "releases" / result.release.name).predict(questions)
    return {
        **record_of(project),
        "release": result.release.name,
        "verdict": result.evaluation.words,
        "answers": dict(zip(questions, answers, strict=True)),
    }


def record_of(project: Any) -> dict[str, list[dict[str, str]]]:
    """Name, key and digest of the output of each step of the walk in order, and of those that were made for it.

    They differ where cleaning changes nothing: the audit of the cleaned rows is then the audit of the rows.
    """
    events = [event for event in project.events().events if event.kind in ("step.made", "step.hit")]
    steps = [{"step": event.step, "key": event.key, "value": event.digests["value"]} for event in events]
    new = [step for event, step in zip(events, steps, strict=True) if event.kind == "step.made"]
    return {"walk": steps, "made": new}


def write_files(folder: Path) -> None:
    """The tickets, the base model and the configuration of one project."""
    rows = answered_rows() if folder.name == "replies" else labelled_rows()
    with (folder / "tickets.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "answer" if folder.name == "replies" else "category"])
        writer.writerows(rows)
    (write_llama if folder.name == "replies" else write_bert)(folder / "base")
    settings = {"name": folder.name, **SETTINGS[folder.name]}
    (folder / "tunewright.yaml").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")  # JSON is YAML


def labelled_rows() -> list[tuple[str, str]]:
    """Different tickets with their labels, and some that cleaning takes out."""
    draw = random.Random(0)
    rows: dict[str, str] = {}
    while len(rows) < 180:
        label = draw.choice(list(THINGS))
        text = draw.choice(THINGS[label]) + draw.choice(TAILS)
        filled = text.format(a=draw.choice(ADJECTIVES), p=draw.choice(PEOPLE), n=draw.randint(2, 900))
        rows.setdefault(filled, label)
    copies = [(f"  {text.upper()} ", label) for text, label in list(rows.items())[:6]]
    return [*rows.items(), *copies, ("N/A", "login"), ("", "login")]


def answered_rows() -> list[tuple[str, str]]:
    """Sums with their results."""
    return [(f"{a} and {b} make?", str(a + b)) for a in range(3, 9) for b in range(11, 31)]


def write_bert(folder: Path) -> None:
    """A random BERT of some ten thousand parameters over letters and a few words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'"
    words = sorted({w for lines in THINGS.values() for line in lines for w in line.lower().split() if "{" not in w})
    pieces = list(dict.fromkeys([*special, *letters, *("##" + letter for letter in letters), *words]))
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **named).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=64, **shape)).save_pretrained(folder)


def write_llama(folder: Path) -> None:
    """A random Llama of some ten thousand parameters over bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=256, eos_token="<|end|>", pad_token="<|end|>"
    )
    fast.chat_template = CHATML
    fast.add_special_tokens({"additional_special_tokens": ["<|start|>"]})
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=fast.eos_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def close(folder: Path) -> None:
    """Write the event log back into one file, so that the archive holds no half of it."""
    database = folder / ".tunewright" / "project.db"
    with sqlite3.connect(database) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise SystemExit(f"{folder.name}: somebody else uses the event log.")


def require_no_place(root: Path) -> None:
    """Stop where a file names the folder that the projects are made in, which a moved project would not find."""
    naming = {path for path in root.rglob("*") if path.is_file() and str(root).encode() in path.read_bytes()}
    # Where trackers write, for the process that goes on with this very training; nobody reads it of one that ended.
    naming -= set(root.glob("*/.tunewright/steps/train/*/attempt.json"))
    if naming:
        raise SystemExit(f"These files name the folder they were made in: {sorted(map(str, naming))}")


def pack(root: Path, archive: Path) -> None:
    """Every project in one archive, without owners and without the event log's shared memory."""

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if entry.name.endswith((".db-shm", ".db-wal")):
            return None
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with (
        lzma.open(archive, "wb", preset=9 | lzma.PRESET_EXTREME) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for name in SETTINGS:
            tar.add(root / name, name, filter=anonymous)


if __name__ == "__main__":
    main()
