"""Rows by columns say what the same rows say one by one."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee.bodies import add_bodies, add_body
from batch_credits.model import CREDIT_TYPES, FIELDS, ControlTotal, LoadedRow, Money, Problem
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows, add_rows

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=50)
plain = st.text("abcZ09 _.~-+&=%", min_size=1, max_size=50)
moneys = st.one_of(
    st.builds(lambda minor: {"amount": minor}, st.integers(1, 10**15)),
    st.builds(lambda digits: {"amount_in_decimal": f"0.{digits}"}, st.integers(1, 10**9)),
)
requests = st.builds(
    lambda customer, reference, description, money, currency, kind: CreditRequest(
        customer_id=customer,
        reference=reference,
        description=description,
        currency_code=currency,
        credit_type=kind,
        **money,
    ),
    texts | plain,
    texts | plain,
    texts | plain,
    moneys,
    st.sampled_from(["USD", "EUR", None]),
    st.sampled_from(CREDIT_TYPES),
)
read_moneys = st.none() | st.builds(Money, st.integers(1, 100), st.none(), st.sampled_from(["USD", None]))
rows = st.lists(requests | read_moneys, max_size=8)


def loaded(number: int, request: CreditRequest | Money | None) -> LoadedRow:
    if isinstance(request, CreditRequest):
        return LoadedRow(number, ("x",), request, (), request.customer_id, request.reference, request.money)
    return LoadedRow(number, ("y",), None, (Problem("reference", "missing", "None."),), money=request)


@given(rows)
def test_columns_are_the_same_rows(given_rows: list[CreditRequest | Money | None]) -> None:
    one_by_one = [loaded(number, request) for number, request in enumerate(given_rows, 2)]
    columns = LoadedRows.of(one_by_one)
    assert list(columns) == one_by_one
    assert len(columns) == len(one_by_one)
    totals: dict[str, ControlTotal] = {}
    add_rows(totals, columns)
    counted: dict[str, ControlTotal] = {}
    for row in one_by_one:
        if row.money is not None:
            counted.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
    assert totals == counted


@given(st.lists(requests, max_size=8))
def test_many_bodies_are_those_made_one_by_one(given_requests: list[CreditRequest]) -> None:
    columns = LoadedRows.of([loaded(number, request) for number, request in enumerate(given_requests)])
    bodies = [add_body(request).decode("ascii") for request in given_requests]
    assert add_bodies(columns.requests) == bodies
    for request, body in zip(given_requests, bodies, strict=True):
        fields = {name: value for name, value in request.model_dump(include=set(FIELDS)).items() if value is not None}
        assert body == urlencode({name: fields[name] for name in FIELDS if name in fields})


def test_every_ascii_character_is_escaped_as_in_any_form() -> None:
    text = "".join(map(chr, range(128)))
    for part in (text[:64], text[64:]):
        body = add_body(CreditRequest(customer_id="c", reference="r", description=part, amount=1))
        assert urlencode({"description": part}) in body.decode("ascii")
