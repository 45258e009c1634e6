"""A user's ledgers: each site is paid from one of them, and from no other, whatever lies there."""

import fcntl
import gzip
import os
import random
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest

from batch_credits.errors import LedgerBusy, LedgerError, UsageError
from batch_credits.ledger import Ledger, Shelf, shelf, shelf_of
from batch_credits.ledger.engines.sqlite import glance
from batch_credits.model import NewBatch
from tests.unit.ledger.conftest import Book

pytestmark = pytest.mark.of_sqlite

ACME, BETA, GAMMA = (f"https://{site}.chargebee.com" for site in ("acme", "beta", "gamma"))
OLD_FILES = Path(__file__).parent / "data"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "batch-credits"


def take_on(path: Path, site: str = "acme", address: str = ACME) -> Path:
    """The ledger there pays the site from now on."""
    with Ledger.open(path) as ledger:
        ledger.sites.note_address(site, address)
    return path


def old_of(root: Path) -> Path:
    return root / "ledger.sqlite3"


def own_of(root: Path, site: str = "acme") -> Path:
    return root / "sites" / site / "ledger.sqlite3"


def test_each_site_has_a_ledger_of_its_own(root: Path) -> None:
    acme, beta = (Shelf(root).place_for(site, at) for site, at in (("acme", ACME), ("beta", BETA)))
    assert (acme, beta) == (own_of(root), own_of(root, "beta"))
    with Ledger.open(acme), Ledger.open(beta):  # neither waits for the other
        pass


def test_a_site_that_the_old_one_knows_goes_on_there(root: Path) -> None:
    take_on(old_of(root))
    assert Shelf(root).place_for("acme", ACME) == old_of(root)
    beta = Shelf(root).place_for("beta", BETA)
    assert beta == own_of(root, "beta")
    take_on(beta, "beta", BETA)
    assert Shelf(root).place_for("acme", ACME) == old_of(root), "for good"
    assert Shelf(root).place_for("beta", BETA) == beta


@pytest.mark.parametrize("name", ["ledger-0.1.sqlite3.gz", "ledger-0.2-version-4.sqlite3.gz"])
def test_one_of_an_earlier_version_is_read_too(root: Path, name: str) -> None:
    root.mkdir(parents=True)
    old_of(root).write_bytes(gzip.decompress((OLD_FILES / name).read_bytes()))
    with sqlite3.connect(old_of(root)) as connection:
        [(site, address)] = connection.execute("SELECT name, address FROM site").fetchall()
    connection.close()
    assert Shelf(root).place_for(site, address or ACME) == old_of(root)


def test_a_site_of_which_nothing_was_agreed_to_is_nobodys_yet(root: Path) -> None:
    book = Book(old_of(root))
    batch = book.begin(site="acme")
    book.stage(batch, book.row(2))
    book.ledger.admission.discard(batch)
    assert book.ledger.sites.number("acme") is not None
    book.close()
    assert Shelf(root).place_for("acme", ACME) == own_of(root)


def test_an_admitted_batch_is_enough(root: Path) -> None:
    book = Book(old_of(root))
    book.plan(book.row(2), site="acme")
    book.close()
    assert Shelf(root).place_for("acme", ACME) == old_of(root)


def harmed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_a_newer_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 1")
    connection.close()


def on_a_disk_that_is_away(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "away" / "ledger.sqlite3")


def gone_but_for_its_log(path: Path) -> None:
    path.rename(path.with_name(path.name + "-wal"))


def with_two_names(path: Path) -> None:
    os.link(path, path.with_name("another-name"))


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS = [
    harmed, emptied, of_a_newer_version, of_another_program, on_a_disk_that_is_away, gone_but_for_its_log,
    with_two_names, a_directory,
]  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("is_old", [True, False])
def test_what_cannot_be_read_might_know_a_new_site(root: Path, harm: Callable[[Path], None], is_old: bool) -> None:
    harm(take_on(old_of(root) if is_old else own_of(root, "beta"), "beta", BETA))
    with pytest.raises(LedgerError, match="It might know site acme, so nothing is paid from another ledger"):
        Shelf(root).place_for("acme", ACME)
    with Ledger.open(own_of(root)) as ledger, pytest.raises(LedgerError, match="It might know site acme"):
        ledger.sites.note_address("acme", ACME)


