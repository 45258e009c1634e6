"""One way down: what imports what, as pyproject.toml lays it down."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_foreign_libraries_stop_at_their_border() -> None:
    borders = {
        "import pandas": {"loader/csv/table.py"},
        "import olefile": {"loader/workbook/compound.py"},
        "import CalamineWorkbook": {"loader/workbook/calamine.py"},
        "import aiohttp": {"chargebee/transport/", "chargebee/failures.py", "sandbox/server.py"},
        "import sqlite3": {"ledger/", "peek.py"},
        "import http.client": {"notices/http.py"},  # no notice has a part in a run's connections
        "import smtplib": {"notices/mail.py"},
        "import procrastinate": {"sending/queue/"},
        "from procrastinate": {"sending/queue/"},
        "print(": {"cli/", "__main__.py"},
    }
    package = ROOT / "batch_credits"
    for words, allowed in borders.items():
        using = {str(file.relative_to(package)) for file in package.rglob("*.py") if words in file.read_text()}
        strays = {name for name in using if not any(name.startswith(border) for border in allowed)}
        assert not strays, f"{words!r} outside {allowed}: {strays}"
