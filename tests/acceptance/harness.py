"""What every promise is tested with: the command as a process of its own, and a sandbox that knows the truth."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

KEY = "test_key_that_nobody_may_see"
TIMEOUT_SECONDS = 60
HEADERS = ("customer_id", "amount", "currency_code", "description", "reference")

Row = Sequence[object]
# The files of a command's three streams. None: one that is read for the test; of what it reads, an empty one.
Streams = tuple[str | None, str | None, str | None]
OWN: Streams = (None, None, None)


class Site:
    """A sandbox in a process of its own, and its own door for tests."""

    def __init__(self, *options: str) -> None:
        self._is_up = True
        with said_into_files() as (out, err):
            streams = (None, str(out), str(err))
            self._pid = WARM.start(["sandbox", "--port", "0", *options], Path.cwd(), clean_environment(), streams)
            try:
                wait_until(lambda: "\n" in out.read_text(), TIMEOUT_SECONDS)
                said, _, self.url = out.read_text().strip().rpartition(" ")
                assert said == "sandbox listening on", said
            except AssertionError:
                self.kill()
                raise AssertionError(f"the sandbox does not start: {out.read_text()}{err.read_text()}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once, as a site does that goes down."""
        if self._is_up:
            self._is_up = False
            os.kill(self._pid, signal.SIGKILL)
            WARM.wait(self._pid)

    def truth(self) -> dict[str, Any]:
        """What really happened, by the site's own account."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/truth", timeout=30) as answer:
            document: dict[str, Any] = json.load(answer)
        return document

    def tell(self, path: str, **document: object) -> None:
        """Change the site: `settings` or `customers`."""
        body = json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", body, method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass

    @property
    def posts(self) -> int:
        """How many adds and deducts have arrived."""
        return int(self.truth()["posts"])

    def credits(self, prefix: str = "") -> list[dict[str, Any]]:
        """Credits of the customers whose ids begin with `prefix`."""
        return [credit for credit in self.truth()["credits"] if credit["customer_id"].startswith(prefix)]

    def times(self, prefix: str = "") -> Counter[tuple[str, str]]:
        """How often each (customer, reference) was credited."""
        return Counter((c["customer_id"], c["reference"]) for c in self.credits(prefix))


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that a person saw."""
        return self.out + self.err

    def exited(self, code: int) -> Self:
        """Assert the exit code, showing all that was said; and that nobody was shown a traceback."""
        assert self.code == code, f"exit {self.code}, not {code}:\n{self.said}"
        assert "Traceback" not in self.said, self.said
        assert "This is a bug" not in self.said, self.said
        return self


