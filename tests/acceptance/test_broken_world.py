"""Promise: where the disk, the way to the site or the reports fail, the money is safe and nothing false is said."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.acceptance.harness import (
    WARM,
    Command,
    Ended,
    Site,
    clean_environment,
    each_once,
    finish,
    payout,
    stop,
    wait_until,
    write_csv,
)

PROGRAM = "from batch_credits.__main__ import main; main()"


def with_files_no_larger_than(limit: int, command: Command, *arguments: object) -> Ended:
    """Run the command on a disk that is full once a file has this many bytes."""
    script = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n{PROGRAM}"
    said = [command.folder / "out", command.folder / "err"]
    for pipe in said:  # no file, which could not grow either
        os.mkfifo(pipe)
    reading = [os.open(pipe, os.O_RDONLY | os.O_NONBLOCK) for pipe in said]
    out, err = map(str, said)
    code = finish(command.start(*arguments, streams=(None, out, err), script=script, goes_down=True)).code
    texts = []
    for number in reading:
        with os.fdopen(number) as stream:
            texts.append(stream.read())
    for pipe in said:
        pipe.unlink()
    return Ended(code, *texts)


@pytest.mark.parametrize("room", [0, pytest.param(30_000, marks=pytest.mark.slow), 60_000])
def test_a_disk_that_fills_up_in_the_middle(command: Command, shared_site: Site, room: int) -> None:
    """Whatever was sent by then is known or in doubt; once there is room again, each row is credited once."""
    rows = payout(f"full{room}", 600)
    file = write_csv(command.folder / "payout.csv", rows)
    command("check", file).exited(0)
    command("run", file, "--rate", 0).exited(2)  # makes the ledger
    grown = max(path.stat().st_size for path in command.folder.glob("ledger.sqlite3*"))
    ended = with_files_no_larger_than(grown + room, command, "run", file, "--yes", "--rate", 0)
    ended.exited(4)
    assert "Mend the disk" in ended.err
    command.run(file).exited(0)
    assert shared_site.times(f"full{room}-") == each_once(rows)


def test_reports_that_cannot_be_written_are_said_before_anything_is_sent(command: Command, shared_site: Site) -> None:
    rows = payout("noplace", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    ended = command.run(file, "--reports", file / "below").exited(2)
    assert "reports cannot be written" in ended.err and "Nothing was sent" in ended.err
    assert shared_site.times("noplace-") == {}
    assert "holds no batch" in command("status").exited(0).out
    command.run(file).exited(0)
    [batch] = command.folder.glob("reports/payout-*")
    into = ("--reports", file / "below")
    ended = command("reverse", batch.name[-8:], "--yes", *into).exited(2)
    assert "Nothing was sent" in ended.err and shared_site.times("noplace-") == each_once(rows)


def test_reports_that_can_be_written_no_more(command: Command, shared_site: Site) -> None:
    """The money has moved, so this must not say "nothing was sent"."""
    rows = payout("norep", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    late = "import batch_credits.jobs.run as run; run.refuse_unwritable = lambda *about: None"  # as it begins they can
    ended = finish(command.start_run(file, "--reports", file / "below", script=f"{late}\n{PROGRAM}")).exited(4)
    assert shared_site.times("norep-") == each_once(rows)
    assert "reports cannot be written" in ended.err
    whole = ended.err.splitlines()[-1]  # the command that would write them, of this very ledger
    assert whole.startswith("batch-credits report ") and f"--ledger {command.ledger}" in whole
    command.run(file).exited(0)
    assert shared_site.times("norep-") == each_once(rows)


class Elsewhere(BaseHTTPRequestHandler):
    """A server that is not the site: answers everything alike, and remembers that it was asked."""

    asked: ClassVar[list[str]] = []
    status = 302
    location = ""
    body = b"<html>Sign in to the guest network</html>"

    def answer(self) -> None:
        """The one answer."""
        self.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = answer  # noqa: N815 - the names that the server looks for

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing to say."""


@contextmanager
def serving(**attributes: object) -> Iterator[tuple[str, list[str]]]:
    """A server elsewhere, and what it was asked."""
    asked: list[str] = []
    handler = type("Handler", (Elsewhere,), {**attributes, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [301, 302, 307, 308, 403, 405])
def test_a_server_that_is_not_the_site_stops_the_run(tmp_path: Path, status: int) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("x", 60))
    with serving() as (other, asked_there), serving(status=status, location=f"{other}/taken") as (url, asked):
        command = Command(tmp_path, url)
        began = time.monotonic()
        command.run(file, "--concurrency", 5).exited(4)
        assert time.monotonic() - began < 10
        assert not asked_there, "a redirect is never followed: it would hand over the key"
        assert len(asked) <= 5
    counts = command.report("payout").counts
    assert counts["in_doubt"] == len(asked), "whoever answered may have passed the request on"
    assert counts == {"pending": 60 - len(asked), "in_doubt": len(asked)}


