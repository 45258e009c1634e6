"""What a person must type before anything is sent."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.typed import as_shown, not_typed, totals_to_type
from batch_credits.web.pages import Choice, SendForm

FORM = SendForm("send", "/uploads/1/send", 1484, (), "acme-test", is_live=False)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (FORM, "type 1484 to send 1,484 credits."),
        (replace(FORM, number=1), "type 1 to send 1 credit."),
        (replace(FORM, number=1, is_deduction=True), "type 1 to send 1 deduction."),
    ],
)
def test_another_number_says_which_it_is(form: SendForm, said: str) -> None:
    alert = not_typed(form, {"confirm": "2"})
    assert alert is not None and alert.message == f"Nothing was sent: {said}"
    assert not_typed(form, {"confirm": f"{form.number:,}"}) is None


def test_what_a_page_shows_is_told_apart_by_the_batch_the_rows_and_the_money() -> None:
    owed = {"batch": "a", "rows": 3, "totals": {"USD": {"rows": 3, "amount": 300}}}
    others: list[dict[str, object]] = [{"batch": "b"}, {"rows": 2}, {"totals": {"USD": {"rows": 3, "amount": 30_000}}}]
    assert as_shown(owed) == as_shown({"totals": owed["totals"], "rows": 3, "batch": "a"})
    assert as_shown(owed) not in [as_shown({**owed, **other}) for other in others]


def desk(*bounds: tuple[str, str], is_live: bool = True) -> Any:
    return SimpleNamespace(settings=SimpleNamespace(site=SimpleNamespace(is_live=is_live), confirm_total=bounds))


def test_a_total_is_typed_in_the_decimals_that_were_stated() -> None:
    owed = {"CLP": {"rows": 1, "amount": 105_000}}
    assert totals_to_type(desk(("CLP", "1050")), owed, {"CLP": 2}) == ()
    assert totals_to_type(desk(("CLP", "1049.99")), owed, {"CLP": 2}) == (Choice("total:CLP", "1,050.00 CLP"),)
    assert totals_to_type(desk(("CLP", "1"), is_live=False), owed, {"CLP": 2}) == ()


def test_a_bound_that_is_no_amount_of_its_currency_is_refused_in_words() -> None:
    with pytest.raises(Refused) as refused:
        totals_to_type(desk(("CLP", "1050")), {"USD": {"rows": 1, "amount": 5}}, {})
    assert (refused.value.status, "how many decimals CLP has" in refused.value.message) == (503, True)
