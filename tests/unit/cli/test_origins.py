"""Where settings come from: for every option it is decided whether it changes money, and what does is said."""

from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.config import take_settings
from batch_credits.cli.origins import CHANGE_MONEY, origins, source_of_ledger
from batch_credits.cli.setting import Setting
from batch_credits.cli.telling.picture import memory_lines, origin_lines
from batch_credits.settings import Origin, site_settings
from batch_credits.views.terms import Memory, site_view

# How fast, how it is shown, and where it is written; the ledger is always shown.
CHANGE_NOTHING = {
    "--wait-for-ledger", "--deadline", "--max-outage", "--grace",
    "--rate", "--plan", "--pacing", "--share", "--concurrency", "--timeout", "--processes", "--no-wait", "--reports",
    "--xlsx", "--ledger", "--no-progress", "--log-format", "--verbose", "--quiet", "--json", "--rows-page",
    "--problem-rows", "--online",
    "--detach", "--progress-every", "--metrics-file", "--metrics-port", "--metrics-host",
    "--profile", "--config",  # what they set has its own origins
    "--notify", "--notify-on", "--notify-key-file", "--notify-link", "--mail-to", "--mail-from", "--mail-server",
    "--mail-password-file", "--on-finish", "--on-finish-timeout",
}  # fmt: skip
COMMANDS = ("run", "check", "reverse")


def called(name: str, *arguments: str) -> click.Context:
    root = click.Context(batch_credits, **batch_credits.context_settings)
    take_settings(root)
    return batch_credits.commands[name].make_context(name, ["0" * 8, *arguments], parent=root)


def test_of_every_option_it_is_decided_whether_it_changes_money() -> None:
    flags = {p.flag for name in COMMANDS for p in batch_credits.commands[name].params if isinstance(p, Setting)}
    assert flags == CHANGE_MONEY | CHANGE_NOTHING
    assert not CHANGE_MONEY & CHANGE_NOTHING
    for name in COMMANDS:
        options = [p for p in batch_credits.commands[name].params if isinstance(p, click.Option)]
        # What a server hands over no variable and no file may set, and help does not show it.
        assert all(isinstance(p, Setting) or (p.opts == ["--handed-over"] and p.hidden) for p in options)


def test_what_was_typed_has_no_origin(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_CREDITS_YES", "1")
    monkeypatch.setenv("BATCH_CREDITS_RATE", "7")
    assert origins(called("run", "--yes", "--currency", "USD")) == ()
    assert origins(called("run")) == (Origin("--yes", "", "BATCH_CREDITS_YES"),)


def test_a_sandbox_heeds_no_site(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEBEE_SITE", "acme")
    monkeypatch.setenv("CHARGEBEE_BASE_URL", "https://proxy.example")
    assert [o.option for o in origins(called("run"))] == ["--site", "--base-url"]
    assert origins(called("run", "--sandbox")) == ()


def test_values_as_they_would_be_typed(call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BATCH_CREDITS_MAX_TOTAL", "USD=1 EUR=2.50")
    monkeypatch.setenv("BATCH_CREDITS_SILENCE", "email,webhook")
    monkeypatch.setenv("BATCH_CREDITS_STRICT", "0")
    monkeypatch.setenv("BATCH_CREDITS_EXPECT_ROWS", "12")
    monkeypatch.setenv("BATCH_CREDITS_QUARANTINE", "3")
    (tmp_path / "batch-credits.toml").write_text('currency_exponent = ["CLP=0"]\nstrict = true\n')
    assert {(o.option, o.value, o.source) for o in origins(called("run"))} == {
        ("--max-total", "USD=1 EUR=2.50", "BATCH_CREDITS_MAX_TOTAL"),
        ("--silence", "email,webhook", "BATCH_CREDITS_SILENCE"),
        ("--strict", "no", "BATCH_CREDITS_STRICT"),
        ("--expect-rows", "12", "BATCH_CREDITS_EXPECT_ROWS"),
        ("--currency-exponent", "CLP=0", "batch-credits.toml"),
        ("quarantine", "3", "BATCH_CREDITS_QUARANTINE"),
    }


def test_nothing_invisible_is_shown_as_it_is() -> None:
    assert origin_lines([Origin("--reference", "q3\x1b[8m", "X"), Origin("--yes", "", "Y")]) == [
        ("Setting", "--reference 'q3\\x1b[8m', from X"),
        ("", "--yes, from Y"),
    ]


@pytest.mark.parametrize(
    ("batches", "of_others", "source", "said"),
    [
        (0, 0, None, "NEW: it knows of nothing that was paid before"),
        (0, 1, None, "NEW to acme: of what was paid there it knows nothing, of others 1 batch"),
        (1, 5, None, "knows 1 batch of acme"),
        (1200, 0, "BATCH_CREDITS_LEDGER", "from BATCH_CREDITS_LEDGER; knows 1,200 batches of acme"),
    ],
)
def test_which_ledger_it_is(batches: int, of_others: int, source: str | None, said: str) -> None:
    memory, site = Memory(Path("/x/l.sqlite3"), source, batches, of_others), site_settings("acme", None, "key")
    lines = memory_lines(memory, site_view(site))
    assert lines == [("Ledger", "/x/l.sqlite3"), ("", said)]


def test_where_the_ledgers_name_comes_from(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert source_of_ledger(called("run")) == "BATCH_CREDITS_LEDGER"
    assert source_of_ledger(called("run", "--ledger", "x")) is None
    monkeypatch.delenv("BATCH_CREDITS_LEDGER")
    assert source_of_ledger(called("reverse")) is None
