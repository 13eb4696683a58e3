"""A bundle that is not the one that was made is refused, and every fault is named."""

import hashlib
from pathlib import Path

import pytest

import tunewright
from tunewright.core.errors import ExitCode, UserError


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as told:
        tunewright.load(folder)
    assert (told.value.code, told.value.exit_code) == ("E-REL-003", ExitCode.DENIED)
    return told.value.what


@pytest.mark.parametrize(
    "name",
    ["model/model.safetensors", "model/head.safetensors", "labels.json", "release.json", "scorecard.json", "README.md"],
)
def test_one_flipped_bit_in_any_file_is_found(bundle, name: str) -> None:
    folder = bundle().folder
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(bytes(raw))
    assert f"{name} was changed" in refused(folder)


def test_missing_and_added_files_are_both_named(bundle) -> None:
    folder = bundle().folder
    (folder / "model" / "config.json").unlink()
    (folder / "model" / "modeling_evil.py").write_text("import os")
    (folder / "model" / ".hidden").write_text("")
    what = refused(folder)
    assert "model/config.json is missing" in what
    assert "model/modeling_evil.py was added" in what
    assert "model/.hidden was added" in what


def test_a_link_is_not_a_file_even_when_its_target_has_the_digest(bundle, tmp_path: Path) -> None:
    folder = bundle().folder
    weights = folder / "model" / "head.safetensors"
    weights.rename(tmp_path / "elsewhere.safetensors")
    weights.symlink_to(tmp_path / "elsewhere.safetensors")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    what = refused(folder)
    assert "linked was added" in what
    (folder / "linked").unlink()
    assert "model/head.safetensors is a link" in refused(folder)


def test_a_weight_swapped_together_with_the_list_disagrees_with_the_release(bundle) -> None:
    folder = bundle().folder
    weights, sums = folder / "model" / "head.safetensors", folder / "SHA256SUMS"
    old = hashlib.sha256(weights.read_bytes()).hexdigest()
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(bytes(raw))
    sums.write_text(sums.read_text().replace(old, hashlib.sha256(bytes(raw)).hexdigest()))
    assert "model/head.safetensors is not the file that release.json names" in refused(folder)


def test_a_list_without_the_release_is_no_proof(bundle) -> None:
    folder = bundle().folder
    (folder / "release.json").unlink()
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "release.json" not in line))
    assert "release.json is missing" in refused(folder)


@pytest.mark.parametrize("kind", ["nothing", "folder", "file"])
def test_what_is_no_release_is_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    if kind == "file":
        path.write_text("x")
    with pytest.raises(UserError) as told:
        tunewright.load(path)
    assert (told.value.code, told.value.exit_code) == ("E-REL-002", ExitCode.NOT_FOUND)
