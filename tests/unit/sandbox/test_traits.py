"""Texts, lists and keys of a site whose ways differ from what a caller expects."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from batch_credits.sandbox import FaultPlan, SandboxSettings
from batch_credits.sandbox.api import Api, Write
from batch_credits.sandbox.errors import Answer
from batch_credits.sandbox.fields import read_form
from batch_credits.sandbox.keys import REPLAYED
from tests.each import each

CUSTOMER, REFERENCE, DESCRIPTION = "Cust-\u00c9", "Q3\u00a0 Bo\u0301nus for the loyal ones", "\u00c9t\u00e9  \U0001f381"
FORMS = {
    "nfc": (CUSTOMER, "Q3\u00a0 B\u00f3nus for the loyal ones", DESCRIPTION),
    "nfd": ("Cust-E\u0301", REFERENCE, "E\u0301te\u0301  \U0001f381"),
    "folded": (CUSTOMER, "Q3 Bo\u0301nus for the loyal ones", "\u00c9t\u00e9 \U0001f381"),
    "lower": ("cust-\u00e9", "q3\u00a0 bo\u0301nus for the loyal ones", DESCRIPTION),
    "ascii": ("Cust-?", "Q3? Bo?nus for the loyal ones", "?t?  ?"),
    "cut": (CUSTOMER, "Q3\u00a0 Bo\u0301nus for the", DESCRIPTION),
}


def make_api(faults: str, **settings: Any) -> Api:
    return Api(SandboxSettings(faults=FaultPlan.parse(faults), **settings), lambda: 1_800_000_000.0)


def write(key: str | None = "k", entity: str | None = None, headers: Any = (), **fields: str) -> Write:
    texts = {"customer_id": CUSTOMER, "reference": REFERENCE, "description": DESCRIPTION, "amount": "100"}
    body = urlencode({**texts, **fields}).encode()
    return Write("add", read_form(body), body, key, entity, headers)


def send(api: Api, request: Write) -> Answer:
    opened = api.open(request)
    return opened if isinstance(opened, Answer) else api.settle(opened)


def credit_in(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)["promotional_credit"]


def texts(credit: Any) -> tuple[str, str, str]:
    return credit["customer_id"], credit["reference"], credit["description"]


def listed(api: Api, customer_id: str | None = None, entity: str | None = None) -> list[Any]:
    query = f"customer_id%5Bis%5D={quote(customer_id)}" if customer_id else ""
    page = orjson.loads(api.get("/api/v2/promotional_credits", query.encode(), entity).body)
    return [item["promotional_credit"] for item in page["list"]]


@each("form", FORMS)
def test_a_stored_form_is_told_listed_and_retrieved(form: str) -> None:
    api = make_api(f"store_{form}=1,cut_length=18")
    answer = send(api, write())
    credit = credit_in(answer)

    assert texts(credit) == FORMS[form]
    assert orjson.loads(answer.body)["customer"]["id"] == FORMS[form][0]
    assert listed(api, CUSTOMER) == [credit]
    assert listed(api, FORMS[form][0]) == [credit]
    assert listed(api) == [credit]
    retrieved = api.get(f"/api/v2/promotional_credits/{credit['id']}", b"")
    assert credit_in(retrieved) == credit
    assert send(api, write()).body == answer.body
    truth = api.truth()
    assert truth["faults"] == {f"store_{form}": 1}
    assert truth["balances"] == {CUSTOMER: {"USD": 100}}
    assert truth["as_sent"] == {
        credit["id"]: {"customer_id": CUSTOMER, "reference": REFERENCE, "description": DESCRIPTION}
    }


@each("form", FORMS)
def test_an_echoed_form_is_in_the_answer_and_its_replay_alone(form: str) -> None:
    api = make_api(f"echo_{form}=1,cut_length=18")
    answer = send(api, write())

    assert texts(credit_in(answer)) == FORMS[form]
    assert orjson.loads(answer.body)["customer"]["id"] == FORMS[form][0]
    assert [texts(credit) for credit in listed(api)] == [(CUSTOMER, REFERENCE, DESCRIPTION)]
    assert send(api, write()).body == answer.body
    assert api.truth()["faults"] == {f"echo_{form}": 1}
    assert api.truth()["as_sent"] == {}


def test_forms_are_applied_one_after_the_other() -> None:
    api = make_api("store_nfc=1,store_folded=1,store_lower=1,store_ascii=1,store_cut=1,cut_length=8")

    assert texts(credit_in(send(api, write()))) == ("cust-?", "q3 b?nus", "?t? ?")


def test_a_text_that_has_the_form_already_is_not_counted() -> None:
    api = make_api("store_nfc=1,store_lower=1,echo_ascii=1")
    send(api, write(customer_id="c-1", reference="q3", description="x"))

    assert api.truth()["faults"] == {}
    assert api.truth()["as_sent"] == {}


def test_a_credit_without_a_reference_stays_without() -> None:
    api = make_api("store_cut=1,echo_lower=1")
    body = urlencode({"customer_id": "C", "description": "x", "amount": "1"}).encode()

    assert "reference" not in credit_in(send(api, Write("add", read_form(body), body)))


def test_all_tries_of_a_credit_are_stored_in_one_form() -> None:
    def stored(seed: int) -> list[bool]:
        api = make_api("store_lower=0.5", seed=seed)
        for _ in range(2):
            for number in range(40):
                send(api, write(None, customer_id=f"C-{number}"))
        return [credit["customer_id"][0] == "c" for credit in api.truth()["credits"]]

    assert stored(1)[:40] == stored(1)[40:]
    assert 5 < sum(stored(1)[:40]) < 35
    assert stored(1) != stored(2)


def test_a_strict_filter_knows_the_stored_form_alone() -> None:
    api = make_api("store_lower=1,strict_filter=1")
    credit = credit_in(send(api, write()))

    assert listed(api, CUSTOMER) == []
    assert listed(api, CUSTOMER.lower()) == [credit]
    assert api.truth()["faults"]["strict_filter"] == 2


def test_an_answer_may_be_somebody_elses_but_for_the_id() -> None:
    api = make_api("echo_other=1")
    differing: set[str] = set()
    for number in range(20):
        told = credit_in(send(api, write(f"k{number}", customer_id=f"c-{number}")))
        [stored] = listed(api, f"c-{number}")
        [different] = {name for name in stored if told[name] != stored[name]}
        differing.add(different)

    assert differing == {"customer_id", "reference", "amount"}
    assert texts(stored) == ("c-19", REFERENCE, DESCRIPTION)


def test_an_answer_may_hold_the_id_alone() -> None:
    api = make_api("echo_partial=1")
    answer = send(api, write())

    [stored] = listed(api)
    assert orjson.loads(answer.body) == {"customer": {}, "promotional_credit": {"id": stored["id"]}}
    assert texts(stored) == (CUSTOMER, REFERENCE, DESCRIPTION)
    assert send(api, write()).body == answer.body


@pytest.mark.parametrize(
    ("faults", "without", "with_one"),
    [
        ("", ["b", "a", ""], ["b", "a", ""]),
        ("entity_scoped=1", [""], ["a"]),
        ("entity_scoped_default_all=1", ["b", "a", ""], ["a"]),
        ("entity_scoped=1,entity_scoped_default_all=1", ["b", "a", ""], ["a"]),
    ],
)
def test_lists_scoped_by_business_entity(faults: str, without: list[str], with_one: list[str]) -> None:
    api = make_api(faults)
    for entity in (None, "a", "b"):
        send(api, write(f"k{entity}", entity, reference=f"r{entity}"))

    for customer_id in (None, CUSTOMER):
        assert [each.get("business_entity_id", "") for each in listed(api, customer_id)] == without
        assert [each.get("business_entity_id", "") for each in listed(api, customer_id, "a")] == with_one
    assert api.truth()["faults"].keys() <= set(faults.replace("=1", "").split(","))


SILENT = (("chargebee-event-email", "all-disabled"),)


@pytest.mark.parametrize(("faults", "status"), [("", 200), ("key_headers=1", 422)])
def test_whether_a_key_remembers_headers(faults: str, status: int) -> None:
    api = make_api(faults)
    send(api, write(headers=SILENT))

    again = send(api, write(headers=SILENT))
    assert (again.status, REPLAYED in again.headers) == (200, True)
    for headers in ((), (("chargebee-event-email", "other"),), (*SILENT, ("chargebee-request-origin-ip", "::1"))):
        assert send(api, write(headers=headers)).status == status
    assert len(api.truth()["credits"]) == 1


@pytest.mark.parametrize(("probability", "credits"), [(0, 1), (1, 6)])
def test_a_forgotten_key_does_not_guard(probability: int, credits: int) -> None:
    api = make_api(f"keys_forget={probability}")
    for _ in range(6):
        assert send(api, write()).status == 200

    assert len(api.truth()["credits"]) == credits
    assert api.truth()["faults"].get("keys_forget", 0) == credits - 1


def test_each_look_up_of_a_key_is_drawn_for_itself() -> None:
    def replayed(seed: int) -> list[bool]:
        api = make_api("keys_forget=0.5", seed=seed)
        return [REPLAYED in send(api, write()).headers for _ in range(40)]

    assert replayed(1) == replayed(1)
    assert replayed(1) != replayed(2)
    assert 5 < sum(replayed(1)) < 35


def pages(api: Api, query: str, most: int) -> Iterator[tuple[list[int], str | None]]:
    """The amounts of so many pages in turn, and the offset of the next."""
    offset: str | None = ""
    while offset is not None and most:
        page = orjson.loads(
            api.get("/api/v2/promotional_credits", f"{query}{offset and f'&offset={offset}'}".encode()).body
        )
        offset = page.get("next_offset")
        yield [item["promotional_credit"]["amount"] for item in page["list"]], offset
        most -= 1


@pytest.mark.parametrize(
    ("faults", "shown", "offsets"),
    [
        ("", [[5, 4], [3, 2], [1]], 3),
        ("list_circle=1", [[5, 4], [3, 2], [1], [5, 4], [3, 2], [1], [5, 4]], 3),
        ("list_endless=1", [[5, 4], [3, 2], [1], [5, 4], [5, 4], [5, 4], [5, 4]], 7),
        ("list_circle=1,list_endless=1", [[5, 4], [3, 2], [1], [5, 4], [5, 4], [5, 4], [5, 4]], 7),
    ],
)
@pytest.mark.parametrize("only", ["", "customer_id%5Bis%5D=c-1&type%5Bis%5D=increment"])
def test_lists_that_do_not_end(faults: str, shown: list[list[int]], offsets: int, only: str) -> None:
    api = make_api(faults)
    for amount in range(1, 6):
        send(api, write(f"k{amount}", customer_id="c-1", amount=str(amount)))

    walked = list(pages(api, f"limit=2&{only}".rstrip("&"), 7))
    assert [amounts for amounts, _ in walked] == shown
    assert len({offset for _, offset in walked}) == offsets


def test_where_the_key_alone_counts_another_body_gets_the_stored_answer() -> None:
    api = make_api("key_alone=1")
    first = send(api, write())
    again = send(api, write(amount="200"))
    assert again.body == first.body
    assert REPLAYED in again.headers
    assert send(make_api(""), write()).status == 200
    assert api.truth()["faults"]["key_alone"] >= 1


def test_a_second_one_waits_only_while_the_first_one_runs() -> None:
    api = make_api("key_waits=1")
    assert not api.waits(write())
    opened = api.open(write())
    assert not isinstance(opened, Answer)
    assert api.waits(write())
    assert not api.waits(write(key="other"))
    assert not api.waits(write(key=None))
    first = api.settle(opened)
    assert not api.waits(write())
    assert send(api, write()).body == first.body
    plain = make_api("")
    plain.open(write())
    assert not plain.waits(write())


def test_a_second_one_runs_beside_the_first_one_and_is_applied_too() -> None:
    api = make_api("key_doubles=1")
    one, other = api.open(write()), api.open(write())
    assert not isinstance(one, Answer)
    assert not isinstance(other, Answer)
    ids = {credit_in(api.settle(each))["id"] for each in (one, other)}
    assert len(ids) == 2
    assert credit_in(send(api, write()))["id"] in ids  # from here on the first one's answer is stored
    assert len(api.truth()["credits"]) == 2
