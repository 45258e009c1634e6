"""A sandbox for each module, and a command with a folder of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    """A sandbox without faults; tests share it, so each has customers of its own."""
    with Site() as site:
        yield site


@pytest.fixture
def command(tmp_path: Path, shared_site: Site) -> Command:
    """The command, set to the shared sandbox."""
    return Command(tmp_path, shared_site.url)


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """The command without any site."""
    return Command(tmp_path)
