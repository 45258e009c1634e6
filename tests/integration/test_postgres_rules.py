"""What the schema in PostgreSQL refuses, whatever the program believes: sending what another request stands for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from batch_credits.ledger.engines.postgres import store
from batch_credits.model.address import Address

pytestmark = pytest.mark.postgres
ROWS = 3_000
REFUSED = "another request stands for this identity"
FILLED = f"""
INSERT INTO request (request_id, site_id, row_number, amount_minor, kind, customer_id, reference, currency_code,
                     credit_type, body)
SELECT n, 1, n, n, 'add', 'c' || n, 'Q3', 'USD', 'general', '' FROM generate_series(1, {ROWS}) n;
INSERT INTO standing (request_id, batch_id) SELECT n, 1 FROM generate_series(1, {ROWS}) n;
INSERT INTO identity SELECT 1, 'c' || n, 'q3', n FROM generate_series(1, {ROWS}) n;
"""
# Another request for the same credit, which stands for no identity.
ANOTHER = f"""
INSERT INTO request (request_id, site_id, row_number, amount_minor, kind, customer_id, reference, credit_type, body)
SELECT {ROWS} + 1, site_id, row_number, amount_minor, kind, customer_id, reference, credit_type, body
FROM request WHERE request_id = 1;
INSERT INTO standing (request_id, batch_id) VALUES ({ROWS} + 1, 1);
"""


@pytest.fixture
def session(new_database: Address) -> Iterator[psycopg.Connection]:
    """Somebody who uses the tables themselves, with every setting as it comes."""
    with psycopg.connect(new_database.url, autocommit=True) as connection:
        connection.execute(f"SET search_path TO batch_credits; {FILLED}{ANOTHER}".encode())
        yield connection


def in_flight(session: psycopg.Connection) -> int:
    row = session.execute("SELECT count(*) FROM batch_credits.standing WHERE state = 'in_flight'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE standing SET state = 'in_flight' WHERE request_id = {ROWS} + 1",
        "UPDATE standing SET state = 'in_flight'",
        f"UPDATE standing SET state = 'in_flight' WHERE request_id >= {ROWS}",
        f"UPDATE standing SET state = CASE request_id WHEN {ROWS} + 1 THEN 'in_flight' ELSE 'in_doubt' END",
        f"INSERT INTO standing (request_id, batch_id) VALUES ({ROWS} + 1, 1)"
        " ON CONFLICT (request_id) DO UPDATE SET state = 'in_flight'",
        f"MERGE INTO standing s USING (VALUES ({ROWS} + 1)) v(id) ON s.request_id = v.id"
        " WHEN MATCHED THEN UPDATE SET state = 'in_flight'",
        f"WITH sent AS (UPDATE standing SET state = 'in_flight' WHERE request_id = {ROWS} + 1 RETURNING 1)"
        " SELECT count(*) FROM sent",
    ],
)
def test_no_statement_sends_what_another_request_stands_for(session: psycopg.Connection, change: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute(change.encode())
    assert in_flight(session) == 0


@pytest.mark.parametrize("column", ["site_id = 2", "customer_id = 'c2'", "reference = 'q4'", "request_id = 2"])
def test_nothing_but_its_whole_identity_lets_one_be_sent(session: psycopg.Connection, column: str) -> None:
    changes = ["DELETE FROM identity WHERE request_id IN (1, 2)"]
    changes += ["INSERT INTO identity VALUES (1, 'c1', 'q3', 1)", f"UPDATE identity SET {column} WHERE request_id = 1"]
    for change in changes:
        session.execute(change.encode())
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute("UPDATE standing SET state = 'in_flight' WHERE request_id = 1")


def test_one_without_its_request_is_not_sent(session: psycopg.Connection) -> None:
    session.execute("DELETE FROM request WHERE request_id = 1")
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute("UPDATE standing SET state = 'in_flight' WHERE request_id = 1")


def test_tables_of_other_schemas_change_nothing(session: psycopg.Connection) -> None:
    session.execute("CREATE TEMPORARY TABLE identity AS SELECT 1 AS site_id, 'c1' AS customer_id, 'q3' AS reference,"
                    f" {ROWS} + 1 AS request_id".encode())  # fmt: skip
    session.execute("CREATE TEMPORARY TABLE changed AS SELECT * FROM standing LIMIT 0")
    session.execute("SET search_path TO pg_temp, public")
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute(f"UPDATE batch_credits.standing SET state = 'in_flight' WHERE request_id = {ROWS} + 1".encode())


@pytest.mark.parametrize("is_counted", [True, False])
def test_each_row_is_looked_up_by_its_keys_however_many_there_are(
    session: psycopg.Connection, is_counted: bool
) -> None:
    if is_counted:
        session.execute("ANALYZE")
    for first, last in ((1, 1), (2, ROWS - 100), (ROWS - 99, ROWS)):
        with session.transaction():  # statistics are sent between transactions
            before = looks(session)
            sent = f"UPDATE standing SET state = 'in_flight' WHERE request_id BETWEEN {first} AND {last}"
            count = session.execute(sent.encode()).rowcount
            after = looks(session)
        assert [then - at_first for at_first, then in zip(before, after, strict=True)] == [0, count, 0, count]
    assert in_flight(session) == ROWS


def looks(session: psycopg.Connection) -> list[int]:
    """Rows of the two tables read one after the other, and by their keys, since statistics were last sent."""
    found = session.execute(
        "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('request', 'identity') ORDER BY relname"
    ).fetchall()
    return [count for counts in found for count in counts]


BEFORE_10 = """
DROP TRIGGER only_the_identity_is_sent ON standing;
CREATE OR REPLACE FUNCTION refuse_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM request r JOIN identity i ON i.site_id = r.site_id AND i.customer_id = r.customer_id
        AND i.reference = lower(r.reference) AND i.request_id = r.request_id WHERE r.request_id = NEW.request_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another request stands for this identity';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_the_identity_is_sent BEFORE UPDATE OF state ON standing FOR EACH ROW
WHEN (NEW.state = 'in_flight') EXECUTE FUNCTION refuse_another();
UPDATE ledger SET version = 9;
"""


def rules(session: psycopg.Connection) -> list[tuple[object, ...]]:
    """Every trigger and function, but for blanks."""
    triggers = "SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    functions = "SELECT proname, prosecdef, proconfig, regexp_replace(prosrc, '\\s', '', 'g') FROM pg_proc"
    functions += " WHERE pronamespace = 'batch_credits'::regnamespace ORDER BY 1, oid"
    return [*session.execute(triggers.encode()).fetchall(), *session.execute(functions.encode()).fetchall()]


def test_one_of_version_9_refuses_the_same_before_and_after(session: psycopg.Connection, new_database: Address) -> None:
    new = rules(session)
    session.execute(BEFORE_10)
    send = f"UPDATE standing SET state = 'in_flight' WHERE request_id >= {ROWS}".encode()
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute(send)
    with ThreadPoolExecutor(2) as threads:
        for database in threads.map(store.connect, (new_database, new_database)):
            database.close()
    with pytest.raises(psycopg.errors.RaiseException, match=REFUSED):
        session.execute(send)
    assert rules(session) == new
    assert store.version_of(session) == store.VERSION
