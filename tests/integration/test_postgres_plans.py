"""How PostgreSQL finds what is asked of it: by an index, also where it has last counted a while ago, or never."""

from typing import Any

import pytest

from batch_credits.ledger.engines.postgres.connection import PatientConnection
from batch_credits.ledger.engines.postgres.database import _RARELY_KNOWN, _UNLESS_KNOWN, _in_psycopgs_words
from batch_credits.ledger.statements import statements_of
from batch_credits.model.address import Address

pytestmark = pytest.mark.postgres
ROWS = 20_000
WORDS = statements_of("postgres")
FILLED = f"""
INSERT INTO request (request_id, site_id, row_number, amount_minor, kind, customer_id, reference, currency_code,
                     credit_type, body)
SELECT n, 1, n, n, 'add', 'c' || n, 'q3', 'USD', 'general', repeat('b', 120) FROM generate_series(1, {ROWS}) n;
INSERT INTO standing (request_id, batch_id) SELECT n, 1 FROM generate_series(1, {ROWS}) n;
INSERT INTO row (batch_id, row_number, request_id, cells) SELECT 1, n, n, '[]' FROM generate_series(1, {ROWS}) n
"""


def nodes(plan: Any) -> list[tuple[str, int]]:
    """The steps of a plan, each with how many rows it gave."""
    below = [node for part in plan.get("Plans", []) for node in nodes(part)]
    return [(plan["Node Type"], plan["Actual Rows"] * plan["Actual Loops"]), *below]


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize(
    ("name", "values", "most"),
    [
        ("planned_page", {"batch": 1, "state": "pending", "after": 0, "limit": 100, "worker": None}, 200),
        ("planned_page", {"batch": 1, "state": "pending", "after": ROWS // 2, "limit": 100, "worker": None}, 200),
        ("counted", {"batch": 1, "first": 5_000, "end": 5_100}, 100),
    ],
)
def test_a_page_is_read_without_the_rest(
    name: str, values: dict[str, Any], most: int, is_counted: bool, new_database: Address
) -> None:
    ask = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + _in_psycopgs_words(WORDS[name])
    with PatientConnection.open(new_database.url, "batch_credits") as connection:
        connection.execute(FILLED.encode())
        if is_counted:
            connection.execute(WORDS["count_anew"].encode())
        row = connection.execute(ask.encode(), values).fetchone()
        assert row is not None
        found = nodes(row[0][0]["Plan"])
    assert not {"Seq Scan", "Gather", "Gather Merge"} & {kind for kind, _ in found}, found
    assert all(rows <= most for _, rows in found), found


def test_what_is_added_unless_it_is_known_may_be_tried_without_looking() -> None:
    assert all(WORDS[name].encode().endswith(_UNLESS_KNOWN) for name in _RARELY_KNOWN)
