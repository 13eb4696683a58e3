"""Libraries that come along are quiet, and fetch no compiled code."""

import logging
import sys

from tunewright.models.quiet_imports import _import_without_kernels, hushed, unassisted

FETCHES = """
try:
    import kernels
    fetched = True
except ImportError:
    fetched = False
"""


def test_a_library_that_would_fetch_compiled_code_does_not_find_the_package_for_it(tmp_path, monkeypatch) -> None:
    (tmp_path / "kernels.py").write_text("")
    (tmp_path / "fetching.py").write_text(FETCHES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "kernels", raising=False)
    _import_without_kernels("fetching")
    assert sys.modules.pop("fetching").fetched is False
    assert "kernels" not in sys.modules
    import fetching

    assert fetching.fetched is True
    del sys.modules["fetching"], sys.modules["kernels"]


def test_a_library_that_is_not_there_is_not_missed() -> None:
    _import_without_kernels("no_such_library_of_anybody")


def test_they_are_hushed_and_speak_again_afterwards(caplog) -> None:
    speaker = logging.getLogger("torchao")
    with hushed():
        speaker.warning("something compiled is missing")
    assert not caplog.records
    speaker.warning("and again")
    assert [record.message for record in caplog.records] == ["and again"]
    with unassisted():
        speaker.warning("quiet")
    assert len(caplog.records) == 1