def test_a_guest_network_that_answers_200_to_everything_credits_nobody(tmp_path: Path) -> None:
    """Each answer is as good as none, so the rows stay in doubt until somebody asks the true site."""
    rows = payout("guest", 12)
    file = write_csv(tmp_path / "payout.csv", rows)
    with serving(status=200) as (url, asked):
        command = Command(tmp_path, url, {"CHARGEBEE_SITE": "acme-test"})
        process = command.start_run(file)
        wait_until(lambda: sum(line.startswith("POST") for line in asked) >= 12)
        stop(process, signal.SIGINT)
        finish(process, 5).exited(4)
    assert command.report("payout").counts == {"in_doubt": 12}
    with Site() as site:
        witness = write_csv(tmp_path / "witness.csv", payout("witness", 1))
        same = {"CHARGEBEE_BASE_URL": site.url, "BATCH_CREDITS_SAME_SITE": "1"}
        command.run(witness, **same).exited(0)  # type: ignore[arg-type]
        command.run(file, **same).exited(0)  # type: ignore[arg-type]
        assert site.times("guest-") == each_once(rows)


def test_what_was_counted_is_what_happened(tmp_path: Path) -> None:
    """Requests, retries and the last line of progress, beside the site's own account."""
    rows = payout("count", 40)
    plan = "lost_after=0.2,error_before=0.2,throttled=0.1,lock_timeout=0.1,list_throttled=0.3,faulty_tries=1"
    with Site("--seed", "3", "--faults", plan) as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "1"})
        ended = command.run(write_csv(tmp_path / "payout.csv", rows)).exited(0)
        truth, summary = site.truth(), command.report("payout").summary
    last = "40/40 rows, 100 %, 47.80 of 47.80 USD; this run: 40 credited, 0 failed, 0 in doubt"
    assert ended.err.splitlines()[-1].startswith(last), ended.err
    assert summary["requests"] == sum(truth["requests"].values())
    assert summary["throttled"] == truth["throttled"] > 0
    attempts = sum(int(row["credit_attempts"]) for row in command.report("payout").results)
    assert attempts == truth["posts"]
    assert summary["retries"] == attempts - len(rows) > 0


def test_a_signal_while_the_reports_are_written_lets_them_be_finished(command: Command, shared_site: Site) -> None:
    """One signal must not cost the reports, nor turn what was paid into "nothing was sent"."""
    rows = payout("report", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    slow = "import time, batch_credits.jobs.report as report; was = report.report_batch\n"
    slow += "def late(*a, **k):\n    print('writing', flush=True); time.sleep(1); return was(*a, **k)\n"
    slow += f"report.report_batch = late\n{PROGRAM}"
    for signals, code in ((1, 0), (2, 4)):
        process = command.start("run", file, "--yes", "--rate", 0, script=slow)
        wait_until(lambda process=process: "writing\n" in process.said[0])  # type: ignore[misc]
        for _ in range(signals):
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
        ended = finish(process, 10).exited(code)
        assert "nothing was sent" not in ended.said.lower()
    assert shared_site.times("report-") == each_once(rows)
    assert command.report("payout").counts == {"credited": 3}


def test_a_signal_while_the_file_is_staged_leaves_nothing_owed(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("staging", 60_000))
    process = command.start_run(file)
    wait_until(lambda: any(p.stat().st_size > 500_000 for p in command.folder.glob("ledger.sqlite3-wal")))
    stop(process, signal.SIGTERM)
    ended = finish(process, 10).exited(2)
    assert "nothing was sent" in ended.err.lower()
    assert not shared_site.credits("staging-")
    assert command("status").exited(0).out == "The ledger holds no batch.\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--faults", "lost=0.1"), "lost_before"),
        (("--faults", "lost_after=2"), "between 0 and 1"),
        (("--customers", os.devnull + "x"), "customers"),
        (("--port", "70000"), "port"),
    ],
)
def test_a_sandbox_that_cannot_be_started_says_why(alone: Command, options: tuple[str, ...], words: str) -> None:
    assert words in WARM.call(["sandbox", *options], alone.folder, clean_environment(), 20).exited(2).err


def test_a_port_that_is_taken_is_named(alone: Command, shared_site: Site) -> None:
    port = shared_site.url.rpartition(":")[2]
    assert port in WARM.call(["sandbox", "--port", port], alone.folder, clean_environment(), 20).exited(2).err