@pytest.mark.parametrize("harm", HARMS)
def test_but_a_site_that_has_its_ledger_is_paid_on(root: Path, harm: Callable[[Path], None]) -> None:
    take_on(own_of(root))
    harm(take_on(own_of(root, "beta"), "beta", BETA))
    assert Shelf(root).place_for("acme", ACME) == own_of(root)
    take_on(own_of(root))


def test_two_that_know_a_site_are_refused(root: Path) -> None:
    take_on(own_of(root))
    shutil.copytree(own_of(root).parent, root / "sites" / "restored")
    for refused in (
        lambda: Shelf(root).place_for("acme", ACME),
        lambda: take_on(own_of(root)),
        lambda: take_on(root / "sites" / "restored" / "ledger.sqlite3"),
    ):
        with pytest.raises(UsageError, match=r"Two ledgers know site acme: .* Each would pay again") as raised:
            refused()
        assert "Move the other's folder or file elsewhere" in raised.value.hint
    (root / "sites" / "restored").rename(root / "apart")
    assert Shelf(root).place_for("acme", ACME) == take_on(own_of(root))


def test_a_ledger_that_was_named_takes_no_site_that_another_pays(root: Path) -> None:
    take_on(own_of(root))
    for named in (old_of(root), own_of(root, "beta")):
        with pytest.raises(UsageError, match="Two ledgers know site acme"):
            take_on(named)
    assert Shelf(root).place_for("acme", ACME) == own_of(root)


