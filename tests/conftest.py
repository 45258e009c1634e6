"""For all tests: how fast a machine is decides none of them, and its disk is none of their concern."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")  # of which there is Trio's, and nobody asks for Trio

from hypothesis import HealthCheck, settings

from batch_credits.ledger.engines.postgres.store import connect
from batch_credits.model.address import Address
from tests.acceptance.harness import WARM
from tests.examples import examples
from tests.servers.postgres import Server, server

settings.register_profile(
    "any machine", deadline=None, max_examples=examples(100),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
settings.load_profile("any machine")

# Thousands of ledgers and reports, each of which is made sure to be on disk: where memory looks like one, they take a
# quarter less CPU, and nobody waits. No test cuts the power, and a process that is killed leaves the same files.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def warm_process() -> Iterator[None]:
    """End what was begun with the first call."""
    yield
    WARM.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL for all tests of this process. It starts when the first of them asks."""
    with server() as started:
        yield started


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """An empty database of PostgreSQL for one test alone."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def empty_ledger(postgres: Server) -> str:
    """The name of a database that holds an empty ledger: a copy of it takes 20 ms."""
    url = postgres.database()
    connect(Address(url)).close()
    return url.rpartition("/")[2]


@pytest.fixture
def new_database(postgres: Server, empty_ledger: str) -> Iterator[Address]:
    """Where an empty ledger is, in a database of its own."""
    url = postgres.database(like=empty_ledger)
    yield Address(url)
    postgres.drop(url)


def pytest_configure() -> None:
    """What is found is kept to the end: nothing of it need be looked through for what can be given free."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for a server is `make postgres`'s, but for a share."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()) and item.get_closest_marker("share") is None:
            item.add_marker(pytest.mark.postgres)


def pytest_collection_finish() -> None:
    """From here on there is something to give free: what tests leave behind."""
    gc.freeze()
    gc.enable()
