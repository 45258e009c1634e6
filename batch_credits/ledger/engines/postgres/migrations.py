"""From each version of a ledger in PostgreSQL to the next, within one transaction. The first was version 6."""

from collections.abc import Callable

import psycopg

from batch_credits.ledger.database import Row


def _from_6_to_7(connection: psycopg.Connection[Row]) -> None:
    connection.execute(
        "CREATE TABLE batch_credits.pseudonym (site_id bigint PRIMARY KEY REFERENCES batch_credits.site,"
        " secret text NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE batch_credits.pack (site_id bigint NOT NULL REFERENCES batch_credits.site,"
        " number bigint NOT NULL CHECK (number > 0), batch_id bigint NOT NULL REFERENCES batch_credits.batch,"
        ' digest text COLLATE "C" NOT NULL UNIQUE, previous text COLLATE "C", contents text COLLATE "C" NOT NULL,'
        " at bigint NOT NULL, made_by text NOT NULL, PRIMARY KEY (site_id, number))"
    )
    connection.execute(
        "CREATE TRIGGER pack_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_credits.pack"
        " FOR EACH STATEMENT EXECUTE FUNCTION batch_credits.refuse('packs are only ever added')"
    )


MIGRATIONS: dict[int, Callable[[psycopg.Connection[Row]], None]] = {6: _from_6_to_7}