@dataclass
class Command:
    """`batch-credits` as one user would call it: with a ledger, reports and a site of its own."""

    folder: Path
    url: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        """The ledger of all calls."""
        return self.folder / "ledger.sqlite3"

    @property
    def reports(self) -> Path:
        """Where the reports of all calls go."""
        return self.folder / "reports"

    def __call__(self, *arguments: object, timeout: float = TIMEOUT_SECONDS, **environment: str) -> Ended:
        """Run a command to its end, in a process that is warm already."""
        return WARM.call(self.arguments(arguments), self.folder, self.variables(environment), timeout)

    def run(self, file: Path, *arguments: object, timeout: float = TIMEOUT_SECONDS, **environment: str) -> Ended:
        """`run FILE --yes --rate 0`, to its end."""
        return self("run", file, "--yes", "--rate", 0, *arguments, timeout=timeout, **environment)

    def start_run(self, file: Path, *arguments: object, **more: Any) -> "Running":
        """Begin `run FILE --yes --rate 0`; `more` is as of `start`."""
        return self.start("run", file, "--yes", "--rate", 0, *arguments, **more)

    def start(
        self, *arguments: object, streams: Streams = OWN, script: str | None = None, goes_down: bool = False,
        **environment: str,
    ) -> "Running":  # fmt: skip
        """Begin any command, in a process that is warm already; `script` and `goes_down` as warm.py says."""
        called = self.arguments(arguments), self.folder, self.variables(environment)
        return Running(*called, streams, script=script, goes_down=goes_down)

    def start_cold(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """Begin any command from nothing, as a user does."""
        return subprocess.Popen(
            [sys.executable, "-m", "batch_credits", *self.arguments(arguments)],
            cwd=self.folder,
            env=self.variables(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def arguments(self, arguments: Sequence[object]) -> list[str]:
        """All arguments of a call."""
        name, *rest = map(str, arguments)
        return [name, *self.paths(name), *rest]

    def paths(self, name: str) -> list[str]:
        """The options that keep a command's files in the test's folder."""
        reports = ["--reports", str(self.reports)] if name in ("run", "report", "reconcile", "reverse", "web") else []
        return [*(["--ledger", str(self.ledger)] if name not in ("verify", "ledger") else []), *reports]

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a call."""
        site = {"CHARGEBEE_BASE_URL": self.url, "CHARGEBEE_API_KEY": KEY} if self.url else {}
        return {**clean_environment(), "BATCH_CREDITS_QUARANTINE": "1", **site, **self.environment, **more}

    def report(self, stem: str) -> "Report":
        """The reports of the file of this name; there must be one directory of it."""
        [directory] = self.reports.glob(f"{stem}-????????")
        return Report(directory)


class Warm:
    """A process that starts commands by forking itself; begun with the first one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._asking = threading.Lock()

    def call(self, arguments: list[str], folder: Path, environment: Mapping[str, str], timeout: float) -> Ended:
        """Run a command to its end; one that hangs is killed, and the test fails with what it had said."""
        with said_into_files() as (out, err):
            streams = (None, str(out), str(err))
            pid, hung = self.start(arguments, folder, environment, streams), threading.Event()
            killer = threading.Timer(timeout, lambda: (hung.set(), os.kill(pid, signal.SIGKILL)))
            killer.start()
            code = self.wait(pid)
            killer.cancel()
            killer.join()
            said = [path.read_text(encoding="utf-8") for path in (out, err)]
        assert not hung.is_set(), f"still running after {timeout} s:\n{said[0]}{said[1]}"
        return Ended(code, *said)

    def start(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], streams: Streams, *,
        is_terminal: bool = False, script: str | None = None, goes_down: bool = False, etc: Path | None = None,
        files: Mapping[int, Path] | None = None,
    ) -> int:  # fmt: skip
        """Begin a command with these files as its standard streams; the rest is as warm.py says. Returns the id of its
        process.
        """
        call: dict[str, object] = {"arguments": arguments, "folder": str(folder), "environment": environment}
        call |= {"script": script, "is_terminal": is_terminal, "goes_down": goes_down, "etc": str(etc) if etc else None}
        call["files"] = {number: str(path) for number, path in (files or {}).items()}
        pid = self._asked({**call, "streams": [path or os.devnull for path in streams]})
        assert pid is not None
        return pid

    def wait(self, pid: int) -> int:
        """The exit code of a command that was begun here, once it has ended."""
        code = self._asked({"wait": pid})
        assert code is not None
        return code

    def ask(self, pid: int) -> int | None:
        """The exit code of a command that was begun here, if it has ended."""
        return self._asked({"ask": pid})

    def _asked(self, what: Mapping[str, object]) -> int | None:
        """What the process answers."""
        with self._asking:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, str(Path(__file__).with_name("warm.py"))],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**clean_environment(), "PYTHONUTF8": "1"},
                )
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            answer: int | None = json.loads(self._process.stdout.readline())
            return answer

    def close(self) -> None:
        """Serve no more."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


WARM = Warm()


class Started:
    """A command that was begun and goes on, with the verbs of `Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        if self.returncode is None:
            self.returncode = WARM.ask(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit code, once it has ended. Raises `TimeoutExpired` as `Popen` does."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("batch-credits", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it this signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)


class Running(Started):
    """Such a command, and what it says: that goes to files, so nobody need read it meanwhile."""

    def __init__(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], streams: Streams = OWN, *,
        script: str | None = None, goes_down: bool = False, etc: Path | None = None,
        files: Mapping[int, Path] | None = None,
    ) -> None:  # fmt: skip
        self._kept = ExitStack()
        self._files = self._kept.enter_context(said_into_files())
        reads, *says = streams
        out, err = (given or str(own) for given, own in zip(says, self._files, strict=True))
        pid = WARM.start(
            arguments, folder, environment, (reads, out, err), script=script, goes_down=goes_down, etc=etc, files=files
        )
        super().__init__(pid)

    @property
    def said(self) -> tuple[str, str]:
        """What it has said until now, on its two streams."""
        out, err = (path.read_text(encoding="utf-8") for path in self._files)
        return out, err

    def communicate(self, timeout: float = TIMEOUT_SECONDS) -> tuple[str, str]:
        """All that it said, once it has ended."""
        self.wait(timeout)
        with self._kept:
            return self.said


@dataclass(frozen=True)
class Report:
    """A directory of reports."""

    directory: Path

    @property
    def results(self) -> list[dict[str, str]]:
        """The lines of results.csv."""
        return self.rows("results.csv")

    @property
    def failed(self) -> list[dict[str, str]]:
        """The lines of failed.csv."""
        return self.rows("failed.csv")

    def rows(self, name: str) -> list[dict[str, str]]:
        """The lines of one of its tables."""
        with (self.directory / name).open(newline="", encoding="utf-8-sig") as stream:
            return list(csv.DictReader(stream))

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json says."""
        document: dict[str, Any] = json.loads((self.directory / "summary.json").read_text())
        return document

    @property
    def counts(self) -> dict[str, int]:
        """The outcomes that occurred."""
        return {outcome: count for outcome, count in self.summary["counts"].items() if count}

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each row, in order."""
        return [row["credit_outcome"] for row in self.results]


@contextmanager
def said_into_files() -> Iterator[tuple[Path, Path]]:
    """Two empty files for what a command says, which are gone afterwards."""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        yield Path(out.name), Path(err.name)


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that sets the command, not even what lies in the user's home."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("CHARGEBEE_", "BATCH_CREDITS_"))}
    return {**kept, "XDG_CONFIG_HOME": "/dev/null", "XDG_DATA_HOME": "/dev/null"}


def said_by(script: str, *arguments: object) -> str:
    """What a script prints in a process of its own, that has loaded the program already."""
    return finish(Running([*map(str, arguments)], Path.cwd(), clean_environment(), script=script)).exited(0).out


def finish(process: subprocess.Popen[str] | Running, timeout: float = TIMEOUT_SECONDS) -> Ended:
    """Wait for a command's end; one that hangs is killed, and the test fails with what it had said."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s:\n{out}{err}") from None
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


def stop(process: subprocess.Popen[str] | Running, number: signal.Signals) -> None:
    """Send a signal to a command that is running."""
    assert process.poll() is None, finish(process).said
    process.send_signal(number)


def wait_until(holds: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.03)


def write_csv(path: Path, rows: Iterable[Row], headers: Sequence[str] = HEADERS) -> Path:
    """A CSV file of these rows."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(headers)
        writer.writerows(rows)
    return path


def refused_and_mended(command: Command, site: Site) -> tuple[Path, Path]:
    """A file whose only row, of customer `gone`, was refused; and what mends it, for `right`, which was not run yet."""
    path, mended = command.folder / "payout.csv", command.folder / "mended.csv"
    write_csv(path, [("gone", 500, "USD", "Loyalty", "q3")])
    site.tell("customers", deleted=["gone"])
    command.run(path).exited(1)
    [failed] = command.reports.glob("payout-*/failed.csv")
    mended.write_bytes(failed.read_bytes().replace(b"gone", b"right"))
    return path, mended


def payout(prefix: str, count: int, reference: str = "q3") -> list[Row]:
    """Rows of as many customers, each with an amount of its own."""
    return [(f"{prefix}-{number}", 100 + number, "USD", "Loyalty", reference) for number in range(count)]


def each_once(rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    """What `Site.times` says when each of these rows is credited once."""
    return Counter((str(row[0]), str(row[4])) for row in rows)
