"""Summary pages of every kind: none, all and some credited, cut off, in many currencies, and full of hostile texts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from batch_credits.ledger.runs import Course, Decision, History, Slice
from batch_credits.model import Money, Outcome, ReportRow
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.writing import write_reports
from batch_credits.settings import ControlFile, ControlLimits, ControlLine, RunSettings, SiteSettings, for_the_record
from tests.unit.reporter.conftest import make_batch, make_row, make_run, totals_of

HOSTILE = (
    "<script>alert(1)</script>",
    "\"' onmouseover=alert(1) x='",
    "</td></table><h1>paid</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "gnp\u202eVSC.4202\u2066",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u4e0a\u6d77",
    "\x00\x08\x1f\x7f\x85\x9f\ufdd0\ufffe\U0001ffff\ud800",
    "&lt;b&gt; &amp;nbsp; <!-- ",
    "W" * 5_000,
    "",
)
_SITE = SiteSettings("acme", "https://acme.chargebee.com", "key")


def _recorded(**changes: Any) -> str:
    limits = ControlLimits(
        expect_rows=200,
        expect_total=(("USD", "12.50"),),
        control=ControlFile(200, (ControlLine("EUR", 3, "1,5"),)),
        max_amount=(("USD", "500"),),
    )
    settings = RunSettings(plan="starter", silence=("email",), verify_first=True, **changes)
    return for_the_record(settings, limits, _SITE, "asked at the terminal")


def _course(run: int, day: int) -> Course:
    slices = [Slice(n, 9 + n, 5 + n, 1, 1, n % 3) for n in range(0, 20, 2)]
    return Course(run, f"2026-10-{day:02d}T08:00:00.000Z", 20, slices)


def _write(folder: Path, rows: list[ReportRow], history: History | None = None, **changes: Any) -> Summary:
    batch = make_batch(**({"rows_read": len(rows), "totals": totals_of(rows)} | changes))
    return write_reports(batch, history or History(), lambda: iter(rows), folder)


def empty(folder: Path) -> Summary:
    """A file without rows, never run."""
    return _write(folder, [], options_json="{}")


def good(folder: Path) -> Summary:
    """200 rows, all credited."""
    run = make_run(settings_json=_recorded())
    rows = [make_row(n, money=Money(100 * n, None, "USD"), credit_type="loyalty_credits") for n in range(2, 202)]
    return _write(folder, rows, History([run], 1, 5_000, [_course(1, 1)]))


def cut_off(folder: Path) -> Summary:
    """Interrupted twice, with rows in doubt, in review and pending, and a run that died."""
    runs = [
        make_run(run_id=3, stopped="interrupted", settings_json=_recorded(rate_per_minute=0)),
        make_run(run_id=2, ended_at=None),
        make_run(run_id=1),
    ]
    outcomes = (Outcome.CREDITED, Outcome.PENDING, Outcome.IN_DOUBT, Outcome.REVIEW)
    rows = [make_row(n, outcomes[n % 4], credit_type="general") for n in range(2, 60)]
    history = History(
        runs=runs,
        runs_in_all=40,
        slice_milliseconds=60_000,
        courses=[_course(1, 1), _course(2, 3), _course(3, 3)],
        has_earlier_courses=True,
        decisions=[Decision(9, "2026-10-04T09:00:00.000Z", "maria says: credited as cr-1")],
        decisions_in_all=3,
    )
    return _write(folder, rows, history)


def many_currencies(folder: Path) -> Summary:
    """Currencies with and without decimals, unknown ones, amounts in decimal, rows without a currency or an amount."""
    currencies = ("USD", "JPY", "KWD", "CLP", None, "EUR", "GBP", "CHF", "SEK", "PLN", "CZK", "HUF", "INR", "AUD")
    rows = [
        make_row(2 + n, money=Money(10 ** (n % 9) + n, None, currencies[n % 14]), credit_type="general")
        for n in range(280)
    ]
    rows += [make_row(300 + n, money=Money(None, f"{n}.0{n}5", "USD"), credit_type="general") for n in range(1, 9)]
    rows += [make_row(400, Outcome.REJECTED, money=None, error_code="amount_not_a_number", error="No number.")]
    return _write(folder, rows)


def hostile(folder: Path) -> Summary:
    """Every text that comes from outside is one that wants to be more than text. And the totals do not tie out."""

    def rows() -> Iterator[ReportRow]:
        for number, text in enumerate(HOSTILE, 2):
            for place, outcome in enumerate((Outcome.FAILED, Outcome.REJECTED, Outcome.REVIEW, Outcome.CREDITED)):
                yield make_row(
                    100 * place + number, outcome, cells=(text, text, text, text), reference=text, error=text,
                    error_code=text, money=None if outcome is Outcome.REJECTED else Money(number, None, "USD"),
                    credit_type="general",
                )  # fmt: skip

    text = "".join(HOSTILE)
    run = make_run(user=text, stopped=text, settings_json=_recorded(business_entity_id=text))
    decision = Decision(2, "2026-10-04T09:00:00Z", text)
    history = History([run], 1, 100, [_course(1, 1)], decisions=[decision], decisions_in_all=1)
    return _write(folder, list(rows()), history, file_name=text, site=text, rows_read=7)


PAGES: dict[str, Callable[[Path], Summary]] = {
    page.__name__: page for page in (empty, good, cut_off, many_currencies, hostile)
}