def test_of_another_home_too(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_on(own_of(root))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert Shelf(tmp_path / "other" / "batch-credits").place_for("acme", ACME).is_relative_to(tmp_path / "other")
    with pytest.raises(UsageError, match="Two ledgers know site acme"):
        take_on(old_of(root))


def test_an_address_has_one_name_in_all_of_them(root: Path) -> None:
    take_on(own_of(root))
    with pytest.raises(UsageError, match=f"knows {ACME} as site acme, and this run would take it for site other"):
        Shelf(root).place_for("other", ACME)
    with pytest.raises(UsageError, match="as site acme"):
        take_on(own_of(root, "other"), "other", ACME)


def test_one_that_was_copied_within_goes_on_in_the_copy(root: Path) -> None:
    take_on(old_of(root))
    with Ledger.open(old_of(root)) as old, Ledger.open(own_of(root)) as own:
        old.copy_to(own)
    assert Shelf(root).place_for("acme", ACME) == own_of(root)
    take_on(own_of(root))


def test_after_a_copy_elsewhere_no_site_is_begun_anew(root: Path, tmp_path: Path) -> None:
    take_on(old_of(root))
    take_on(own_of(root, "gamma"), "gamma", GAMMA)
    with Ledger.open(old_of(root)) as old, Ledger.open(tmp_path / "team.sqlite3") as team:
        old.copy_to(team)
    for site, address in (("acme", ACME), ("beta", BETA)):
        place = Shelf(root).place_for(site, address)
        with pytest.raises(LedgerError, match=r"was copied to .*team.sqlite3"):
            Ledger.open(place)
    gamma = Shelf(root).place_for("gamma", GAMMA)
    assert gamma == own_of(root, "gamma"), "which was never in it"


def test_two_that_say_of_each_other_that_they_were_copied(root: Path) -> None:
    places = take_on(own_of(root)), root / "sites" / "b" / "ledger.sqlite3"
    shutil.copytree(places[0].parent, places[1].parent)
    for place, other in (places, places[::-1]):
        with sqlite3.connect(place) as connection:
            connection.execute("INSERT INTO moved (place, at) VALUES (?, 1)", (str(other),))
        connection.close()
    with pytest.raises(UsageError, match="Two ledgers know"):
        Shelf(root).place_for("acme", ACME)


def test_links_are_no_second_ledger(root: Path, tmp_path: Path) -> None:
    take_on(tmp_path / "elsewhere" / "pay.sqlite3")
    root.mkdir(parents=True)
    old_of(root).symlink_to(tmp_path / "elsewhere" / "pay.sqlite3")
    own_of(root).parent.mkdir(parents=True)
    own_of(root).symlink_to(old_of(root))
    assert Shelf(root).place_for("acme", ACME).samefile(tmp_path / "elsewhere" / "pay.sqlite3")
    take_on(old_of(root), "beta", BETA)
    with pytest.raises(UsageError, match="Two ledgers know site beta"):
        take_on(own_of(root, "beta"), "beta", BETA)


def test_names_that_no_file_system_likes(root: Path) -> None:
    long = "h" * 300
    sites = ["[::1]:8900", "proxy.example:8443", "proxy.example_8443", f"{long}.example:1", f"{long}.example:2"]
    places = [Shelf(root).place_for(site, f"https://{site}") for site in sites]
    assert len(set(places)) == len(sites)
    for site, place in zip(sites, places, strict=True):
        assert Shelf(root).place_for(site, f"https://{site}") == take_on(place, site, f"https://{site}")


def test_two_at_once_for_a_new_site_one_has_it(root: Path) -> None:
    place = Shelf(root).place_for("acme", ACME)
    with Ledger.open(place):
        assert Shelf(root).place_for("acme", ACME) == place
        with pytest.raises(LedgerBusy):
            Ledger.open(place)


def test_of_two_that_chose_before_either_was_there_the_first_has_the_site(root: Path) -> None:
    with Ledger.open(own_of(root)) as own, Ledger.open(old_of(root)) as old:
        own.sites.note_address("acme", ACME)
        with pytest.raises(UsageError, match="Two ledgers know site acme"):
            old.sites.note_address("acme", ACME)


def test_whoever_takes_a_site_on_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(own_of(root)) as own, (root / "ledgers-lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with monkeypatch.context() as patched:
            patched.setattr(shelf, "LOCK_SECONDS", 0.0)
            with pytest.raises(LedgerBusy, match="takes a site on"):
                own.sites.note_address("acme", ACME)
        done = Event()
        path = own_of(root, "beta")
        thread = Thread(target=lambda: (take_on(path, "beta", BETA), done.set()))
        thread.start()
        assert not done.wait(0.2)
        fcntl.flock(other, fcntl.LOCK_UN)
        thread.join()
        assert done.is_set()


def test_what_stands_for_itself(root: Path, tmp_path: Path) -> None:
    assert shelf_of(tmp_path / "ledger.sqlite3") is None
    assert shelf_of(root / "other.sqlite3") is None
    for place in (tmp_path / "ledger.sqlite3", tmp_path / "b" / "ledger.sqlite3"):
        take_on(place)  # two that were named, and lie elsewhere, are their owner's affair
    assert not list(tmp_path.rglob("ledgers-lock"))


def test_the_places_that_are_there(root: Path) -> None:
    assert Shelf(root).places() == []
    take_on(own_of(root))
    on_a_disk_that_is_away(take_on(old_of(root), "beta", BETA))
    assert Shelf(root).places() == [old_of(root), own_of(root)]


def test_a_directory_that_cannot_be_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(folder: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(LedgerError, match="cannot be listed: Permission denied"):
        Shelf(root).place_for("acme", ACME)


class Scene:
    """A user's ledgers, sites that have one or two names, and whatever people do with them, by seed.

    `paid` is the oracle: which ledgers paid each Chargebee. Every payment goes the program's way: a place is chosen or
    named, opened, and takes the site on before anything is owed.
    """

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self.chance = root, chance
        self.sites = {"acme": ACME, "beta": BETA, "alias": ACME, "gamma": GAMMA, "sandbox": "in a run"}
        self.paid: dict[str, set[Path]] = defaultdict(set)
        self.open: list[tuple[Ledger, ExitStack]] = []
        self.refused = self.copies = self.payments = 0

    def step(self) -> None:
        acts = [self.pay, self.pay_named, self.begin, self.go_on, self.decline, self.copy, self.lose]
        act = self.chance.choices(acts, [6, 4, 3, 4, 2, 1, 1])[0]
        try:
            act()
        except (UsageError, LedgerError):
            self.refused += 1

    def pay(self) -> None:
        site = self.chance.choice(list(self.sites))
        self.pay_from(Shelf(self.root).place_for(site, self.sites[site]), site)

    def pay_named(self) -> None:
        self.pay_from(self.named(), self.chance.choice(list(self.sites)))

    def named(self) -> Path:
        return self.chance.choice([old_of(self.root), *(own_of(self.root, site) for site in self.sites)])

    def pay_from(self, place: Path, site: str) -> None:
        with Ledger.open(place) as ledger:
            self.send(ledger, site)

    def send(self, ledger: Ledger, site: str) -> None:
        ledger.sites.check_address(site, self.sites[site])
        ledger.sites.note_address(site, self.sites[site])
        self.payments += 1
        begun = NewBatch(f"{self.payments:064x}", site, "payout.csv", "", ("a",), {"amount": 0}, "{}")
        ledger.admission.admit(ledger.admission.begin(begun))
        self.paid[self.sites[site]].add(ledger.path)  # type: ignore[arg-type]

    def begin(self) -> None:
        """A run is at its question, for as long as it likes."""
        site = self.chance.choice(list(self.sites))
        place = self.named() if self.chance.random() < 0.3 else Shelf(self.root).place_for(site, self.sites[site])
        kept = ExitStack()
        self.open.append((kept.enter_context(Ledger.open(place)), kept))

    def go_on(self) -> None:
        if self.open:
            ledger, kept = self.open.pop(self.chance.randrange(len(self.open)))
            with kept:
                self.send(ledger, self.chance.choice(list(self.sites)))

    def decline(self) -> None:
        if self.open:
            self.open.pop()[1].close()

    def copy(self) -> None:
        source, target = self.named(), self.named()
        if source != target and source.exists():
            with Ledger.open(source) as old, Ledger.open(target) as new:
                old.copy_to(new)
            for places in self.paid.values():  # whoever paid from there goes on here: it knows it all
                if source in places:
                    places.remove(source)
                    places.add(target)
            self.copies += 1

    def lose(self) -> None:
        """A ledger cannot be read for a while."""
        place = self.named()
        if place.exists() and not self.open:
            place.rename(place.with_name("kept"))
            place.symlink_to(place.with_name("away"))
            try:
                self.pay()
            finally:
                place.unlink()
                place.with_name("kept").rename(place)

    def end(self) -> None:
        for _, kept in self.open:
            kept.close()


SHARE = 5  # of the seeds, with every `make test`; the others are slow


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed >= SHARE else []) for seed in range(20)]
)
def test_no_history_pays_a_site_from_two_ledgers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Replay one: pytest -k 'two_ledgers and [SEED]'."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    scene = Scene(tmp_path / "batch-credits", random.Random(seed))
    try:
        for _ in range(40):
            scene.step()
            for address, ledgers in scene.paid.items():
                assert len(ledgers) == 1, f"{address} was paid from {ledgers}"
    finally:
        scene.end()
    assert scene.paid and scene.refused


