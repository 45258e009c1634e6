"""A reading as text: what a parser of OpenMetrics reads is what was measured."""

from decimal import Decimal
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from batch_credits.metrics.exposition import encoded, is_ours, openmetrics, what_lasts
from batch_credits.metrics.reading import Reading, Result, Traffic, Whose, open_in
from batch_credits.model import RequestState
from tests.each import each

WHOSE = Whose("acme-test", "run", "nightly")
FULL = Reading(
    WHOSE, "1.2.3", 1_000.0, 1_060.5, 1, {"credited": 3, "failed": 1}, {"USD": 450}, {"USD": 300},
    Traffic(5, 2, 1), Result({"credited": {"USD": 300}}, {"failed": {"EUR": Decimal("1.25")}}, True, False),
    {"pending": 0, "in_doubt": 1, "review": 2}, 900.0, 1_060.5,
)  # fmt: skip


def figures(text: str) -> dict[str, float]:
    """By name and further labels, those that all have left out."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert {key: sample.labels.pop(key) for key in ("site", "command", "profile")} == {
                "site": "acme-test", "command": "run", "profile": "nightly"
            }  # fmt: skip
            found[" ".join([sample.name, *sample.labels.values()])] = sample.value
    return found


def test_everything_that_is_known() -> None:
    found = figures(openmetrics(FULL).decode())
    assert found == {
        "batch_credits_build_info 1.2.3": 1,
        "batch_credits_running": 0,
        "batch_credits_start_timestamp_seconds": 1_000,
        "batch_credits_end_timestamp_seconds": 1_060.5,
        "batch_credits_duration_seconds": 60.5,
        "batch_credits_exit_code": 1,
        "batch_credits_last_success_timestamp_seconds": 900,
        "batch_credits_last_finish_timestamp_seconds": 1_060.5,
        "batch_credits_open_requests pending": 0,
        "batch_credits_open_requests in_doubt": 1,
        "batch_credits_open_requests review": 2,
        "batch_credits_rows credited": 3,
        "batch_credits_rows failed": 1,
        "batch_credits_asked_minor_units USD": 450,
        "batch_credits_paid_minor_units USD": 300,
        "batch_credits_amount_minor_units USD credited": 300,
        "batch_credits_amount_in_decimal EUR failed": 1.25,
        "batch_credits_in_balance": 1,
        "batch_credits_ties_out": 0,
        "batch_credits_requests_total": 5,
        "batch_credits_throttled_total": 2,
        "batch_credits_retries_total": 1,
    }


def test_what_is_not_known_is_not_there() -> None:
    found = figures(openmetrics(Reading(WHOSE, "1.2.3", 1_000.0)).decode())
    assert found.pop("batch_credits_duration_seconds") > 0
    assert found == {
        "batch_credits_build_info 1.2.3": 1, "batch_credits_running": 1, "batch_credits_start_timestamp_seconds": 1_000
    }  # fmt: skip


def test_a_label_is_quoted() -> None:
    odd = Reading(Whose('a"b\\c\nd', "run"), "1", 1.0)
    [sample] = next(iter(text_string_to_metric_families(openmetrics(odd).decode()))).samples
    assert sample.labels["site"] == 'a"b\\c\nd'


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
)
def test_a_scraper_gets_the_format_that_it_asks_for(accept: str, content_type: str) -> None:
    body, found = encoded(FULL, accept)
    assert found.startswith(content_type) and b'batch_credits_rows{command="run",outcome="credited"' in body


def test_what_outlives_a_run_is_read_again() -> None:
    text = openmetrics(FULL).decode()
    assert is_ours(text)
    assert what_lasts(text, WHOSE) == (900, 1_060.5, "acme-test")
    assert what_lasts(text, Whose("", "run", "nightly")) == (900, 1_060.5, "acme-test"), "whose site is not known"
    for other in (Whose("other", "run", "nightly"), Whose("acme-test", "work", "nightly"), Whose("acme-test", "run")):
        assert what_lasts(text, other) == (None, None, other.site)


@each("text", ["", "# EOF\n", "customer_id,amount\nc-1,5\n", "# TYPE up gauge\nup 1\n# EOF\n", "\0"])
def test_what_is_not_ours(text: str) -> None:
    assert not is_ours(text)


def test_what_is_on_its_way_is_not_in_doubt() -> None:
    states: dict[Any, int] = {RequestState.IN_FLIGHT: 1, RequestState.IN_DOUBT: 2, RequestState.FAILED: 9}
    assert open_in(states) == {"pending": 0, "on_their_way": 1, "in_doubt": 2, "review": 0}
