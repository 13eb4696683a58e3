"""What every test shares: examples are drawn the same way each time, no test has a clock, tiny models are made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fast import Guard, is_fast, mark

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only tests that start no process and train nothing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mark(items)
    if config.getoption("--fast"):
        slow = [item for item in items if not is_fast(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if is_fast(item)]


@pytest.fixture(scope="session", autouse=True)
def process_guard(request: pytest.FixtureRequest) -> Iterator[Guard]:
    """In a fast run nothing starts a process, fixtures of whole modules included."""
    guard = Guard()
    with pytest.MonkeyPatch.context() as patch:
        if request.config.getoption("--fast"):
            guard.close(patch)
        yield guard


@pytest.fixture(autouse=True)
def no_process(process_guard: Guard) -> Iterator[None]:
    """Fails the test during which a process was to be started, even where the code took the refusal for an answer."""
    process_guard.attempts.clear()
    yield
    if process_guard.attempts:
        pytest.fail(process_guard.sentence())


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A random BERT that knows a few words."""
    from tests.stages.train.tiny import write_encoder

    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory) -> Path:
    """A random Llama over bytes whose chat template marks nothing."""
    from tests.stages.train.tiny import write_llama

    return write_llama(tmp_path_factory.mktemp("llama"))
