"""`ledger`: its words and exit codes, and that settings files reach the commands of a group."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from batch_credits.ledger import Ledger
from tests.unit.cli.test_wait_for_ledger import ON_THIS_MACHINE


def test_one_that_is_sound(call: Any, tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger.sqlite3").close()
    code, out, _ = call("ledger", "check")
    assert code == 0
    assert "Whole      yes" in out
    code, out, _ = call("ledger", "check", "--json")
    found = json.loads(out)
    assert code == 0 and found["is_good"] and found["counts"]["batches"] == 0


def test_one_that_is_not(call: Any, tmp_path: Path) -> None:
    assert call("ledger", "check")[0] == 2  # there is none
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        ledger._db._connection.execute(
            "INSERT INTO row (batch_id, row_number, cells, request_id) VALUES (1, 2, '[]', 3)"
        )
    code, out, _ = call("ledger", "check")
    assert code == 2
    assert "Harmed" in out and "rows have no request of theirs" in out


def test_one_whose_history_was_changed(call: Any, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger, ledger._db.transaction():
        ledger._db._connection.execute("INSERT INTO site (name) VALUES ('acme')")
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        connection.execute("UPDATE site SET name = 'emca'")
    connection.close()
    code, out, _ = call("ledger", "check")
    assert code == 2
    assert "Broken     Site 1 was changed" in out and "Whole" not in out, out


def test_upgrade_twice_in_use_and_where_there_is_none(call: Any, tmp_path: Path) -> None:
    code, _, err = call("ledger", "upgrade")
    assert code == 2 and "There is no ledger" in err
    with Ledger.open(tmp_path / "ledger.sqlite3"):
        assert call("ledger", "upgrade")[0] == 5
    for _ in range(2):
        code, out, _ = call("ledger", "upgrade")
        assert code == 0 and "is up to date" in out


def test_what_was_copied_refuses_and_says_where_to(call: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CHARGEBEE_API_KEY", "test_key")
    Ledger.open(tmp_path / "ledger.sqlite3").close()
    code, out, _ = call("ledger", "copy", "ledger.sqlite3", "new.sqlite3")
    assert code == 0 and "--ledger new.sqlite3" in out
    code, _, err = call("reconcile", *ON_THIS_MACHINE)
    assert code == 2 and "copied to" in err and err.splitlines()[-1].endswith("new.sqlite3")
    code, out, _ = call("ledger", "check")
    assert code == 2 and "Moved" in out
    assert call("ledger", "upgrade", "--reopen")[0] == 0
    code, out, _ = call("ledger", "check")
    assert code == 0 and "Restored" in out


def test_a_settings_file_names_the_ledger_for_them_too(call: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("BATCH_CREDITS_LEDGER")
    own = tmp_path / "config" / "batch-credits" / "batch-credits.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f'ledger = "{tmp_path / "mine.sqlite3"}"\n')
    Ledger.open(tmp_path / "mine.sqlite3").close()
    code, out, _ = call("ledger", "check")
    assert code == 0 and "mine.sqlite3" in out
