"""Promise: a ledger in PostgreSQL is refused, or lost, without a traceback, without a doubt about what was sent, and in
time.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.model.address import Address
from tests.acceptance.harness import Command, Ended, Site, each_once, finish, payout, wait_until, write_csv
from tests.servers.postgres import Server
from tests.servers.proxy import Proxy

SECONDS_TO_SAY_SO = 60
VERBS = {
    "run": ("--yes",),
    "check": (),
    "status": (),
    "report": ("0" * 8,),
    "reconcile": (),
    "resolve": ("0" * 8, "--row", 2, "--not-credited"),
    "reverse": ("0" * 8, "--yes"),
}
TAKES_FILE = ("run", "check")
WITHOUT_THE_EXTRA = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("psycopg", "procrastinate"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from batch_credits.__main__ import main
main()
"""
NOTHING_OF_IT = """
import sys, atexit
atexit.register(lambda: print("IMPORTED", *{n.partition(".")[0] for n in sys.modules} & {"psycopg", "procrastinate"}))
from batch_credits.__main__ import main
main()
"""


class Shared(Command):
    """The command with a ledger in PostgreSQL."""

    url_of_ledger = ""

    def paths(self, name: str) -> list[str]:
        return ["--ledger", self.url_of_ledger, *super().paths(name)[2:]]

    def verb(self, name: str, file: Path) -> Ended:
        return self(name, *([file] if name in TAKES_FILE else []), *VERBS[name])


@pytest.fixture
def shared(tmp_path: Path, shared_site: Site) -> Shared:
    return Shared(tmp_path, shared_site.url)


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    with Proxy(postgres.port) as between:
        yield between


def said_by(script: str, command: Command, *arguments: object) -> Ended:
    """What a command says that the script begins; goes_down, so that it says what it does at its end."""
    return finish(command.start(*arguments, script=script, goes_down=True))


def words(ended: Ended) -> str:
    return " ".join(ended.said.split())


@pytest.mark.share
@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_would_forget_is_refused_by_every_verb(
    shared: Shared, postgres: Server, new_database: Address, verb: str
) -> None:
    name = new_database.url.rpartition("/")[2]
    postgres.tell(f"ALTER DATABASE {name} SET synchronous_commit = off")
    shared.url_of_ledger = new_database.url
    file = write_csv(shared.folder / "payout.csv", payout(f"off-{verb}", 1))
    assert "synchronous_commit is off" in words(shared.verb(verb, file).exited(2))


@pytest.mark.parametrize("verb", VERBS)
def test_a_server_that_is_not_there_is_said_by_every_verb(shared: Shared, verb: str) -> None:
    shared.url_of_ledger = "postgresql://u@127.0.0.1:1/b"
    file = write_csv(shared.folder / "payout.csv", payout(f"none-{verb}", 1))
    said = words(shared.verb(verb, file).exited(2))
    assert "postgresql://u@127.0.0.1:1/b cannot be opened" in said and "Check host, user, database" in said


@pytest.mark.parametrize("verb", VERBS)
def test_without_the_extra_every_verb_says_what_to_install(shared: Shared, verb: str) -> None:
    shared.url_of_ledger = "postgresql://u@127.0.0.1:1/b"
    file = write_csv(shared.folder / "payout.csv", payout("extra", 1))
    ended = said_by(WITHOUT_THE_EXTRA, shared, verb, *([file] if verb in TAKES_FILE else []), *VERBS[verb])
    assert "pip install 'batch-credits[postgres]'" in words(ended.exited(2))


def test_a_run_with_a_file_imports_nothing_of_it(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", payout("file", 2))
    ended = said_by(NOTHING_OF_IT, command, "run", file, "--yes").exited(0)
    assert ended.out.splitlines()[-1] == "IMPORTED"


@pytest.mark.slow
@pytest.mark.parametrize("is_silent", [False, True], ids=["gone", "silent"])
def test_a_run_that_loses_its_ledger_for_good_says_so_in_time(
    tmp_path: Path, postgres: Server, proxy: Proxy, new_database: Address, is_silent: bool
) -> None:
    rows = payout("lost", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=50") as site:
        shared = Shared(tmp_path, site.url, {"BATCH_CREDITS_LEASE": "30", "BATCH_CREDITS_TIMEOUT": "1"})
        shared.url_of_ledger = new_database.url.replace(str(postgres.port), str(proxy.port))
        run = shared.start_run(file, "--concurrency", 2)
        wait_until(lambda: site.posts > 20)
        proxy.is_silent, proxy.is_refusing = is_silent, not is_silent
        if not is_silent:
            proxy.cut()
        began = time.monotonic()
        most = SECONDS_TO_SAY_SO * (2 if is_silent else 1)  # what is connected and silent may only be slow
        ended = finish(run, most + 30).exited(4)
        assert time.monotonic() - began < most
        assert "cannot be reached any more" in words(ended), ended.err
        sent = site.posts
        proxy.is_silent = proxy.is_refusing = False
        proxy.cut()
        assert site.posts == sent
        until = time.monotonic() + SECONDS_TO_SAY_SO  # its lease must be over first
        while (ended := shared.run(file, timeout=120)).code == 5 and time.monotonic() < until:
            time.sleep(1)
        ended.exited(0)
        assert site.times() == each_once(rows)


def test_a_run_goes_on_when_its_server_starts_again(tmp_path: Path, postgres: Server, new_database: Address) -> None:
    rows = payout("again", 300)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=20") as site:
        shared = Shared(tmp_path, site.url)
        shared.url_of_ledger = new_database.url
        run = shared.start_run(file, "--concurrency", 2)
        wait_until(lambda: site.posts > 20)
        postgres.kill()
        threading.Timer(1.0, postgres.start).start()
        finish(run).exited(0)
        assert site.times() == each_once(rows)
