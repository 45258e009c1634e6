"""Promise: the API key opens the site, and is seen nowhere else."""

import signal
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import KEY, Command, Ended, Site, each_once, finish, payout, stop, wait_until, write_csv

SECRETS = (KEY, b64encode(f"{KEY}:".encode()).decode())


def assert_unseen(folder: Path, *said: Ended | str) -> None:
    """Neither what was said nor any file that was written has the key, plain or as it goes over the wire."""
    texts = [text.said if isinstance(text, Ended) else text for text in said]
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "key.txt":
            texts.append(path.read_bytes().decode("latin-1"))
    for secret in SECRETS:
        assert not any(secret in text for text in texts)


@pytest.fixture(scope="module")
def locked_site() -> Iterator[Site]:
    """A sandbox that only our key opens."""
    with Site("--api-key", KEY) as site:
        yield site


def test_the_key_is_in_no_output_report_ledger_or_argument(tmp_path: Path, locked_site: Site) -> None:
    rows = payout("seen", 30)
    file = write_csv(tmp_path / "payout.csv", [*rows, ("missing", 5, "USD", "Loyalty", "q3")])
    command = Command(tmp_path, locked_site.url)
    process = command.start_cold(
        "run", file, "--yes", "--rate", 0, "--verbose", "--log-format", "json", "--concurrency", 1
    )
    wait_until(lambda: locked_site.posts > 2)
    arguments = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True)
    assert "payout.csv" in arguments.stdout or process.poll() is not None
    while_running = "".join(p.read_bytes().decode("latin-1") for p in tmp_path.glob("ledger*"))
    ended = finish(process).exited(1)
    assert locked_site.times("seen-") == each_once(rows)
    assert_unseen(tmp_path, ended, arguments.stdout, while_running, command("status"))


def test_the_key_from_a_file_beats_the_environment(tmp_path: Path, locked_site: Site) -> None:
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    rows = payout("file", 2)
    command = Command(tmp_path, locked_site.url, {"CHARGEBEE_API_KEY": "wrong"})
    ended = command.run(write_csv(tmp_path / "payout.csv", rows), "--api-key-file", tmp_path / "key.txt").exited(0)
    assert locked_site.times("file-") == each_once(rows)
    assert_unseen(tmp_path, ended)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://no-such-host.invalid", "http://localhost:1"])
def test_where_nobody_answers_the_key_is_not_told(tmp_path: Path, url: str) -> None:
    """The run would wait for the site to come back, so it is told to end."""
    command = Command(tmp_path, url)
    process = command.start_run(write_csv(tmp_path / "payout.csv", payout("x", 20)), "--verbose")
    wait_until(lambda: "Sending is paused" in "".join(process.said))
    stop(process, signal.SIGTERM)
    ended = finish(process, 10).exited(4)
    assert command.report("payout").counts == {"pending": 20}
    assert_unseen(tmp_path, ended)


def test_a_refused_key_is_not_told(tmp_path: Path) -> None:
    with Site("--api-key", "another") as site:
        command = Command(tmp_path, site.url)
        assert_unseen(tmp_path, command.run(write_csv(tmp_path / "payout.csv", payout("x", 2))).exited(4))


@pytest.mark.parametrize("url", [f"https://{KEY}@acme.chargebee.com", f"https://{KEY}:@acme.chargebee.com:no/api"])
def test_a_key_in_the_address_is_refused_and_not_told(tmp_path: Path, url: str) -> None:
    ended = Command(tmp_path, url).run(write_csv(tmp_path / "payout.csv", payout("x", 1))).exited(2)
    assert_unseen(tmp_path, ended)


def test_the_key_is_no_argument(tmp_path: Path) -> None:
    command = Command(tmp_path, "http://127.0.0.1:9")
    file = write_csv(tmp_path / "payout.csv", payout("x", 1))
    assert "No such option" in command.run(file, "--api-key", "abc", CHARGEBEE_API_KEY="").exited(2).err
