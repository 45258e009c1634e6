import json
from pathlib import Path
from typing import Any

from batch_credits.model import CallKind, Money, Outcome
from batch_credits.settings import ControlLimits, Origin, RunSettings, SiteSettings, for_the_record, names_live_money
from tests.each import each
from tests.unit.reporter.conftest import Report, make_row, make_run


def test_how_the_run_was_set(report: Report) -> None:
    site = SiteSettings("acme", "https://acme.chargebee.com", "key")
    origins = [Origin("--yes", "", "BATCH_CREDITS_YES")]
    text = for_the_record(RunSettings(), ControlLimits(), site, "--yes", origins=origins, ledger=Path("/l.sqlite3"))
    assert read(report, [make_row(2)], make_run(settings_json=text))["settings"] == {
        "address": "https://acme.chargebee.com",
        "ledger": "/l.sqlite3",
        "confirmation": "--yes",
        "origins": [{"option": "--yes", "value": "", "source": "BATCH_CREDITS_YES"}],
    }


def read(report: Report, *args: Any, **kwargs: Any) -> dict[str, Any]:
    text = report(*args, **kwargs).paths.summary_json.read_text()
    assert text.endswith("}\n")
    content: dict[str, Any] = json.loads(text)
    return content


def test_summary_json_says_what_scripts_need(report: Report) -> None:
    rows = [
        make_row(2),
        make_row(3, money=Money(1000, None, "EUR")),
        make_row(4, Outcome.FAILED, money=Money(7, None, None)),
        make_row(5, Outcome.REJECTED, money=None, is_unread=True),
    ]
    assert read(report, rows, make_run()) == {
        "batch": "ab12cd34" * 8,
        "kind": "add",
        "reverses": None,
        "file": "payout.csv",
        "file_sha256": "cd" * 32,
        "site": "acme-test",
        "version": "0.2.0",
        "user": "finance",
        "hosts": ["pay-1"],
        "started_at": "2026-10-01T08:00:00+00:00",
        "ended_at": "2026-10-01T08:12:31+00:00",
        "rows": 4,
        "headline": "2 of 4 rows not credited",
        "control_totals": [],
        "counts": {
            "credited": 2,
            "already_credited": 0,
            "failed": 1,
            "rejected": 1,
            "in_doubt": 0,
            "review": 0,
            "pending": 0,
        },
        "totals": {
            "credited": {"EUR": 1000, "USD": 1250},
            "already_credited": {},
            "failed": {"site currency": 7},
            "rejected": {},
            "in_doubt": {},
            "review": {},
            "pending": {},
        },
        "unreadable_amounts": 1,
        "results_unit": "minor",
        "reasons": {"failed": {"": 1}, "rejected": {"": 1}},
        "reversed": {"count": 0, "totals": {}, "by": {}},
        "mends": [],
        "mended_in": [],
        "approvals": [],
        "settings": {"address": None, "ledger": None, "confirmation": None, "origins": None},
        "in_balance": True,
        "balance": [
            "In balance: the outcomes add up to the rows and the totals read from the file.",
            "1 row has no readable amount: the file asks for at least 10.00 EUR + 12.50 USD"
            " + 7 minor units (site currency).",
        ],
        "differences": [],
        "requests": 12,
        "throttled": 2,
        "retries": 1,
        "stopped": None,
        "exit_code": 1,
    }


def test_what_was_reversed_is_said_beside_the_outcomes_and_is_none(report: Report) -> None:
    one, other = "57718102" * 8, "d0fcc168" * 8
    content = read(
        report,
        [
            make_row(2, reversed_by=one),
            make_row(3, Outcome.ALREADY_CREDITED, reversed_by=one, money=Money(5, None, None)),
            make_row(4, reversed_by=other, money=Money(None, "0.10", "USD")),
            make_row(5),
        ],
    )
    assert content["reversed"] == {
        "count": 3,
        "totals": {"USD": 1250, "site currency": 5},
        "totals_in_decimal": {"USD": "0.10"},
        "by": {one: 2, other: 1},
    }
    assert (content["counts"]["credited"], content["counts"]["already_credited"], content["rows"]) == (3, 1, 4)
    assert (content["in_balance"], content["exit_code"]) == (True, 1)


def test_decimal_amounts_are_exact_and_beside_the_minor_units(report: Report) -> None:
    many = "12345678901234567890.123456789012"
    rows = [make_row(2, money=Money(None, many, "USD")), make_row(3, money=Money(None, "0.000000000001", "USD"))]
    content = read(report, [*rows, make_row(4, money=Money(5, None, "EUR"))], totals={})
    assert content["totals_in_decimal"]["credited"] == {"USD": "12345678901234567890.123456789013"}
    assert content["totals"]["credited"] == {"EUR": 5}


def test_a_batch_without_a_run(report: Report) -> None:
    content = read(report, [make_row(2, Outcome.PENDING)])
    assert content["started_at"] is content["user"] is content["version"] is None
    assert (content["requests"], content["exit_code"]) == (0, 4)


def test_a_stopped_run_and_one_out_of_balance(report: Report) -> None:
    content = read(report, [make_row(2)], make_run(stopped="Key refused."), rows_read=2)
    assert content["stopped"] == "Key refused."
    assert content["in_balance"] is False
    assert content["differences"] == ["2 rows were read, but 1 have an outcome."]
    assert content["exit_code"] == 4


@each(
    "site, live",
    [("acme", True), ("acme-test", False), ("127.0.0.1:8900", False), ("localhost:1", False), ("[::1]:8900", False)],
)
def test_live_or_test_by_the_name_of_the_site(site: str, live: bool) -> None:
    assert names_live_money(site) is live


def test_a_script_cannot_take_a_reversal_for_a_payout(report: Report) -> None:
    rows = [make_row(2), make_row(3, Outcome.ALREADY_CREDITED), make_row(4, Outcome.FAILED)]
    content = read(report, rows, make_run(), kind=CallKind.DEDUCT, reverses="ef56" * 16)
    assert (content["kind"], content["reverses"]) == ("deduct", "ef56" * 16)
    for numbers in content["counts"], content["totals"]:
        assert list(numbers)[:3] == ["deducted", "already_deducted", "failed"]
    assert content["counts"]["deducted"] == 1
