"""Notices that docs/notices.md shows, and that tests render."""

from datetime import UTC, datetime
from pathlib import Path

from batch_credits.errors import LedgerBusy, Outage
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.notices.notice import Event, Notice, Standing, Subject
from batch_credits.notices.reasons import reason_of, reasons_of_rows
from batch_credits.notices.targets import Command, Mail, MailServer

AT = datetime(2026, 10, 1, 2, 0, 31, 250_000, UTC)
KEY = "3f9a2b1c" + "0" * 56
SUBJECT = Subject("9f8d5c0e2b7a4c31a6f0d1e2c3b4a596", "run", "jobs-1", "0.2.0", "acme", True, "loyalty_2026_q3.csv")
COUNTS = {Outcome.CREDITED: 195, Outcome.FAILED: 3, Outcome.IN_DOUBT: 2}
TOTALS = {
    Outcome.CREDITED: {"EUR": ControlTotal(15, 21_000), "USD": ControlTotal(180, 640_050)},
    Outcome.FAILED: {"USD": ControlTotal(3, 6_050)},
    Outcome.IN_DOUBT: {"USD": ControlTotal(2, 5_000)},
}
REPORT = "https://reports.example.com/payouts/loyalty_2026_q3-3f9a2b1c/summary.html"

STARTED = Notice(
    Event.STARTED,
    AT.replace(minute=0, second=2),
    SUBJECT,
    "Started, 200 rows to credit",
    standing=Standing(
        KEY,
        CallKind.ADD,
        200,
        {Outcome.PENDING: 200},
        {Outcome.PENDING: {"EUR": ControlTotal(15, 21_000), "USD": ControlTotal(185, 651_100)}},
    ),
)
ENDED = Notice(
    Event.ENDED,
    AT,
    SUBJECT,
    "2 rows need a person, 3 more not credited",
    3,
    tuple(reason.about(KEY) for reason in reasons_of_rows(COUNTS)),
    Standing(KEY, CallKind.ADD, 200, COUNTS, TOTALS),
    REPORT,
)
REFUSED = Notice(
    Event.ATTENTION, AT, SUBJECT, reason_of(LedgerBusy("")).sentence, 5, (reason_of(LedgerBusy("")),)
)
STOPPED = Notice(Event.ATTENTION, AT, SUBJECT, reason_of(Outage("")).sentence, 4, (reason_of(Outage("")),))
ALL = (STARTED, ENDED, REFUSED, STOPPED)

MAIL = Mail(
    MailServer("mail.example.com", 587, False, False, "jobs"),
    "payouts@example.com",
    ("finance@example.com", "oncall@example.com"),
    Path("/srv/payouts/mail.password"),
)
COMMAND = Command(("true",), 10.0)
