import json
from pathlib import Path
from typing import Any

import pytest

from batch_credits.ledger.runs import History
from batch_credits.model import RunRecord
from batch_credits.reporter.record import agreed_controls, run_lines, settings_facts, site_is_live
from batch_credits.settings import (
    ControlFile,
    ControlLimits,
    ControlLine,
    Origin,
    RunSettings,
    SiteSettings,
    for_the_record,
)
from tests.each import each
from tests.unit.reporter.conftest import make_run

SITE = SiteSettings("acme", "https://acme.chargebee.com", "key")


def run(settings: RunSettings | None = None, limits: ControlLimits | None = None, **changes: Any) -> RunRecord:
    text = for_the_record(settings or RunSettings(), limits or ControlLimits(), SITE, "asked at the terminal")
    return make_run(settings_json=text, **changes)


def test_settings_in_words() -> None:
    settings = RunSettings(
        rate_per_minute=1000, plan="performance", even_pacing=True, silence=("email", "webhook"), verify_first=True,
        wait=False, max_failures=0, pilot=5, business_entity_id="be-1", quarantine_seconds=2.5,
    )  # fmt: skip
    limits = ControlLimits(strict=True, max_amount=(("USD", "500"),), max_total=(("USD", "1e9"),))
    assert settings_facts(run(settings, limits)) == [
        ("Address", "https://acme.chargebee.com"),
        ("Pace", "80% of 1,000 requests a minute (performance plan), spread evenly"),
        ("Calls at once", "40"),
        ("Processes", "1"),
        ("Waits for an answer", "80 s"),
        ("Quarantine", "2.5 s before a row in doubt may be sent again"),
        ("Silenced", "email, webhook"),
        ("Business entity", "be-1"),
        (
            "Limits and choices",
            "--verify-first, --no-wait, --strict, --max-amount USD=500, --max-total USD=1e9, --max-failures 0,"
            " --pilot 5",
        ),
    ]
    assert dict(settings_facts(run(RunSettings(rate_per_minute=0))))["Pace"] == "no limit"
    overruled = RunSettings(rate_per_minute=60, plan="starter", share=1.0)
    assert dict(settings_facts(run(overruled)))["Pace"] == "100% of 60 requests a minute"


def test_what_nobody_typed_is_told_with_its_origin() -> None:
    origins = [Origin("--amount-unit", "major", "BATCH_CREDITS_AMOUNT_UNIT"), Origin("--yes", "", "pyproject.toml")]
    text = for_the_record(
        RunSettings(origin_user="ann@example.com", origin_ip="::1"), ControlLimits(), SITE, "--yes", origins=origins,
        ledger=Path("/home/ann/ledger.sqlite3"),
    )  # fmt: skip
    facts = settings_facts(make_run(settings_json=text))
    assert facts[1] == ("Ledger", "/home/ann/ledger.sqlite3")
    assert facts[-3:] == [
        ("Origin that Chargebee is told", "user ann@example.com, ip ::1"),
        ("From BATCH_CREDITS_AMOUNT_UNIT", "--amount-unit major"),
        ("From pyproject.toml", "--yes"),
    ]


def test_where_a_run_says_it_came_from_is_told_whole() -> None:
    told = RunSettings(origin_user="ann", origin_device="till 7", origin_ip="::1")
    assert dict(settings_facts(run(told)))["Origin that Chargebee is told"] == "user ann, device till 7, ip ::1"
    assert dict(settings_facts(run(RunSettings(origin_device="d"))))["Origin that Chargebee is told"] == "device d"


def test_settings_of_another_version_are_told_as_far_as_they_are_known() -> None:
    other = make_run(settings_json='{"settings":{"rate_per_minute":60,"new_one":[1]},"more":{}}')
    assert settings_facts(other) == [("Pace", "100% of 60 requests a minute")]


@pytest.mark.parametrize("text", ["{}", '{"settings":{}}', '{"limits":{}}'])
def test_what_was_not_recorded_is_not_told(text: str) -> None:
    unrecorded = make_run(settings_json=text)
    assert settings_facts(unrecorded) == []
    [line] = run_lines(History(runs=[unrecorded]))
    assert (line.pace, line.confirmation) == ("not recorded", "not recorded")
    assert agreed_controls(History(runs=[unrecorded])) == []


@pytest.mark.parametrize(
    ("changes", "end", "requests"),
    [
        ({}, "finished", "12"),
        ({"stopped": "the key is refused"}, "stopped: the key is refused", "12"),
        ({"ended_at": None}, "broken off: the process ended without a word, or is still running", "not known"),
    ],
)
def test_how_a_run_ended(changes: dict[str, Any], end: str, requests: str) -> None:
    [line] = run_lines(History(runs=[run(**changes)]))
    assert (line.end, line.requests, line.confirmation) == (end, requests, "asked at the terminal")


def test_each_control_total_is_told_once_by_who_agreed_to_it_last() -> None:
    first = ControlLimits(expect_rows=200, expect_total=(("USD", "10.50"), ("EUR", "3")))
    control = ControlFile(1200, (ControlLine("USD", 7, "10.50"), ControlLine("EUR", 2, None)))
    runs = [
        run(limits=ControlLimits(expect_rows=200, control=control), user="maria", started_at="2026-10-02T08:00:00Z"),
        run(limits=first, user="joe"),
    ]
    lines = agreed_controls(History(runs=runs))
    assert [(line.currency, line.option, line.rows, line.amount, line.by.split(",")[0]) for line in lines] == [
        ("", "--control", 1200, "", "maria"),
        ("", "--expect-rows", 200, "", "maria"),
        ("EUR", "--control", 2, "", "maria"),
        ("EUR", "--expect-total", None, "3", "joe"),
        ("USD", "--control", 7, "10.50", "maria"),
        ("USD", "--expect-total", None, "10.50", "joe"),
    ]
    assert lines[0].by == "maria, 2026-10-02 08:00:00 UTC"


@each(
    "site, address, live",
    [
        ("sandbox", "http://127.0.0.1:8900", False),
        ("acme", "http://localhost:1", False),
        ("acme", "https://acme.chargebee.com", True),
        ("acme-test", "https://acme-test.chargebee.com", False),
        ("acme", None, True),
        ("127.0.0.1:8900", None, False),
    ],
)
def test_a_site_is_judged_by_where_it_was_called(site: str, address: str | None, live: bool) -> None:
    runs = [make_run(), make_run(settings_json=json.dumps({"address": address}))]
    assert site_is_live(site, History(runs=runs)) is live
