"""The query strings of the two lists."""

from urllib.parse import quote

import pytest

from batch_credits.sandbox.errors import ApiError
from batch_credits.sandbox.queries import (
    DAY_SECONDS,
    Record,
    read_credit_query,
    read_customer_query,
    read_list,
    write_offset,
)
from tests.each import each

NOON = 20_000 * DAY_SECONDS + DAY_SECONDS // 2
CREDIT: Record = {"id": "ABCD", "customer_id": "c-1", "type": "increment", "created_at": NOON, "reference": "q3"}


@each(
    "query, matches",
    [
        ("id[is]=ABCD", True),
        ("id[is]=ABC", False),
        ("id[starts_with]=ABC", True),
        ("id[is_not]=ABCD", False),
        ("customer_id[is]=c-1", True),
        ("customer_id%5Bis%5D=c-2", False),
        ("customer_id[starts_with]=c-&type[is]=increment", True),
        ("customer_id[starts_with]=c-&type[is]=decrement", False),
        ("type[is_not]=decrement", True),
        ('type[in]=["increment","decrement"]', True),
        ("type[in]=[decrement]", False),
        ("type[not_in]=['decrement']", True),
        (f"created_at[after]={NOON}", False),
        (f"created_at[after]={NOON - 1}", True),
        (f"created_at[before]={NOON}", False),
        (f"created_at[before]={NOON + 1}", True),
        (f"created_at[on]={NOON + 100}", True),
        (f"created_at[on]={NOON + DAY_SECONDS}", False),
        (f"created_at[between]=[{NOON},{NOON}]", True),
        (f"created_at[between]=[{NOON + 1},{NOON + 9}]", False),
        ("", True),
    ],
)
def test_filters(query: str, matches: bool) -> None:
    conditions = read_credit_query(quote(query, safe="=&%").encode()).conditions

    assert all(condition(CREDIT) for condition in conditions) is matches


@each(
    "query, param",
    [
        ("reference[is]=q3", "reference[is]"),
        ("sort_by[asc]=created_at", "sort_by[asc]"),
        ("customer_id[in]=[c]", "customer_id[in]"),
        ("customer_id=c", "customer_id"),
        ("customer_id[is]=", "customer_id[is]"),
        ("type[is]=credit", "type[is]"),
        ("type[in]=increment", "type[in]"),
        ("created_at[after]=yesterday", "created_at[after]"),
        ("created_at[between]=[1]", "created_at[between]"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("offset=10", "offset"),
        ("offset=", "offset"),
        ("offset=" + write_offset("c-1"), "offset"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_credit_query(query.encode())
    assert (caught.value.status, caught.value.param) == (400, param)


def test_pages() -> None:
    query = read_credit_query(f"limit=100&offset={write_offset('17')}".encode())
    assert (query.limit, query.before) == (100, 17)
    query = read_credit_query(b"customer_id[is]=c-1")
    assert (query.limit, query.before, query.customer_id) == (10, None, "c-1")


def test_customers() -> None:
    query = read_customer_query(b'id[in]=["b","a"]&include_deleted=true&limit=2&offset=' + write_offset("a").encode())
    assert (query.ids, query.include_deleted, query.limit, query.after) == (("a", "b"), True, 2, "a")
    assert read_customer_query(b"id[is]=a").ids == ("a",)
    assert read_customer_query(b"id[is]=a&id[in]=[b]").ids == ()
    assert read_customer_query(b"").ids is None


@pytest.mark.parametrize("query", [b"id[in]=a", b"id[starts_with]=a", b"include_deleted=yes", b"email[is]=a"])
def test_wrong_customer_parameters(query: bytes) -> None:
    with pytest.raises(ApiError):
        read_customer_query(query)


@each(
    "text, items",
    [
        ('["a","b"]', ["a", "b"]),
        ('["a,b" , "c\\"d]"]', ["a,b", 'c"d]']),
        ("['a', 'b']", ["a", "b"]),
        ("[a, b c]", ["a", "b c"]),
        ("[1,2]", ["1", "2"]),
        ('["\\u00e9"]', ["é"]),
    ],
)
def test_lists(text: str, items: list[str]) -> None:
    assert read_list("id[in]", text) == items


@each("text", ["", "a", "[", "[]", "[,]", "[a,,b]", '["a]', '["a" "b"]', "[[a]]", '["\\x"]', '[""]'])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_list("id[in]", text)
    assert caught.value.param == "id[in]"
