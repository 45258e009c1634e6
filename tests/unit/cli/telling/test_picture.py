"""What is shown before the question, and the question itself."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from batch_credits.cli.telling import screen
from batch_credits.cli.telling.picture import pace_line, plan_lines, question_in_words, shown, site_line
from batch_credits.ledger import LargeAmount, ProblemGroup
from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.undone import Undone
from batch_credits.planning.plan import Plan
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.views.plan import PlanView, plan_view
from batch_credits.views.question import FileToPay, Question
from batch_credits.views.terms import Memory, Terms, pace_of, site_view

LIVE = SiteSettings("acme", "https://acme.chargebee.com", "k")
TEST = SiteSettings("acme-test", "https://acme-test.chargebee.com", "k")
HERE = SiteSettings("sandbox", "http://127.0.0.1:8900", "k")


def asked(plan: PlanView, site: SiteSettings, pilot: int = 0) -> str:
    """The question, with its no-break spaces as they are."""
    terms = Terms(site_view(site), RunSettings(pilot=pilot), Memory(Path("l"), None, 1, 0))
    return question_in_words(Question(FileToPay(Path("payout.csv"), ()), plan, terms))


def plan_of(problems: int = 0, undone: Undone | None = None, **by_outcome: dict[str, ControlTotal]) -> PlanView:
    totals = {"USD": ControlTotal(200, 651_100)}
    plan = Plan(
        batch_id=1, key="ab" * 32, is_new=True, rows=200, totals=totals,
        by_outcome={Outcome(name): counted for name, counted in by_outcome.items()},
        by_type={("USD", "general"): totals["USD"]}, largest={"USD": 14_900},
        largest_rows=[LargeAmount(100, "USD", 14_900)],
        problems=[ProblemGroup("amount", f"code_{number}", 2, 7, "It is wrong.") for number in range(problems)],
        undone=undone or Undone(),
    )  # fmt: skip
    return plan_view(plan, {})


def test_all_that_is_known_in_the_order_in_which_it_is_read() -> None:
    plan = plan_of(
        1,
        credited={"USD": ControlTotal(2, 500)},
        already_credited={"USD": ControlTotal(1, 300)},
        in_doubt={"USD": ControlTotal(1, 100)},
        rejected={"": ControlTotal(2)},
        pending={"USD": ControlTotal(194, 650_200)},
    )
    assert shown(plan_lines(plan)).splitlines() == [
        "Rows       200",
        "Total      6,511.00 USD",
        "Credited   2 rows",
        "           5.00 USD",
        "Already    1 row credited before, and not sent again",
        "           3.00 USD",
        "In doubt   1 row, which Chargebee is asked about first",
        "           1.00 USD",
        "Rejected   2 rows, which are not sent",
        "  ! 2 rows: amount code 0, first in row 7: It is wrong.",
        "To credit  194 rows",
        "           6,502.00 USD",
        "Largest    149.00 USD in row 100",
    ]


def test_nobody_is_sent_to_try_again_what_was_mended_since() -> None:
    failed = dict(plan_lines(plan_of(failed={"USD": ControlTotal(1, 500)})))["Failed"]
    assert failed == "1 row refused before; sent again with --retry-failed, if none was mended and paid since"


def test_where_nothing_is_owed_it_says_so() -> None:
    assert ("To credit", "nothing that is still owed") in plan_lines(plan_of(credited={"USD": ControlTotal(2, 5)}))
    assert "To credit" not in dict(plan_lines(plan_of(in_doubt={"USD": ControlTotal(2, 5)})))


def test_what_was_reversed_is_said_before_what_is_to_be_credited() -> None:
    undone = Undone({"57718102" * 8: {"USD": ControlTotal(2, 500)}})
    plan = plan_of(undone=undone, credited={"USD": ControlTotal(2, 500)})
    assert shown(plan_lines(plan)).splitlines()[2:7] == [
        "Credited   2 rows",
        "           5.00 USD",
        "Reversed   2 rows of these, by batch 57718102: not paid again",
        "           5.00 USD",
        "To credit  nothing that is still owed",
    ]


def test_of_many_kinds_of_problems_the_first_are_shown_and_the_others_counted() -> None:
    lines = plan_lines(plan_of(8, rejected={"": ControlTotal(16)}), problems=5)
    problems = [text for label, text in lines if label == "  !"]
    assert len(problems) == 6
    assert problems[-1] == "and 3 more kinds of problems: batch-credits check shows them all"
    assert len([label for label, _ in plan_lines(plan_of(8)) if label == "  !"]) == 8


@pytest.mark.parametrize(
    ("site", "said", "where"),
    [
        (LIVE, ("LIVE SITE", "acme: REAL MONEY, real customers (https://acme.chargebee.com)"),
         "on the LIVE site acme, with REAL MONEY?"),
        (TEST, ("TEST SITE", "acme-test: no real money (https://acme-test.chargebee.com)"), "on test site acme-test?"),
        (HERE, ("TEST SITE", "sandbox: this machine, no real money (http://127.0.0.1:8900)"), "on test site sandbox?"),
    ],
)  # fmt: skip
def test_live_and_test_cannot_be_taken_for_each_other(site: SiteSettings, said: Any, where: str) -> None:
    assert site_line(site_view(site)) == said
    plan = plan_of(pending={"USD": ControlTotal(194, 650_200)})
    assert " ".join(asked(plan, site).split()) == f"Credit 194 rows, 6,502.00 USD, {where}"


def test_questions_about_a_pilot_many_currencies_and_doubt_alone() -> None:
    plan = plan_of(pending={"USD": ControlTotal(3, 100), "": ControlTotal(1, 5)})
    said = " ".join(asked(plan, TEST, 2).split())
    assert said.startswith("Credit 4 rows, 5 minor units (site currency), 1.00 USD, the first 2 as a pilot, on test")
    assert "pilot" not in asked(plan, TEST, 4), "there is no rest"
    many = plan_of(pending={code: ControlTotal(1, 100) for code in ("USD", "EUR", "CHF", "GBP")})
    assert asked(many, TEST) == "Credit 4 rows, in 4 currencies, on test site acme-test?"
    doubt = plan_of(in_doubt={"USD": ControlTotal(3, 100)})
    assert asked(doubt, TEST) == "Settle 3 rows in doubt on test site acme-test?"


def test_when_it_ends_by_the_clock() -> None:
    settings = RunSettings(rate_per_minute=150)
    now = datetime(2026, 11, 23, 14, 50)
    assert pace_line(pace_of(200, settings)) == ("Pace", "120 requests a minute, so 1 min or more")
    assert pace_line(pace_of(1921, settings), now)[1].endswith("so 16 min or more, until 15:06 at the earliest")
    tomorrow = "11 h 6 min or more, until 01:56 on Tuesday, 24 November at the earliest"
    assert pace_line(pace_of(80_000, settings), now)[1].endswith(tomorrow)
    in_zone = now.replace(tzinfo=timezone(timedelta(hours=1), "CET"))
    assert pace_line(pace_of(1921, settings), in_zone)[1].endswith("until 15:06 CET at the earliest")
    assert "CET on " in pace_line(pace_of(80_000, settings), in_zone)[1]
    assert pace_line(pace_of(5, RunSettings(rate_per_minute=0)), now) == ("Pace", "no limit")


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
def test_on_a_terminal_no_line_is_longer_than_it_is_wide(monkeypatch: Any, columns: int) -> None:
    monkeypatch.setattr(screen, "width", lambda **_: columns)
    lines = [("Rejected", "2 rows, which are not sent"), ("  !", "7 rows: " + "a reason with many words " * 8)]
    folded = shown([*lines, ("row 7:", "amount: " + "another one " * 9)]).splitlines()
    assert max(map(len, folded)) <= columns
    assert all(line.startswith(("Rejected", "  ", "row 7:")) for line in folded)
    words = " ".join(folded).split()
    assert words == " ".join(" ".join(line) for line in [*lines, ("row 7:", "amount: " + "another one " * 9)]).split()
