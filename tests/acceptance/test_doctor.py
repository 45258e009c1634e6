"""Promise: `doctor` says whatever a first run could fail on and what to do, ends with 0 or 2, and sends nothing;
`--probe` measures on a test site alone, and takes back what it credited, also if it was killed."""

import json
import os
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from batch_credits.model.address import Address
from tests.acceptance.harness import (
    KEY,
    TIMEOUT_SECONDS,
    WARM,
    Command,
    Ended,
    Site,
    finish,
    payout,
    wait_until,
    write_csv,
)
from tests.acceptance.terminal import Terminal
from tests.examples import every

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "doctor.json").read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(SCHEMA)


def told(ended: Ended) -> Any:
    """The document that was said, which the schema describes."""
    document = json.loads(ended.out)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == ended.code
    return document


def signs(document: Any, mark: str) -> dict[str, str]:
    return {sign["about"]: sign["found"] for sign in document["signs"] if sign["mark"] == mark}


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own, whose tally is nobody else's, and whose key is the only one."""
    with Site("--api-key", KEY) as own:
        yield own


@pytest.fixture
def own(tmp_path: Path, site: Site) -> Command:
    return Command(tmp_path, site.url)


def test_a_machine_on_which_all_is_well(own: Command, site: Site) -> None:
    ended = own("doctor").exited(0)
    assert "bad " not in ended.out
    assert ended.out.rstrip().endswith("Nothing was sent.")
    assert KEY not in ended.said
    requests = site.truth()["requests"]
    assert set(requests) == {"GET"}
    assert requests["GET"] == 2
    assert not own.ledger.exists()
    assert not own.reports.exists()


def test_as_json_it_says_the_same(own: Command) -> None:
    document = told(own("doctor", "--json").exited(0))
    said = own("doctor").out
    assert (document["live"], document["probe"]) == (False, None)
    assert document["ledger"] == str(own.ledger)
    for sign in document["signs"]:
        if sign["about"] not in ("reports", "temporary", "ledger disk"):  # what is free changes
            assert sign["found"] in said


