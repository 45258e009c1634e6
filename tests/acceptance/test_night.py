"""Promise: in a night of three sites each job ends by itself, says how in every way there is, and holds up no other.

One settings file with a profile for each site, one home with a ledger for each, and the command as cron starts it. One
key is refused, one site throttles, and one job is killed half-way and started again.
"""

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from standardwebhooks.webhooks import Webhook

from tests.acceptance.harness import (
    Report,
    Row,
    Running,
    Site,
    clean_environment,
    each_once,
    payout,
    wait_until,
    write_csv,
)
from tests.acceptance.schemas import problems
from tests.acceptance.test_metrics import Figures, read, same_as
from tests.acceptance.test_notices import SCHEMA
from tests.servers.hook import Hook, hooked
from tests.servers.tls import by_https, certificate_for

SIGNING_KEY = "whsec_bmlnaHRseSBqb2JzIG9mIHRocmVlIHNpdGVzIQ=="
ROWS = {"refused": 8, "throttled": 25, "killed": 30}
HOSTS = {"refused": "127.0.0.2", "throttled": "127.0.0.3", "killed": "127.0.0.4"}
SITES = {
    "refused": ("--api-key", "another_key"),
    "throttled": ("--concurrency", "3", "--faults", "latency_ms=30"),
    "killed": ("--faults", "latency_ms=30"),
}
# As at most sites: a test site's own limit would be used up by asking for the rows in doubt.
RATE = 600
SLOW_MS, QUARANTINE_SECONDS = 4_000, 5  # what is on its way at the kill arrives before it is looked for


@dataclass
class Night:
    """A home, and what belongs to each profile in it."""

    home: Path
    sites: dict[str, Site]
    hook: Hook
    environment: dict[str, str]

    def rows(self, name: str) -> list[Row]:
        return payout(name, ROWS[name], "night-2026-11-28")

    def path(self, name: str, what: str) -> Path:
        return self.home / f"{name}.{what}"

    def start(self, name: str) -> Running:
        """The line of a crontab: nobody's terminal, another folder, and a log that is added to."""
        words = ["run", str(self.path(name, "csv")), "--profile", name, "--yes"]
        self.path(name, "log").touch()
        return Running(words, Path("/"), self.environment, (None, os.devnull, str(self.path(name, "log"))))

    def report(self, name: str) -> Report:
        [directory] = (self.home / name).glob("*-????????")
        return Report(directory)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of a job's log, each as the schema has it."""
        events = [json.loads(line) for line in self.path(name, "log").read_text().splitlines()]
        for event in events:
            assert not problems("event.json", event), event
        return events

    def notices(self, name: str) -> list[dict[str, Any]]:
        """What was told of a profile's site: each signed, and as the schema has it."""
        verifier, found = Webhook(SIGNING_KEY), []
        for _, headers, body in self.hook.asked:
            document = verifier.verify(body, headers)
            jsonschema.validate(document, SCHEMA)
            if document["data"]["site"] == f"{name}-test":
                found.append(document)
        return found

    def told(self, name: str) -> list[tuple[str, int | None]]:
        return [(n["type"].removeprefix("batch_credits."), n["data"]["exit_code"]) for n in self.notices(name)]

    def finished(self, name: str) -> list[dict[str, Any]]:
        """What --on-finish was given of a profile's site."""
        found = [json.loads(path.read_text()) for path in self.home.glob(f"finished-{name}-test-*")]
        for document in found:
            jsonschema.validate(document, SCHEMA)
        return found

    def figures(self, name: str) -> Figures:
        return read(self.path(name, "prom").read_text(), profile=name, site=f"{name}-test")

    def agrees(self, name: str, code: int) -> None:
        """Assert that the log, the last notice, the command's notice, the metrics and the reports say one thing."""
        summary = self.report(name).summary
        assert summary["exit_code"] == code
        same_as(summary, self.figures(name))
        *_, logged = self.events(name)
        assert {key: value for key, value in logged.items() if key in summary} == summary
        *_, ended = self.notices(name)
        for key in ("batch", "rows", "counts", "totals", "exit_code", "headline"):
            assert ended["data"][key] == summary[key], key
        assert self.finished(name) == [ended]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with ExitStack() as stack:
        hook = stack.enter_context(hooked())
        sites = {name: stack.enter_context(Site(*options)) for name, options in SITES.items()}
        certificate = certificate_for(tmp_path, *HOSTS.values())
        fronts = stack.enter_context(by_https(certificate, *((HOSTS[name], site.url) for name, site in sites.items())))
        environment = {
            name: value for name, value in clean_environment().items() if not name.startswith(("XDG_", "LC_", "LANG"))
        } | {
            "HOME": str(tmp_path), "SSL_CERT_FILE": str(certificate), "PYTHONPATH": str(Path(__file__).parents[2]),
            "BATCH_CREDITS_QUARANTINE": str(QUARANTINE_SECONDS),
        }  # fmt: skip
        made = Night(tmp_path, sites, hook, environment)
        settings = tmp_path / ".config" / "batch-credits" / "batch-credits.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(settings_of(made, dict(zip(sites, fronts, strict=True))))
        for name in sites:
            write_csv(made.path(name, "csv"), made.rows(name))
        yield made


