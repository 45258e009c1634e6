"""A PostgreSQL server that lives for as long as somebody holds the other end of this process's standard input.

It is a process of its own, in a session of its own, so that whoever asked for the server may be killed in any way: the
pipe closes, the server is ended, and its folder is gone. It is told `kill` or `start`, and says when that is done.

PostgreSQL refuses to run as root. Then it is nobody's, in a folder of nobody's own; and where nobody may not read the
programs, which may lie in the checkout of root, a copy of them lies in that folder.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START_SECONDS = 60
END_SECONDS = 10
MEMORY = Path("/dev/shm")
ROOMY = 1 << 30  # bytes: of a memory with less, other tests may need it

# As durable as PostgreSQL is unless told otherwise, and small, since there may be one for each worker of a test run.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "log_min_messages": "fatal",
}


class Keeper:
    """One server, and the folder that has all of it."""

    def __init__(self, programs: Path, folder: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self._settings = SETTINGS | settings
        self._rights: dict[str, Any] = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._rights |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._programs = programs if self._may_run(programs) else self._copied(programs)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def _may_run(self, programs: Path) -> bool:
        try:
            called: list[str | Path] = [programs / "postgres", "--version"]
            return subprocess.run(called, capture_output=True, check=False, **self._rights).returncode == 0
        except PermissionError:
            return False

    def _copied(self, programs: Path) -> Path:
        """A wheel's package, and beside it the folder of its libraries, which its programs look for there."""
        package = programs.parent.parent
        copies = self._folder / "programs"
        copies.mkdir(mode=0o755)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, copies / part.name)
        for path in (copies, *copies.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        return copies / package.name / programs.relative_to(package)

    def make(self) -> None:
        """Make the files of a server that is empty."""
        called: list[str | Path] = [self._programs / "initdb", "--pgdata", self._folder / "data"]
        called += ["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale"]
        called += ["--no-sync", "--wal-segsize", "1"]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            called, stdin=subprocess.DEVNULL, capture_output=True, check=False, **self._rights
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")

    def start(self) -> int:
        """Start it, and wait until it answers. Returns its port, which stays the same."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            port = self._port or _free_port()
            if self._started(port, until):
                self._port = port
                return port
        raise RuntimeError(f"PostgreSQL does not start: {(self._folder / 'log').read_text(errors='replace')[-2000:]}")

    def _started(self, port: int, until: float) -> bool:
        settings = self._settings | {"port": str(port), "unix_socket_directories": str(self._folder)}
        called: list[str | Path] = [self._programs / "postgres", "-D", self._folder / "data"]
        for name, value in settings.items():
            called += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                called, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._rights
            )
        self._process = process
        while process.poll() is None and time.monotonic() < until:
            if self._is_ready():
                return True
            time.sleep(0.02)
        return False  # somebody else took the port

    def _is_ready(self) -> bool:
        """Its own word, in the file by which it says that it runs: its last line is its state."""
        with contextlib.suppress(OSError):
            lines = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
            assert self._process is not None
            return len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready"
        return False

    def kill(self) -> None:
        """End it at once, as a server ends that loses power: what is not on disk is lost."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def main(programs: Path, settings: dict[str, str]) -> None:
    """Keep a server until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    is_roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOMY
    place = MEMORY if is_roomy else None
    with tempfile.TemporaryDirectory(prefix="postgres-", dir=place, ignore_cleanup_errors=True) as at:
        keeper = Keeper(programs, Path(at), settings)
        try:
            keeper.make()
            print(keeper.start(), at, flush=True)
            for line in sys.stdin:
                {"kill": keeper.kill, "start": keeper.start}[line.strip()]()
                print("done", flush=True)
        finally:
            keeper.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(each.split("=", 1) for each in sys.argv[2:]))
