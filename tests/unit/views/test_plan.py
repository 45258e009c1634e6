"""A plan as it is shown: every number of it, and its amounts in words."""

from batch_credits.ledger import LargeAmount, ProblemGroup
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.planning.plan import Plan
from batch_credits.views.plan import plan_view

USD, CLP = ControlTotal(4, 4105), ControlTotal(1, 700)


def made() -> Plan:
    return Plan(
        batch_id=1, key="ab" * 32, is_new=True, rows=8, totals={"USD": USD, "CLP": CLP},
        by_outcome={Outcome.REJECTED: {"": ControlTotal(3)}, Outcome.PENDING: {"USD": USD, "CLP": CLP}},
        by_type={("USD", "loyalty_credits"): USD, ("CLP", "general"): CLP}, largest={"USD": 2000, "CLP": 700},
        largest_rows=[LargeAmount(3, "USD", 2000), LargeAmount(4, "CLP", 700), LargeAmount(5, "", 1)],
        problems=[ProblemGroup("amount", "missing", 3, 6, "It is wrong.")], warnings=["row 3: is large"],
    )  # fmt: skip


def test_all_of_it_is_there() -> None:
    view = plan_view(made(), {"CLP": 0})
    assert (view.key, view.kind, view.rows, view.owed) == ("ab" * 32, CallKind.ADD, 8, 5)
    assert [total.words for total in view.totals] == [("700 CLP",), ("41.05 USD",)]
    assert view.counts == dict.fromkeys(Outcome, 0) | {Outcome.REJECTED: 3, Outcome.PENDING: 5}
    assert list(view.by_outcome) == [Outcome.REJECTED, Outcome.PENDING]
    assert [(each.credit_type, each.total.currency) for each in view.by_type] == [
        ("general", "CLP"),
        ("loyalty_credits", "USD"),
    ]
    assert [(row.row_number, row.currency, row.amount_minor, row.words) for row in view.largest] == [
        (3, "USD", 2000, "20.00 USD"),
        (4, "CLP", 700, "700 CLP"),
        (5, "site currency", 1, "1 minor units (site currency)"),
    ]
    assert (view.problems[0].code, view.warnings) == ("missing", ("row 3: is large",))


def test_what_is_in_doubt_is_owed_too() -> None:
    plan = made()
    doubt = {Outcome.IN_DOUBT: {"USD": ControlTotal(2, 9)}}
    view = plan_view(Plan(**{name: getattr(plan, name) for name in Plan.__slots__} | {"by_outcome": doubt}), {})
    assert view.owed == 2
