"""All that is known when the question is asked: of a file, and of a batch that is to be undone."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.jobs.reverse import Picture
from batch_credits.ledger import Standing
from batch_credits.model import ControlTotal, Outcome
from batch_credits.planning.customers import Balances, Shortfall
from batch_credits.planning.plan import Plan
from batch_credits.planning.reversal import Selection
from batch_credits.settings import InputOptions, RunSettings, SiteSettings
from batch_credits.views.question import BatchToReverse, FileToPay, ShortBalance, question_of_reversal, question_of_run
from batch_credits.views.terms import Memory, Terms, site_view
from tests.unit.reporter.conftest import make_batch

SITE = SiteSettings("acme-test", "https://acme-test.chargebee.com", "k")


def terms(**settings: Any) -> Terms:
    return Terms(site_view(SITE), RunSettings(**settings), Memory(Path("l"), None, 1, 0))


def plan_of(owed: int) -> Plan:
    totals = {"USD": ControlTotal(owed, 100 * owed)}
    by_outcome = {Outcome.PENDING: totals} if owed else {}
    return Plan(1, "ab" * 32, True, owed, totals, by_outcome, {("USD", "general"): totals["USD"]}, {"USD": 100})


@pytest.mark.parametrize(
    ("settings", "requests"),
    [({}, 100), ({"pilot": 20}, 120), ({"pilot": 1000}, 200), ({"verify_first": True}, 200)],
)
def test_the_pilot_and_first_looks_take_requests_too(settings: dict[str, Any], requests: int) -> None:
    source: Any = SimpleNamespace(path=Path("payout.csv"), notes=["read as Windows-1252"])
    question = question_of_run(source, plan_of(100), {}, terms(**settings))
    assert question.pace.requests == requests
    assert question.about == FileToPay(Path("payout.csv"), ("read as Windows-1252",))
    assert question.pilot == settings.get("pilot", 0)


def picture_of(balances: Balances | None, owed: int = 2) -> Picture:
    selection = Selection(make_batch(), None, "cd" * 32, Counter({Standing.ELSEWHERE: 1}), taken=range(owed))
    return Picture(plan_of(owed), selection, balances, "emea")


def test_a_reversal_says_whose_balance_does_not_cover_it() -> None:
    short = [Shortfall("c-1", 4, "CLP", 700, 5), Shortfall("c-2", 9, None, 300, None)]
    batch = make_batch(options_json=InputOptions(currency_exponents=(("CLP", 0),)).as_json())
    question = question_of_reversal(batch, picture_of(Balances(9, 3, short, 1)), terms(verify_first=True))
    about = question.about
    assert isinstance(about, BatchToReverse) and about.balances is not None
    assert (about.key, about.file_name, about.business_entity_id) == (batch.key, "payout.csv", "emea")
    assert about.left_out == ("1 row is credited by another batch: only reversing that one takes it back.",)
    assert (about.balances.customers, about.balances.short_in_all, about.balances.unknown) == (9, 3, 1)
    assert about.balances.short == (
        ShortBalance("c-1", 4, "700 CLP", "5 CLP"),
        ShortBalance("c-2", 9, "300 minor units (site currency)", None),
    )
    assert question.pace.requests == 4


def test_where_chargebee_does_not_tell_the_balances_nothing_is_said_of_them() -> None:
    about = question_of_reversal(make_batch(), picture_of(None), terms()).about
    assert isinstance(about, BatchToReverse) and about.balances is None
