"""The ledger's file: private, one writer, of a known version, whole or refused."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LedgerBusy, LedgerError, LedgerVersion
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.sqlite import migrations, store
from batch_credits.model import RequestState

pytestmark = pytest.mark.of_sqlite


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


def version_of(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


# -- Files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_every_file_is_its_owners_alone(tmp_path: Path, open_book: Any, mask: int) -> None:
    before = os.umask(mask)
    try:
        book = open_book(tmp_path / "deep" / "er" / "ledger.sqlite3")
        book.plan(book.row(2))
        names = {file.name: mode(file) for file in book.path.parent.iterdir()}
    finally:
        os.umask(before)
    assert names == dict.fromkeys(
        ["ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm", "ledger.sqlite3-lock"], 0o600
    )
    assert mode(book.path.parent) == 0o700


def test_a_directory_that_exists_is_left_as_it_is(tmp_path: Path, open_book: Any) -> None:
    tmp_path.chmod(0o755)
    open_book(tmp_path / "ledger.sqlite3")
    assert mode(tmp_path) == 0o755


def test_commits_survive_a_power_cut(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger._db._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ledger._db._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_ledger_is_found_again(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.reopen()
    assert [credit.customer_id for credit in book.owed(batch)] == ["c-1"]


def test_no_half_made_ledger_is_ever_at_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_create", fails)
        with pytest.raises(LedgerError, match="disk I/O error"):
            Ledger.open(path)
    assert not path.exists()
    Ledger.open(path).close()


def test_leftovers_of_a_creation_that_died_do_no_harm(path: Path) -> None:
    path.with_name("ledger.sqlite3-new").write_bytes(b"half")
    path.with_name("ledger.sqlite3-new-journal").write_bytes(b"half")
    Ledger.open(path).close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["ledger.sqlite3", "ledger.sqlite3-lock"]


# -- What is not a ledger -----------------------------------------------------------------------------------


def test_an_empty_file_is_no_new_ledger(path: Path) -> None:
    path.touch()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(path)
    assert path.stat().st_size == 0


def test_a_ledger_whose_file_is_gone_is_not_started_afresh(path: Path) -> None:
    path.with_name("ledger.sqlite3-wal").write_bytes(b"what was paid")
    with pytest.raises(LedgerError, match="is gone"):
        Ledger.open(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"customer_id,amount\n" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"\0" * 5000])
@pytest.mark.parametrize("opened", [Ledger.open, Ledger.open_for_reading])
def test_another_kind_of_file_is_left_alone(path: Path, content: bytes, opened: Callable[[Path], Ledger]) -> None:
    path.write_bytes(content)
    with pytest.raises(LedgerError):
        opened(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("opened", [Ledger.open, Ledger.open_for_reading])
def test_another_programs_database_is_left_alone(path: Path, opened: Callable[[Path], Ledger]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="not a ledger of this program"):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opened", [Ledger.open, Ledger.open_for_reading])
def test_a_directory_is_no_ledger(path: Path, opened: Callable[[Path], Ledger]) -> None:
    path.mkdir()
    with pytest.raises(LedgerError):
        opened(path)


@pytest.mark.parametrize("opened", [Ledger.open, Ledger.open_for_reading])
def test_a_name_that_no_file_can_have(tmp_path: Path, opened: Callable[[Path], Ledger]) -> None:
    with pytest.raises(LedgerError, match="cannot be opened"):
        opened(tmp_path / ("x" * 300))


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(tmp_path / "file" / "ledger.sqlite3")


def test_a_missing_ledger_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no ledger"):
        Ledger.open_for_reading(path)
    assert not path.exists()


# -- Versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [store.VERSION + 1, 99, 0, -1])
@pytest.mark.parametrize("opened", [Ledger.open, Ledger.open_for_reading])
def test_an_unknown_version_is_refused(path: Path, version: int, opened: Callable[[Path], Ledger]) -> None:
    Ledger.open(path).close()
    version_of(path, version)
    with pytest.raises(LedgerVersion, match=f"version {version}"):
        opened(path)


def test_an_older_version_is_migrated_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(path).close()
    steps: list[int] = []
    now = store.VERSION
    monkeypatch.setattr(store, "VERSION", now + 2)
    for version in (now, now + 1):
        monkeypatch.setitem(
            migrations.MIGRATIONS,
            version,
            lambda connection, version=version: steps.append(version)  # type: ignore[misc]
            or connection.execute(f"CREATE TABLE of_version_{version + 1} (x)"),
        )
    with Ledger.open(path) as ledger:
        assert ledger._db._connection.execute("PRAGMA user_version").fetchone() == (now + 2,)
        ledger._db._connection.execute(f"SELECT * FROM of_version_{now + 1}, of_version_{now + 2}")
    assert steps == [now, now + 1]
    Ledger.open(path).close()
    assert steps == [now, now + 1]


def test_a_migration_that_fails_leaves_the_older_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(path).close()

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "VERSION", store.VERSION + 1)
        patch.setitem(migrations.MIGRATIONS, store.VERSION - 1, fails)
        with pytest.raises(LedgerError, match="disk I/O error"):
            Ledger.open(path)
    with Ledger.open(path) as ledger:
        half = ledger._db._connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'")
        assert half.fetchone() == (0,)


# -- One writer ---------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_told_who_has_it(path: Path) -> None:
    with Ledger.open(path), pytest.raises(LedgerBusy, match=f"process {os.getpid()}"):
        Ledger.open(path)
    Ledger.open(path).close()


def test_the_lock_goes_with_the_process_however_it_ends(path: Path) -> None:
    script = (
        "import os, sys, pathlib; from batch_credits.ledger import Ledger;"
        " ledger = Ledger.open(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(LedgerBusy, match=f"process {child.pid}"):
            Ledger.open(path)
        child.kill()
    Ledger.open(path).close()


def test_a_holder_that_left_no_name(path: Path) -> None:
    with Ledger.open(path):
        path.with_name("ledger.sqlite3-lock").write_text("")
        with pytest.raises(LedgerBusy, match=r"Another batch-credits is using"):
            Ledger.open(path)


@pytest.mark.parametrize("to_directory", [False, True])
def test_a_link_is_no_second_ledger(tmp_path: Path, to_directory: bool) -> None:
    real = tmp_path / "real" / "ledger.sqlite3"
    if to_directory:
        real.parent.mkdir()
        (tmp_path / "link").symlink_to(real.parent)
        link = tmp_path / "link" / "ledger.sqlite3"
    else:
        link = tmp_path / "link.sqlite3"
        link.symlink_to(real)
    with Ledger.open(link):
        assert real.exists()
        with pytest.raises(LedgerBusy):
            Ledger.open(real)
    with Ledger.open(real), pytest.raises(LedgerBusy):
        Ledger.open(link)


def test_a_link_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.symlink_to(path)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(path)
    with pytest.raises(LedgerError):
        Ledger.open_for_reading(path)


def test_a_lock_is_given_free_when_opening_fails(path: Path) -> None:
    path.write_bytes(b"not a ledger" * 100)
    for _ in range(2):
        with pytest.raises(LedgerError) as caught:
            Ledger.open(path)
        assert not isinstance(caught.value, LedgerBusy)


# -- Readers ------------------------------------------------------------------------------------------------


def test_a_reader_sees_a_live_writers_newest_commit(book: Any) -> None:
    batch = book.plan(book.row(2))
    with Ledger.open_for_reading(book.path) as reader:
        assert len(list(reader.reports.rows(batch))) == 1
        book.settle(batch, RequestState.CREDITED)
        assert next(reader.reports.rows(batch)).credit_id == "cr-1"


def test_a_reader_writes_nothing(book: Any) -> None:
    batch = book.plan(book.row(2))
    with Ledger.open_for_reading(book.path) as reader:
        with pytest.raises(LedgerError, match="readonly"):
            reader.runs.start(batch)
        with pytest.raises(LedgerError, match="readonly"):
            reader.admission.discard(batch)


def test_a_reader_needs_no_lock_and_no_writer(book: Any) -> None:
    book.plan(book.row(2))
    book.close()
    with Ledger.open_for_reading(book.path) as one, Ledger.open_for_reading(book.path) as other:
        assert len(one.batches.all()) == len(other.batches.all()) == 1
        assert one.batches.one("0")


def test_a_reader_after_a_killed_writer_sees_what_it_committed(path: Path) -> None:
    script = (
        "import os, sys, pathlib; from batch_credits.ledger import Ledger; from batch_credits.model import NewBatch;"
        "ledger = Ledger.open(pathlib.Path(sys.argv[1]));"
        "new = NewBatch('aa', 'acme', 'f', file_sha256='', headers=[], columns={}, options_json='{}');"
        "ledger.admission.admit(ledger.admission.begin(new)); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == 9
    with Ledger.open_for_reading(path) as reader:
        assert [batch.key for batch in reader.batches.all()] == ["aa"]


def test_a_read_only_directory(book: Any) -> None:
    """After a clean end all is in the one file; a reader that may not write beside it says so, or reads."""
    book.plan(book.row(2))
    book.close()
    book.path.parent.chmod(0o500)
    try:
        with Ledger.open_for_reading(book.path) as reader:
            assert len(reader.batches.all()) == 1
    except LedgerError as error:
        assert "unable to open" in error.message  # either way is right, by who runs the test
    finally:
        book.path.parent.chmod(0o700)


def test_a_ledger_in_memory_has_the_same_schema(book: Any) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        store.prepare(connection, "memory", created=True)
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}
    assert names == {row[0] for row in book.sql("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}


def test_a_transaction_that_sqlite_gave_up_itself_is_not_rolled_back_twice(book: Any) -> None:
    batch = book.plan(book.row(2))
    with pytest.raises(ZeroDivisionError), book.ledger._db.transaction():
        book.ledger._db._connection.execute("UPDATE batch SET file_name = 'other'")
        book.ledger._db._connection.execute("ROLLBACK")
        raise ZeroDivisionError
    assert book.ledger.batches.all()[0].file_name == "payout.csv"
    assert book.ledger.runs.start(batch)


def test_a_scratch_ledger_without_a_real_one_knows_nobody(tmp_path: Path) -> None:
    with Ledger.open_scratch(tmp_path / "scratch", "acme-test", None) as ledger:
        assert ledger.batches.all() == []


def test_a_scratch_ledger_on_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_bytes(b"something else" * 500)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open_scratch(tmp_path / "scratch", "acme-test", None)


def test_a_scratch_ledger_for_a_site_that_the_real_one_never_saw(book: Any, tmp_path: Path) -> None:
    book.plan(book.row(2))
    with Ledger.open_scratch(tmp_path / "scratch", "acme", book.path) as ledger:
        assert ledger.batches.all() == []