def settings_of(night: Night, urls: dict[str, str]) -> str:
    """The one settings file; the files that it names are written, too."""
    on_finish = shlex.join(["sh", "-c", f'cat > "{night.home}/finished-$NOTICE_SITE-$$"'])
    notices_key = night.path("notices", "key")
    notices_key.write_text(SIGNING_KEY)
    notices_key.chmod(0o600)
    parts = [
        f'log_format = "json"\nmax_total = ["USD=1000"]\nnotify = ["{night.hook.url}"]\n'
        f'notify_key_file = "{notices_key}"\non_finish = {json.dumps(on_finish)}\n'
    ]
    for name, url in urls.items():
        key = night.path(name, "key")
        key.write_text(f"test_key_of_{name}\n")
        key.chmod(0o600)
        parts.append(
            f'[profiles.{name}]\nsite = "{name}-test"\nbase_url = "{url}"\napi_key_file = "{key}"\n'
            f'reports = "{night.home / name}"\nmetrics_file = "{night.path(name, "prom")}"\n'
            f"concurrency = {1 if name == 'killed' else 10}\nrate = {RATE}\n"
        )
    return "\n".join(parts)


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 and so on are not loopback by themselves")
def test_a_night_of_three_sites(night: Night) -> None:
    jobs = {name: night.start(name) for name in night.sites}
    try:
        go_through(night, jobs)
    finally:
        for job in jobs.values():
            job.kill()
            job.wait(60)


def go_through(night: Night, jobs: dict[str, Running]) -> None:
    killed = night.sites["killed"]
    wait_until(lambda: killed.posts >= 10 or jobs["killed"].poll() is not None)
    killed.tell("settings", faults=f"latency_ms={SLOW_MS}")  # a minute from its end, and it has its ledger
    assert jobs["refused"].wait(60) == 4
    assert jobs["throttled"].wait(60) == 0
    assert jobs["killed"].poll() is None, night.path("killed", "log").read_text()
    jobs["killed"].send_signal(signal.SIGKILL)
    assert jobs["killed"].wait(10) == -signal.SIGKILL
    assert night.told("killed") == [("started", None)] and not night.finished("killed"), "nobody is left to tell"
    half = night.figures("killed")
    assert half[("running",)] == 1 and ("exit_code",) not in half
    assert 0 < len(killed.credits()) < ROWS["killed"]

    killed.tell("settings", faults="")
    jobs["again"] = night.start("killed")
    assert jobs["again"].wait(60) == 0, night.path("killed", "log").read_text()

    the_refused_one(night)
    the_throttled_one(night)
    the_killed_one(night)
    ledgers = {path.parent.name for path in night.home.rglob("ledger.sqlite3")}
    assert ledgers == {f"{name}-test" for name in night.sites}
    for path in (p for p in night.home.rglob("*") if p.is_file() and p.suffix != ".key"):
        assert b"test_key_of_" not in path.read_bytes(), path


def the_refused_one(night: Night) -> None:
    night.agrees("refused", 4)
    assert night.told("refused") == [("started", None), ("attention", 4), ("ended", 4)]
    for notice in night.notices("refused")[1:]:
        assert [reason["code"] for reason in notice["data"]["reasons"]] == ["key_refused"]
    figures = night.figures("refused")
    assert figures["rows", "pending"] == ROWS["refused"] and ("last_success_timestamp_seconds",) not in figures
    assert not night.sites["refused"].credits()


def the_throttled_one(night: Night) -> None:
    night.agrees("throttled", 0)
    assert night.told("throttled") == [("started", None), ("ended", 0)]
    site = night.sites["throttled"]
    assert night.figures("throttled")[("throttled_total",)] == site.truth()["throttled"] > 0
    assert site.times() == each_once(night.rows("throttled"))


def the_killed_one(night: Night) -> None:
    night.agrees("killed", 0)
    assert night.told("killed") == [("started", None), ("started", None), ("ended", 0)]
    first, again, ended = (notice["data"]["execution"] for notice in night.notices("killed"))
    assert first != again == ended
    assert ("last_success_timestamp_seconds",) in night.figures("killed")
    assert [event["event"] for event in night.events("killed")].count("plan") == 2, "one log of both"
    assert night.sites["killed"].times() == each_once(night.rows("killed"))
