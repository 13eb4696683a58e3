"""Takes the results of a run into the package and writes the model card from them.

    python -m starter.card --run FOLDER …

Each folder is what ``starter.pretrain`` wrote. Its shards are checked (size, dtype, number of parameters, the digest of
the tokenizer) and copied beside the committed configuration, the results are kept in ``starter/results``, and the
digest to pin is printed. ``MODEL_CARD.md`` and the card beside each starter's weights are made anew from all results
that are kept; without ``--run`` that is all.
"""

import argparse
import hashlib
import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

from starter import base_card, shapes

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
BASELINE = RESULTS / "kneser-ney.json"
MOST_BYTES = 16_000_000


def adopt(run: Path) -> str:
    """Check one run's weights and copy them into the package; the size of the model.

    Raises:
        SystemExit: with what is wrong with the files.
    """
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    size = str(results["size"])
    to = shapes.folder(size)
    index = json.loads((run / "model.safetensors.index.json").read_text(encoding="utf-8"))
    shards = sorted(set(index["weight_map"].values()))
    tokenizer = hashlib.sha256((to / "tokenizer.json").read_bytes()).hexdigest()
    headers = {shard: header(run / shard) for shard in shards}
    count = sum(math.prod(one["shape"]) for part in headers.values() for one in part.values())
    faults = [
        *(
            f"{shard} is larger than {MOST_BYTES} bytes"
            for shard in shards
            if (run / shard).stat().st_size > MOST_BYTES
        ),
        *(f"{key} is not bf16" for part in headers.values() for key, one in part.items() if one["dtype"] != "BF16"),
        *(["the number of parameters is another"] if count != shapes.parameters(size) else []),
        *(["the tokenizer is another"] if results["digests"]["tokenizer.json"] != tokenizer else []),
    ]
    if faults:
        raise SystemExit("; ".join(faults))
    for old in to.glob("model*.safetensors*"):
        old.unlink()
    for name in (*shards, "model.safetensors.index.json"):
        shutil.copyfile(run / name, to / name)
    RESULTS.mkdir(exist_ok=True)
    shutil.copyfile(run / "results.json", RESULTS / f"{size}.json")
    shutil.copyfile(run / "curve.jsonl", RESULTS / f"{size}-curve.jsonl")
    return size


def header(path: Path) -> dict[str, Any]:
    """The entries of a safetensors file."""
    with path.open("rb") as stream:
        found = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return {key: value for key, value in found.items() if key != "__metadata__"}


def adopted() -> dict[str, Any]:
    """The results that are kept, by size."""
    return {
        size: json.loads(path.read_text(encoding="utf-8"))
        for size in ("8m", "28m")
        if (path := RESULTS / f"{size}.json").exists()
    }


def card() -> str:
    """The model card of the results that are kept."""
    results = adopted()
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    text = (HERE / "card.md").read_text(encoding="utf-8")
    parts = {
        "models": models(results),
        "sources": base_card.sources_table(),
        "perplexity": perplexity(results, baseline),
        "tasks": tasks(results),
        "samples": samples(results),
    }
    for key, part in parts.items():
        text = text.replace("{{" + key + "}}", part)
    return text


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def models(found: dict[str, Any]) -> str:
    """How each model was made."""
    rows = []
    for size, one in found.items():
        width, inner, layers, heads, shared, head = shapes.SIZES[size]
        rows.append(
            [
                f"starter-{size}",
                f"{one['parameters']:,}",
                f"{width} / {inner} / {layers}",
                f"{heads} / {shared} × {head}",
                f"{one['tokens'] / 1e6:,.0f} M",
                f"{one['steps']:,}",
                f"{one['seconds']['train']:.0f} s on {one['machine']}",
            ]
        )
    head = ["model", "parameters", "width / inner / layers", "heads / kv heads × width", "tokens", "steps", "training"]
    return _table(head, rows)


def perplexity(found: dict[str, Any], baseline: dict[str, Any]) -> str:
    """Held-out perplexity and bits a byte per domain, beside the 5-grams."""
    same = all(one["held_out_digest"] == baseline["held_out_digest"] for one in found.values())
    if not same:
        raise SystemExit("A model and the baseline were not scored on the same tokens.")
    rows = []
    for domain, plain in baseline["held_out"].items():
        cells = [_cell(one["held_out"][domain]) for one in found.values()]
        rows.append([domain, f"{plain['tokens']:,}", _cell(plain), *cells])
    return _table(["domain", "tokens", "5-gram Kneser-Ney", *(f"starter-{size}" for size in found)], rows)


def _cell(one: dict[str, float]) -> str:
    return f"{one['perplexity']:.2f} ({one['bits_a_byte']:.3f})"


def tasks(found: dict[str, Any]) -> str:
    """Share of right answers per task."""
    names = list(dict.fromkeys(name for one in found.values() for name in one["right_answers"]))
    rows = [
        [name, *(f"{one['right_answers'].get(name, float('nan')):.0%}" for one in found.values())] for name in names
    ]
    return _table(["task", *(f"starter-{size}" for size in found)], rows)


def samples(found: dict[str, Any]) -> str:
    """Every sample of every model, as it came."""
    said = []
    for size, one in found.items():
        said.append(f"### starter-{size}")
        said += [f"```text\n{item['prompt']}\n>>> {item['answer']}\n```" for item in one["samples"]]
    return "\n\n".join(said)


def main() -> None:
    """Adopt the runs given and write the card."""
    parser = argparse.ArgumentParser(description="Adopt starter models and write their card.")
    parser.add_argument("--run", type=Path, action="append", default=[])
    for run in parser.parse_args().run:
        size = adopt(run)
        from tunewright.models.files import _described

        pin = _described(f"starter-{size}", shapes.folder(size)).digest_of_weights
        sys.stdout.write(f'pin in models/files.py: "starter-{size}": "{pin}"\n')
    (HERE / "MODEL_CARD.md").write_text(card(), encoding="utf-8")
    for size, results in adopted().items():
        (shapes.folder(size) / "README.md").write_text(base_card.base_card(size, results), encoding="utf-8")


if __name__ == "__main__":
    main()
