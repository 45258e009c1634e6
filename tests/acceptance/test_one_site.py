"""Promise: no command takes one Chargebee for another: what is paid on the one is not paid on the other."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_credits.ledger import Ledger
from tests.acceptance.harness import KEY, Command, Site, payout, write_csv

ELSEWHERE = "https://proxy.example"


@pytest.fixture
def acme(tmp_path: Path, shared_site: Site) -> Command:
    """The command, set to a site of this name."""
    return Command(tmp_path, shared_site.url, {"CHARGEBEE_SITE": "acme-test"})


def moves(command: Command, site: str = "acme-test") -> None:
    """Let the ledger know the site at another address."""
    with Ledger.open(command.ledger) as ledger:
        ledger.sites.note_address(site, ELSEWHERE)


def batch_of(command: Command) -> str:
    return command("status").exited(0).out.split()[0]


def test_a_run_at_another_address_is_refused_until_somebody_says_that_it_is_the_same(
    acme: Command, shared_site: Site
) -> None:
    moves(acme)
    file = write_csv(acme.folder / "payout.csv", payout("moved", 2))
    refused = acme.run(file).exited(2)
    assert f"knows site acme-test at {ELSEWHERE}" in refused.err and "--same-site" in refused.err
    assert shared_site.credits("moved-") == []
    assert acme("status").out == "The ledger holds no batch.\n"
    acme.run(file, "--same-site").exited(0)
    assert len(shared_site.credits("moved-")) == 2
    acme.run(file).exited(0)  # it is known there now
    assert len(shared_site.credits("moved-")) == 2


def test_a_run_under_another_name_is_refused_whatever_is_said(acme: Command, shared_site: Site) -> None:
    file = write_csv(acme.folder / "payout.csv", payout("renamed", 2))
    acme.run(file).exited(0)
    for said in ((), ("--same-site",)):
        refused = acme.run(file, *said, CHARGEBEE_SITE="acme").exited(2)
        assert "as site acme-test" in refused.err and "CHARGEBEE_SITE=acme-test" in refused.err
    assert len(shared_site.credits("renamed-")) == 2


def test_a_reversal_at_another_address_is_refused_until_somebody_says_that_it_is_the_same(
    acme: Command, shared_site: Site
) -> None:
    acme.run(write_csv(acme.folder / "payout.csv", payout("undone", 2))).exited(0)
    moves(acme)
    reverse = ("reverse", batch_of(acme), "--yes", "--rate", 0)
    assert f"knows site acme-test at {ELSEWHERE}" in acme(*reverse).exited(2).err
    assert [credit["type"] for credit in shared_site.credits("undone-")] == ["increment"] * 2
    acme(*reverse, "--same-site").exited(0)
    assert [credit["type"] for credit in shared_site.credits("undone-")] == ["increment"] * 2 + ["decrement"] * 2


def test_a_reversal_at_a_site_that_did_not_pay_it_is_refused(acme: Command, shared_site: Site) -> None:
    with Ledger.open(acme.ledger) as ledger:  # so its address is no reason to refuse it
        ledger.sites.note_address("other-test", "this machine")
    acme.run(write_csv(acme.folder / "other.csv", payout("first", 1)), CHARGEBEE_SITE="other-test").exited(0)
    with Ledger.open(acme.ledger) as ledger:
        ledger.sites.note_address("acme-test", "this machine")
    acme.run(write_csv(acme.folder / "payout.csv", payout("theirs", 2))).exited(0)
    batch = next(word for word in acme("status").out.split() if acme_has(acme, word))
    refused = acme("reverse", batch, "--yes", "--rate", 0, CHARGEBEE_SITE="other-test").exited(2)
    assert f"Batch {batch} belongs to site acme-test, not to other-test." in refused.err
    assert [credit["type"] for credit in shared_site.credits("theirs-")] == ["increment"] * 2


def acme_has(command: Command, word: str) -> bool:
    with Ledger.open(command.ledger) as ledger:
        return any(batch.key[:8] == word and batch.site == "acme-test" for batch in ledger.batches.all())


ASKING: dict[str, Callable[[Command, Path], tuple[object, ...]]] = {
    "check": lambda command, file: ("check", file, "--online", "--rate", 0),
    "reconcile": lambda command, file: ("reconcile", batch_of(command), "--rate", 0),
    "resolve": lambda command, file: ("resolve", batch_of(command), "--row", 2, "--not-credited"),
}


@pytest.mark.parametrize("name", ASKING)
def test_what_only_asks_is_refused_there_too(acme: Command, shared_site: Site, name: str) -> None:
    """Asked of another Chargebee, what was paid looks as if it was not."""
    file = write_csv(acme.folder / "payout.csv", payout(f"asked-{name}", 2))
    acme.run(file).exited(0)
    moves(acme)
    asked = ASKING[name](acme, file)
    refused = acme(*asked).exited(2)
    assert f"knows site acme-test at {ELSEWHERE}" in refused.err
    said_so = acme(*asked, "--same-site")
    assert f"at {ELSEWHERE}" not in said_so.err
    assert said_so.code == (2 if name == "resolve" else 0), said_so.said
    assert name != "resolve" or "not in review" in said_so.err


@pytest.mark.parametrize(
    ("words", "code"),  # a credited row has nothing to resolve
    [(("resolve", "--row", "2", "--not-credited"), 2), (("reverse", "--yes"), 0), (("reconcile",), 0)],
)
def test_with_another_sites_profile_the_command_that_is_offered_is_not_refused_again(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    path = write_csv(tmp_path / "payout.csv", payout("of", 2))
    with Site() as one, Site() as other:
        settings = tmp_path / "own.toml"
        settings.write_text(
            f'[profiles.one]\nsite = "one-test"\nbase_url = "{one.url}"\n'
            f'[profiles.other]\nsite = "other-test"\nbase_url = "{other.url}"\n'
        )
        command = Command(tmp_path, environment={"CHARGEBEE_API_KEY": KEY})
        command.run(path, "--config", settings, "--profile", "one").exited(0)
        batch = command("status").exited(0).out.split()[0]
        refused = command(words[0], batch, *words[1:], "--config", settings, "--profile", "other").exited(2)
        assert f"Batch {batch} belongs to site one-test" in refused.err
        offered = shlex.split(refused.err.strip().splitlines()[-1])
        assert offered[0] == "batch-credits"
        again = command(*offered[1:]).exited(code)
    assert "belongs to site" not in again.err
