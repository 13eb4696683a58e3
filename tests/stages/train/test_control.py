"""What is asked of a run from another terminal is there until it is done."""

from tunewright.stages.train.runs import control


def test_the_last_wish_counts_until_it_is_cleared(tmp_path) -> None:
    assert control.requested(tmp_path) is None
    control.ask(tmp_path, "pause")
    control.ask(tmp_path, "stop")
    assert control.requested(tmp_path) == "stop"
    control.clear(tmp_path)
    control.clear(tmp_path)
    assert control.requested(tmp_path) is None


def test_a_file_that_says_something_else_asks_nothing(tmp_path) -> None:
    (tmp_path / control.FILE).write_text("explode\n")
    assert control.requested(tmp_path) is None
