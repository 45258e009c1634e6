"""Promise: docs/nightly.md sets a nightly job up: its blocks are carried out here, in their order."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.acceptance.harness import KEY, Site, clean_environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
SKIPPED = ("pip install",)


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of somebody who wants to be told, and what they were."""
    heard: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", heard
        server.shutdown()
        thread.join()


class Operator:
    """Somebody who does what the page says, at home."""

    def __init__(self, home: Path, site: Site, address: str) -> None:
        self.home = home
        self.address = address
        self.environment = {
            **clean_environment(), "HOME": str(home), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "XDG_CONFIG_HOME": str(home / ".config"), "XDG_DATA_HOME": str(home / ".local" / "share"),
            "CHARGEBEE_BASE_URL": site.url, "BATCH_CREDITS_RATE": "0",
        }  # fmt: skip
        for folder in ("sample_data", "deploy/cron"):
            shutil.copytree(ROOT / folder, home / folder)
        self.files = iter(["tonight.csv", "tonight.control.csv"])

    def does(self, kind: str, text: str) -> None:
        """Carry out a block."""
        text = text.replace("/home/pay", str(self.home)).replace("/tmp/", f"{self.home}/")
        if kind == "console":
            for line in text.replace("\\\n", " ").splitlines():
                self.types(line.removeprefix("$ "))
        elif kind == "toml":
            settings = re.sub(r"^mail_.*\n", "", text, flags=re.MULTILINE)  # there is no mail server here
            settings = settings.replace("https://hooks.slack.com/services/T000/B000/XXXX", self.address)
            with (self.home / ".config" / "batch-credits" / "batch-credits.toml").open("a") as file:
                file.write(settings)
        elif kind == "csv":
            (self.home / "payouts" / next(self.files)).write_text(text)

    def types(self, line: str) -> None:
        """Carry out a line; a question is answered with yes."""
        if line.startswith(SKIPPED):
            return
        asks = " run " in line and "--yes" not in line
        done = subprocess.run(
            ["/bin/sh", "-c", line + " --yes" * asks], cwd=self.home, env=self.environment, check=False, timeout=60,
            input=f"{KEY}\n", capture_output=True, text=True,
        )  # fmt: skip
        expected = 1 if "sample_data" in line else 0
        assert done.returncode == expected, f"{line}\n{done.stdout}{done.stderr}"
        assert KEY not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_page_sets_a_nightly_job_up(tmp_path: Path, told: tuple[str, list[dict[str, Any]]]) -> None:
    address, heard = told
    with Site() as site:
        operator = Operator(tmp_path, site, address)
        for kind, text in BLOCKS:
            operator.does(kind, text)
        assert site.times() == {("cust-1", "night-2026-11-28"): 1, ("cust-2", "night-2026-11-28"): 1}
    assert (tmp_path / "payouts" / "acme-test.key").stat().st_mode & 0o777 == 0o600
    ended = [(each["data"]["file"], each["data"]["exit_code"]) for each in heard if each["type"].endswith(".ended")]
    assert ended == [("loyalty_payout.csv", 1), ("tonight.csv", 0), ("tonight.csv", 0)]