BROKEN: dict[str, tuple[dict[str, str], str, str]] = {
    "a wrong key": ({"CHARGEBEE_API_KEY": "wrong_key_12345"}, "key accepted", "refused the API key"),
    "no key": ({"CHARGEBEE_API_KEY": " "}, "key", "empty"),
    "two keys": ({"CHARGEBEE_API_KEY": "one two"}, "key", "blanks"),
    "nobody there": ({"CHARGEBEE_BASE_URL": "http://127.0.0.1:9"}, "answers", "Connection refused"),
    "no encryption": ({"CHARGEBEE_BASE_URL": "http://acme-test.chargebee.com"}, "site", "unencrypted"),
    "no site name": ({"CHARGEBEE_SITE": "a b"}, "site", "no site name"),
    "a variable with a wrong name": ({"BATCH_CREDITS_RTE": "5"}, "settings", "BATCH_CREDITS_RTE sets no option"),
    "a variable that is no number": ({"BATCH_CREDITS_RATE": "five"}, "settings", "BATCH_CREDITS_RATE"),
    "an empty variable": ({"BATCH_CREDITS_PLAN": ""}, "settings", "BATCH_CREDITS_PLAN is set, but empty"),
    "a window that is none": ({"BATCH_CREDITS_WINDOW": "x"}, "settings", "BATCH_CREDITS_WINDOW"),
    "no profile of that name": ({"BATCH_CREDITS_PROFILE": "nope"}, "settings", "no profile 'nope'"),
    "a password in the ledger's address": (
        {"BATCH_CREDITS_LEDGER": "postgresql://u:pw@127.0.0.1:9/b"}, "settings", "holds a password",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_a_line_with_what_to_do(own: Command, site: Site, what: str) -> None:
    environment, about, words = BROKEN[what]
    set_here = {"BATCH_CREDITS_LEDGER": str(own.ledger), **environment}
    called = WARM.call(["doctor", "--json"], own.folder, own.variables(set_here), TIMEOUT_SECONDS)
    document = told(called.exited(2))
    bad = [sign for sign in document["signs"] if sign["mark"] == "bad"]
    assert about in {sign["about"] for sign in bad}
    assert any(words in sign["found"] for sign in bad), bad
    assert all(sign["do"] or sign["commands"] for sign in bad)
    assert signs(document, "good"), "the others are looked at"
    assert site.posts == 0


def garbage(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(random.Random(1).randbytes(8176)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def harmed(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE batch SET rows_read = rows_read + 1")


def linked(path: Path) -> None:
    os.link(path, path.with_name("second"))


@pytest.mark.parametrize("harm", [garbage, cut, newer, harmed, linked])
def test_a_ledger_that_cannot_be_trusted(own: Command, harm: Callable[[Path], None]) -> None:
    own.run(write_csv(own.folder / "p.csv", payout("c", 2))).exited(0)
    for name in ("-wal", "-shm"):
        own.ledger.with_name(own.ledger.name + name).unlink(missing_ok=True)
    harm(own.ledger)
    document = told(own("doctor", "--json").exited(2))
    assert any(about.startswith("ledger") for about in signs(document, "bad")), document
    assert "answers" in signs(document, "good")


def test_a_ledger_that_knows_the_site_at_another_address(own: Command) -> None:
    own.run(write_csv(own.folder / "p.csv", payout("c", 1)), CHARGEBEE_SITE="acme-test").exited(0)
    elsewhere: dict[str, Any] = {"CHARGEBEE_SITE": "acme-test", "CHARGEBEE_BASE_URL": "https://127.0.0.2:9"}
    document = told(own("doctor", "--json", "--timeout", 2, **elsewhere).exited(2))
    assert any(sign["about"] == "site" and "knows site acme-test at" in sign["found"] for sign in document["signs"])


def test_a_ledger_in_use_is_said_and_is_no_harm(own: Command, site: Site) -> None:
    site.tell("settings", faults="hang=1")
    running = own.start_run(write_csv(own.folder / "p.csv", payout("c", 1)))
    wait_until(lambda: site.posts == 1)
    document = told(own("doctor", "--json").exited(0))
    assert f"process {running.pid}" in signs(document, "warning")["ledger"]
    running.kill()
    finish(running)


def test_settings_files_are_looked_at_whole(own: Command) -> None:
    (own.folder / "batch-credits.toml").write_text('rate = 10\nyes = true\nfoo = 1\nmax_total = ["USD=5"]\n')
    document = told(own("doctor", "--json").exited(2))
    found = [sign["found"] for sign in document["signs"]]
    assert sum("batch-credits.toml sets" in text for text in found) == 2
    assert "--rate 10, from batch-credits.toml" in found
    assert "--max-total USD=5, from batch-credits.toml" in found


def test_what_a_run_alone_would_refuse_of_its_settings(own: Command, site: Site) -> None:
    text = '[profiles.night]\ndeadline = "25:99"\nmail_from = "two@x.example, three@x.example"\n'
    (file := own.folder / "night.toml").write_text(text)
    ended = own("doctor", "--config", file, "--profile", "night").exited(2)
    assert "25:99" in ended.out and "profile night" in ended.out and "--mail-from" in ended.out
    ended = own("doctor", BATCH_CREDITS_DEADLINE="rubbish").exited(2)
    assert "BATCH_CREDITS_DEADLINE" in ended.out
    own("doctor", BATCH_CREDITS_DEADLINE="+90m").exited(0)


def test_a_key_file_that_others_may_read(own: Command) -> None:
    file = own.folder / "key"
    file.write_text(KEY)
    file.chmod(0o644)
    ended = own("doctor", "--api-key-file", file).exited(0)
    assert f"chmod 600 {file}" in ended.out
    assert KEY not in ended.said


@pytest.mark.parametrize("faults", ["list_error=1", "list_lost=1", "list_garbled=1", "list_throttled=1"])
def test_a_site_that_fails_is_said_and_not_waited_for(own: Command, site: Site, faults: str) -> None:
    site.tell("settings", faults=faults)
    document = told(own("doctor", "--json"))
    assert signs(document, "bad") or signs(document, "warning")
    assert site.posts == 0


def test_a_clock_that_differs(own: Command, site: Site) -> None:
    site.tell("settings", faults="clock_offset_seconds=120")
    clock = signs(told(own("doctor", "--json").exited(0)), "warning")["clock"]
    assert "behind the site's" in clock


IMPATIENT = "import batch_credits.__main__ as it, batch_credits.doctor.site as site; site.ALL_SECONDS = 2; it.main()"


def test_while_others_use_the_sites_limit_it_does_not_wait_for_long(own: Command, site: Site) -> None:
    """Its ledger says that this minute is used up; the questions would have to wait for it."""
    own.run(write_csv(own.folder / "p.csv", payout("c", 20)), "--rate", 25, "--share", 1).exited(0)
    before = site.truth()["requests"].get("GET", 0)
    document = told(finish(own.start("doctor", "--json", "--rate", 20, "--share", 1, script=IMPATIENT)).exited(0))
    assert "used up its limit" in signs(document, "warning")["answers"]
    assert site.truth()["requests"].get("GET", 0) == before


# -- The probe ---------------------------------------------------------------------------------------------------


def balance(site: Site, customer: str) -> int:
    balances: dict[str, dict[str, int]] = site.truth()["balances"]
    return balances.get(customer, {}).get("USD", 0)


def test_a_probe_says_what_it_measured_and_takes_all_back(own: Command, site: Site) -> None:
    site.tell("credits", credits=[{"customer_id": "c-1", "amount": 700, "currency_code": "USD"}])
    site.tell("settings", faults="store_cut=1")
    document = told(own("doctor", "--probe", "c-1", "--yes", "--json").exited(0))
    probe = document["probe"]
    assert probe["facts"]["values"]["reference"] == "cut to 20 characters"
    assert probe["balance_before"] == probe["balance_after"] == balance(site, "c-1") == 700
    assert len(probe["differences"]) == 1
    warning = signs(told(own("doctor", "--json").exited(0)), "warning")["facts"]
    assert warning == probe["differences"][0]
    rows = write_csv(own.folder / "p.csv", payout("d", 1))
    assert warning in own("check", rows, "--online").exited(0).out
    assert warning in json.loads(own("check", rows, "--online", "--json").exited(0).out)["notes"]
    assert warning in own.run(rows).exited(0).err
    assert "cut to 20" not in own("check", rows).out  # which asks the site nothing


def test_without_a_terminal_somebody_must_have_said_yes(own: Command, site: Site) -> None:
    ended = own("doctor", "--probe", "c-1").exited(2)
    assert ended.err.rstrip().endswith("doctor --ledger " + str(own.ledger) + " --probe c-1 --yes")
    assert site.posts == 0
    assert told(own("doctor", "--probe", "c-1", "--json").exited(2))["probe"] is None


@pytest.mark.parametrize(("answer", "code"), [("n", 2), ("y", 0)])
def test_at_a_terminal_it_asks_first(own: Command, site: Site, answer: str, code: int) -> None:
    with Terminal(own, *own.arguments(["doctor", "--probe", "c-1"])) as terminal:
        terminal.until(r"Probe\? \[y/N\]:")
        assert site.posts == 0
        terminal.types(f"{answer}\n".encode())
        terminal.end().exited(code)
    assert (site.posts > 0) is (answer == "y")
    assert balance(site, "c-1") == 0


@pytest.mark.parametrize("environment", [{"CHARGEBEE_SITE": "acme"}, {"CHARGEBEE_SITE": "acme-test2"}])
def test_it_is_refused_where_credits_may_be_real(own: Command, site: Site, environment: dict[str, Any]) -> None:
    ended = own("doctor", "--probe", "c-1", "--yes", **environment).exited(2)
    assert "is not a test site" in ended.err
    assert site.posts == 0


def test_it_is_not_begun_where_something_is_bad(own: Command, site: Site) -> None:
    own("doctor", "--probe", "c-1", "--yes", BATCH_CREDITS_RTE="1").exited(2)
    assert site.posts == 0


@pytest.mark.parametrize("seed", every(4, range(4)))
def test_killed_somewhere_it_says_what_is_left_and_the_next_takes_it_back(own: Command, site: Site, seed: int) -> None:
    site.tell("settings", faults="latency_ms=30")
    sends = random.Random(seed).randint(1, 20)
    running = own.start("doctor", "--probe", "c-1", "--yes")
    wait_until(lambda: site.posts >= sends)
    running.send_signal(signal.SIGKILL)
    finish(running)
    posts = site.posts
    document = told(own("doctor", "--json").exited(0))
    left = next(sign for sign in document["signs"] if sign["about"] == "probe")
    assert left["mark"] == "warning"
    assert "was not finished, and has left with customer c-1" in left["found"]
    assert left["commands"][0].endswith("--probe c-1 --yes")
    assert site.posts == posts  # doctor itself sends nothing
    probe = told(own("doctor", "--probe", "c-2", "--yes", "--json").exited(0))["probe"]
    assert probe["left"] == []
    assert (balance(site, "c-1"), balance(site, "c-2")) == (0, 0)
    assert "probe" not in signs(told(own("doctor", "--json").exited(0)), "warning")
    backs = [c["reference"] for c in site.truth()["credits"] if c["type"] == "decrement"]
    assert len(backs) == len(set(backs))


def test_stopped_by_a_refused_key_it_says_so_and_the_next_takes_back(own: Command, site: Site) -> None:
    site.tell("settings", faults="latency_ms=30")
    running = own.start("doctor", "--probe", "c-1", "--yes")
    wait_until(lambda: site.posts >= 5)
    site.tell("settings", faults="refused_401=1")
    ended = finish(running)
    ended.exited(4)
    assert "refused the API key" in ended.err
    assert "not known to be taken back" in ended.out
    site.tell("settings", faults="")
    own("doctor", "--probe", "c-1", "--yes").exited(0)
    assert balance(site, "c-1") == 0


@pytest.mark.postgres
def test_a_teams_ledger_is_looked_at_and_keeps_the_facts(own: Command, site: Site, new_database: Address) -> None:
    place = ("--ledger", new_database.url, "--rate", "0")
    document = told(own("doctor", "--json", *place).exited(0))
    assert "PostgreSQL" in signs(document, "good")["ledger"]
    site.tell("settings", faults="hang=1")
    running = own.start("doctor", "--probe", "c-1", "--yes", *place, BATCH_CREDITS_LEASE="2")
    wait_until(lambda: site.posts == 1)
    busy = own("doctor", "--probe", "c-1", "--yes", *place)
    assert busy.exited(5)
    running.send_signal(signal.SIGKILL)
    finish(running)
    assert "1 call of which" in signs(told(own("doctor", "--json", *place).exited(0)), "warning")["probe"]
    site.tell("settings", faults="store_lower=1")
    # Until the lease of the one that was killed is over, it may still send.
    probing = {"BATCH_CREDITS_LEASE": "1"}
    wait_until(lambda: own("doctor", "--probe", "c-1", "--yes", *place, **probing).code == 0, 150)  # type: ignore[arg-type]
    assert balance(site, "c-1") == 0
    assert "in lower case" in signs(told(own("doctor", "--json", *place).exited(0)), "warning")["facts"]
