"""How long a person waits before anything happens: help, explain, status, a check of a small file, its first POST.

    python benchmarks/start.py --rounds 10
    python benchmarks/start.py --rounds 10 --against ../older        in turns with another checkout's program

Each figure has `seconds` on the clock, and `cpu`, the seconds that the processor worked for it: on a machine with other
work the second is what can be compared. Of a first POST both are up to its arrival; the run is ended there.
"""

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
ROWS = 100
PATIENCE_SECONDS = 120.0
Figure = dict[str, float]  # seconds, cpu


def measure(rounds: int, programs: Mapping[str, Path], rows: int = ROWS) -> dict[str, dict[str, list[Figure]]]:
    """Of each program, by what it is asked for, a figure a round; programs take turns. A program is a folder that holds
    `batch_credits`."""
    found: dict[str, dict[str, list[Figure]]] = {name: {} for name in programs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_rows(folder / "small.csv", rows)
        for program in programs.values():  # its modules are compiled, and there is a ledger to show
            ledger = str(folder / f"{program.name}.sqlite3")
            until_its_end(program, folder, "run", str(file), "--sandbox", "--yes", "--ledger", ledger)
        for _ in range(rounds):
            for one, program in programs.items():
                for asked, figure in _each(program, file, folder).items():
                    found[one].setdefault(asked, []).append(figure)
    return found


def _each(program: Path, file: Path, folder: Path) -> dict[str, Figure]:
    ledger = str(folder / f"{program.name}.sqlite3")
    sending = ("--rate", "600")  # with a limit, as every real site has one
    figures = {
        "--help": until_its_end(program, folder, "--help"),
        "explain": until_its_end(program, folder, "explain", "duplicate"),
        "status": until_its_end(program, folder, "status", "--ledger", ledger),
        "check": until_its_end(program, folder, "check", str(file), "--ledger", str(folder / "none.sqlite3")),
    }
    for asked, options in {
        "first POST": ("--rate", "0"),
        "first POST, with a limit": sending,
        "first POST, of two processes": ("--rate", "0", "--processes", "2"),
    }.items():
        with tempfile.TemporaryDirectory(dir=folder) as own:
            figures[asked] = until_first_post(program, file, Path(own), *options)
    return figures


def write_rows(path: Path, rows: int) -> Path:
    """A payout of so many customers."""
    lines = ["customer_id,amount,currency_code,description,reference"]
    lines += [f"c{number:07d},{100 + number % 977},USD,thanks for your loyalty,q3-2026" for number in range(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def until_its_end(program: Path, folder: Path, *arguments: str) -> Figure:
    """A command that ends by itself."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with subprocess.Popen(_command(*arguments), cwd=folder, env=_environment(program), **_SILENT) as process:
        code = process.wait(PATIENCE_SECONDS)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert code == 0, (arguments, code)
    return {"seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def until_first_post(program: Path, file: Path, folder: Path, *options: str) -> Figure:
    """A run of this file, up to the arrival of its first POST, where it is ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_SECONDS)
        places = ("--ledger", str(folder / "ledger.sqlite3"), "--reports", str(folder))
        at = {"CHARGEBEE_BASE_URL": f"http://127.0.0.1:{server.getsockname()[1]}"}
        environment = {**_environment(program), **at, "CHARGEBEE_API_KEY": "k", "CHARGEBEE_SITE": "bench"}
        began = time.monotonic()
        command = _command("run", str(file), "--yes", *places, *options)
        with subprocess.Popen(command, cwd=folder, env=environment, **_SILENT) as process:
            try:
                connection, _ = server.accept()
                with connection:
                    sent = connection.recv(65_536)
                    figure = {"seconds": time.monotonic() - began, "cpu": _cpu_of(process.pid)}
            finally:
                _kill(process.pid)
        assert sent.startswith(b"POST "), sent
    return figure


def _cpu_of(pid: int) -> float:
    """Seconds that the threads of a process and of its children have worked."""
    nanoseconds = sum(int(_said(task / "schedstat").split()[0]) for task in _tasks(pid))
    return nanoseconds / 1e9 + sum(map(_cpu_of, _children(pid)))


def _kill(pid: int) -> None:
    """End a process, and its children first, which would wait for answers."""
    for child in _children(pid):
        _kill(child)
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def _children(pid: int) -> list[int]:
    return [int(child) for task in _tasks(pid) for child in _said(task / "children", "").split()]


def _tasks(pid: int) -> list[Path]:
    try:
        return [*Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return []


def _said(path: Path, of_nobody: str = "0") -> str:
    """What the kernel says of a thread, which may have just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return of_nobody


_SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "batch_credits", *arguments]


def _environment(program: Path) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("BATCH_CREDITS", "CHARGEBEE"))}
    known.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would compile all of it
    return {**known, "PYTHONPATH": str(program)}


def table(found: Mapping[str, Mapping[str, Sequence[Figure]]]) -> str:
    """Medians of milliseconds, on the clock and of the processor."""
    lines = []
    for asked in next(iter(found.values())):
        shown = []
        for name, figures in found.items():
            seconds, cpu = (median(each[what] for each in figures[asked]) for what in ("seconds", "cpu"))
            shown.append(f"{name}: {seconds * 1000:6.0f} ms, CPU {cpu * 1000:5.0f} ms")
        lines.append(f"{asked:30}{'   '.join(shown)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--against", type=Path, help="a checkout of another version")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    chosen = parser.parse_args()
    programs = {"this": HERE.parent.resolve()}
    if chosen.against is not None:
        programs["other"] = chosen.against.resolve()
    found = measure(chosen.rounds, programs, chosen.rows)
    print(json.dumps(found) if chosen.json else table(found))


if __name__ == "__main__":
    main()
