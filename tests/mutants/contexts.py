"""A plugin of pytest, of both halves of the campaign: it says which test is running while lines are counted, and lets
only those tests run that a mutant calls for."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

CHOSEN = "MUTANTS_CHOSEN"  # names a file: the ids of the tests to run, in their order
SECONDS = "MUTANTS_SECONDS"  # names a file to be written: how long each test took, its fixtures included

_took: dict[str, float] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what is chosen."""
    if CHOSEN in os.environ:
        order = {name: place for place, name in enumerate(json.loads(Path(os.environ[CHOSEN]).read_text()))}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What is executed until it has ended is this test's."""
    counting = Coverage.current()
    if counting is not None:
        counting.switch_context(item.nodeid)
    began = time.monotonic()
    result = yield
    _took[item.nodeid] = time.monotonic() - began
    if counting is not None:
        counting.switch_context("")
    return result


def pytest_sessionfinish() -> None:
    """Leave behind how long they took."""
    if SECONDS in os.environ:
        Path(os.environ[SECONDS]).write_text(json.dumps(_took))
