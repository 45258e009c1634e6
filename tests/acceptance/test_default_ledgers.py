"""Promise: each site has its own ledger, the old one is found and kept, and every command looks where it must."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, finish, payout, wait_until, write_csv
from tests.acceptance.test_settings import DefaultLedger


class User(DefaultLedger):
    """Somebody whose data directory is the test's."""

    @property
    def data(self) -> Path:
        """Where the ledgers lie."""
        return self.folder / "data" / "batch-credits"

    @property
    def old(self) -> Path:
        """The one ledger of before."""
        return self.data / "ledger.sqlite3"

    def own(self, site: str) -> Path:
        """That of a site."""
        return self.data / "sites" / site / "ledger.sqlite3"

    def of_site(self, site: str) -> dict[str, str]:
        """The environment that names it."""
        return {"CHARGEBEE_SITE": site}


@pytest.fixture
def user(tmp_path: Path, shared_site: Site) -> User:
    """Their site is the shared sandbox, by a name of its own."""
    environment = {
        "XDG_DATA_HOME": str(tmp_path / "data"), "BATCH_CREDITS_YES": "1", "BATCH_CREDITS_RATE": "0",
        "CHARGEBEE_SITE": "acme",
    }  # fmt: skip
    return User(tmp_path, shared_site.url, environment)


@pytest.fixture
def beside(user: User) -> Iterator[tuple[User, Path]]:
    """A batch of the sandbox within a run, in its own ledger, and one of the site."""
    file = write_csv(user.folder / "boxed.csv", payout("boxed", 1))
    finish(user.start("run", file, "--sandbox")).exited(0)
    yield user, file


def test_two_sites_and_the_old_one(user: User, shared_site: Site) -> None:
    old_rows, new_rows = payout("old", 2), payout("new", 2)
    old, new = write_csv(user.folder / "old.csv", old_rows), write_csv(user.folder / "new.csv", new_rows)
    user("run", old, "--ledger", user.old).exited(0)  # as the version before did
    assert "acme" in user("run", new).exited(0).out
    assert not user.own("acme").exists(), "it goes on in the old one"
    finish(user.start("run", old, "--sandbox")).exited(0)
    assert user.own("sandbox").exists()
    for file in (old, new):
        user("run", file).exited(0)
        user("run", file, "--reports", "elsewhere").exited(0)
    assert shared_site.times("old-") == each_once(old_rows) and shared_site.times("new-") == each_once(new_rows)


def test_every_look_finds_its_ledger(beside: tuple[User, Path]) -> None:
    user, boxed = beside
    file = write_csv(user.folder / "payout.csv", payout("look", 2))
    user("run", file).exited(0)
    listed = json.loads(user("status", "--json").exited(0).out)
    assert {(each["file"], each["site"], each["ledger"]) for each in listed} == {
        ("boxed.csv", "sandbox", str(user.own("sandbox"))),
        ("payout.csv", "acme", str(user.own("acme"))),
    }
    said = user("status").exited(0).out
    assert f"Ledger {user.own('acme')}" in said and f"Ledger {user.own('sandbox')}" in said
    last = user("status", "--last").exited(0).out
    assert "payout.csv" in last and "boxed.csv" not in last, "of all ledgers, as --json says it"
    [batch] = [each["batch"] for each in listed if each["site"] == "acme"]
    [other] = [each["batch"] for each in listed if each["site"] == "sandbox"]
    assert "payout.csv" in user("status", batch[:3]).exited(0).out
    assert "boxed.csv" in user("report", other[:8]).exited(0).out
    user("reconcile").exited(0)
    user("reconcile", batch[:8]).exited(0)
    resolving = ("resolve", other[:8], "--row", 2, "--not-credited")
    for words in (("reconcile", other[:8]), ("reverse", other[:8]), resolving):
        for key in ("a key", ""):
            said = user(*words, CHARGEBEE_API_KEY=key).exited(2).err
            assert "belongs to site sandbox, which ended with its run" in said
            assert said.endswith("\nbatch-credits sandbox\n")
    user("reverse", batch[:8]).exited(0)
    checked = user("check", boxed)
    assert str(user.own("acme")) in checked.exited(0).out
    health = json.loads(user("ledger", "check", "--json").exited(0).out)
    assert {each["ledger"] for each in health["ledgers"]} == {str(user.own("acme")), str(user.own("sandbox"))}
    assert "Holds      1 site, 2 batches, 4 rows, " in user("ledger", "check").exited(0).out
    assert user("ledger", "upgrade").exited(0).out.count("is up to date") == 2
    assert "There are 2 ledgers" in user("ledger", "upgrade", "--reopen").exited(2).err
    missing = user("status", "ffffffff").exited(2).err
    assert "None of the 2 ledgers holds a batch 'ffffffff'" in missing


def test_two_that_know_a_site_are_refused_by_every_command(user: User, shared_site: Site) -> None:
    file = write_csv(user.folder / "payout.csv", payout("both", 1))
    user("run", file).exited(0)
    batch = json.loads(user("status", "--json").out)[0]["batch"]
    shutil.copy(user.own("acme"), user.old)
    posts = shared_site.posts
    another = write_csv(user.folder / "another.csv", payout("another", 1))
    for words in (("run", another), ("check", another), ("reconcile",), ("reverse", batch), ("run", file)):
        assert "Two ledgers know site acme" in user(*words).exited(2).err, words
    for ledger in (user.own("acme"), user.old):
        assert "Two ledgers know site acme" in user("run", another, "--ledger", ledger).exited(2).err
    assert shared_site.posts == posts
    user.old.unlink()  # as the remedy says, of the one that knows less
    user("run", another).exited(0)


def test_an_old_ledger_that_cannot_be_read_stops_new_sites_alone(user: User, shared_site: Site) -> None:
    file = write_csv(user.folder / "payout.csv", payout("harmed", 1))
    user("run", file).exited(0)
    user.old.write_bytes(b"harmed")
    again = write_csv(user.folder / "again.csv", payout("again", 1))
    user("run", again).exited(0)
    refused = finish(user.start("run", again, "--sandbox")).exited(2)
    assert "It might know site sandbox, so nothing is paid from another ledger" in refused.err
    status = user("status").exited(2)
    assert "again.csv" in status.out and str(user.old) in status.err, "what can be read is shown"


def test_the_page_pays_from_the_sites_own(user: User) -> None:
    """It was begun before its site had a ledger, and hands the place to what it starts."""
    with Site() as site:
        web = user.start("web", "--port", "0", "--no-browser", CHARGEBEE_BASE_URL=site.url)
        wait_until(lambda: "web listening on" in web.said[0])
        web.terminate()
        finish(web)
    assert not user.old.exists()


def test_nightly_jobs_of_two_sites_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with Site("--faults", "latency_ms=1500") as site:
        command = Command(tmp_path, site.url)
        user = User(tmp_path, site.url, {
            "XDG_DATA_HOME": str(tmp_path / "data"), "BATCH_CREDITS_YES": "1", "BATCH_CREDITS_RATE": "0",
        })  # fmt: skip
        file = write_csv(command.folder / "payout.csv", payout("night", 3))
        slow = user.start("run", file)
        wait_until(lambda: site.posts >= 1)
        finish(user.start("run", file, "--sandbox", "--reports", "boxed")).exited(0)
        assert slow.poll() is None, "make the site slower"
        finish(slow).exited(0)