def test_what_cannot_be_listed_might_know_the_site(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(LedgerError, match="cannot be listed: Permission denied"):
        Shelf(root).place_for("acme", ACME)


def test_where_no_lock_can_be_made_no_site_is_taken_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="ledgers-lock cannot be written: Not a directory"), Shelf(
        tmp_path / "file"
    ).taking_on(tmp_path / "l.sqlite3", "acme", ACME):
        pass


def test_a_ledger_of_whoever_has_no_home_stands_for_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *given, **named: "~/.local/share")
    assert shelf_of(tmp_path / "ledger.sqlite3") is None


def test_a_disk_that_fails_says_which_ledger_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    take_on(old_of(root))
    monkeypatch.setattr(glance, "check_readable", fail)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite3 cannot be read: Input/output error"):
        glance.glance_at(old_of(root))


def test_a_ledger_that_is_made_between_two_looks_is_not_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_on(old_of(root))
    looks = iter([False, True])
    own, exists = old_of(root), Path.exists

    def looked(path: Path) -> bool:
        return next(looks, True) if path == own else True if path.name.endswith("-wal") else exists(path)

    monkeypatch.setattr(Path, "exists", looked)
    found = glance.glance_at(own)
    assert found is not None and set(found.sites) == {"acme"}


def test_on_a_file_system_without_locks_no_site_is_taken_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    root.mkdir(parents=True)
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LedgerError, match="cannot be locked: No locks available"), Shelf(root).taking_on(
        own_of(root), "acme", ACME
    ):
        pass
