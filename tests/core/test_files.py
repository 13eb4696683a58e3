"""Files appear whole or not at all, and nothing that the user made is written over."""

from pathlib import Path

import pytest

from tunewright.core.errors import UserError
from tunewright.core.files import publish, publish_text, require_absent


def test_what_exists_is_refused_with_its_name_and_another_is_asked_for(tmp_path: Path) -> None:
    mine = tmp_path / "answers.csv"
    require_absent(mine)
    mine.write_text("mine")
    with pytest.raises(UserError) as refused:
        require_absent(mine)
    assert (refused.value.code, refused.value.what) == ("E-CLI-005", f"{mine} exists.")
    assert (refused.value.why, refused.value.fix) == ("Nothing you made is overwritten.", "Name another file.")
    with pytest.raises(UserError) as refused:
        require_absent(tmp_path, other="folder")
    assert refused.value.fix == "Name another folder."
    assert mine.read_text() == "mine"


def test_a_file_whose_writing_fails_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "value.json"
    publish_text(path, "whole")

    def dies(target: Path) -> None:
        target.write_text("ha")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        publish(path, dies)
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]
