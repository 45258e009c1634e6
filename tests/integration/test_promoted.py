"""A standby that was promoted is noticed at once: what the server before it did not hand over may have been paid."""

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import look_at
from batch_credits.ledger import Ledger
from batch_credits.model.address import Address
from tests.servers.keeper import Keeper
from tests.servers.postgres import programs
from tests.unit.ledger.conftest import SITE, Book

pytestmark = pytest.mark.postgres
# So that the checkpoint after the promotion takes minutes, as where a server is at work.
MUCH = "CREATE TABLE much AS SELECT n, repeat('x', 200) FROM generate_series(1, 80000) n"


class Standby(Keeper):
    """A server that may follow another one, and is ready when it may be asked."""

    def _is_ready(self) -> bool:
        with suppress(OSError):
            lines = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
            assert self._process is not None
            return len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() in ("ready", "standby")
        return False

    def follow(self) -> None:
        """Begin again, as a server that follows one of which nothing is heard any more."""
        self.kill()
        signal = self._folder / "data" / "standby.signal"
        signal.touch()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(signal, nobody.pw_uid, nobody.pw_gid)
        self.start()


@pytest.fixture
def standby() -> Iterator[tuple[Standby, Address]]:
    with tempfile.TemporaryDirectory() as made:
        server = Standby(programs(), Path(made), {})
        server.make()
        try:
            yield server, Address(f"postgresql://postgres@127.0.0.1:{server.start()}/postgres")
        finally:
            server.kill()


def test_a_promotion_is_noticed_before_the_next_checkpoint(standby: tuple[Standby, Address]) -> None:
    server, address = standby
    book = Book(address)
    book.plan(book.row(2))
    with psycopg.connect(address.url, autocommit=True) as connection:
        connection.execute(MUCH.encode())
    server.follow()
    with psycopg.connect(address.url, autocommit=True) as connection:
        assert connection.execute(b"SELECT pg_promote()").fetchone() == (True,)
    with pytest.raises(LedgerError, match="another one than a moment ago"):
        book.ledger.batches.all()
    with Ledger.open(address) as ledger:
        assert "promoted" in str(ledger.keeping.why_unproven(SITE))
    assert look_at(address).about["timeline"] == "2"
    with suppress(LedgerError):
        book.close()
