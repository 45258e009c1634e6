"""PgBouncer before a server of PostgreSQL's, where its program is installed (Debian: `apt-get install pgbouncer`)."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

START_SECONDS = 20


def program() -> str | None:
    """Where it is; None: it is not installed."""
    return shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@contextmanager
def pgbouncer(server_port: int, **settings: object) -> Iterator[int]:
    """One before the server on this port of loopback, for everybody; the port on which it listens itself."""
    found = program()
    assert found is not None
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name, socket.socket() as taken:
        folder = Path(name)
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
        told: dict[str, object] = {
            "listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "any",
            "max_client_conn": 100, "logfile": folder / "log", **settings,
        }  # fmt: skip
        lines = ["[databases]", f"* = host=127.0.0.1 port={server_port} user=postgres", "[pgbouncer]"]
        file = folder / "pgbouncer.ini"
        file.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in told.items()), ""]))
        rights: dict[str, Any] = {}
        if os.geteuid() == 0:  # which it refuses to be
            nobody = pwd.getpwnam("nobody")
            rights = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (folder, file):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        taken.close()
        process = subprocess.Popen(
            [found, "--quiet", file], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, **rights,
        )  # fmt: skip
        try:
            _wait(port, process, folder / "log")
            yield port
        finally:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PgBouncer does not start: {log.read_text() if log.exists() else ''}")
