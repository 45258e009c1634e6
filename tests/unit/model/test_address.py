"""Where a ledger is: a database's address is never a file's path, and never holds a password."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from batch_credits.errors import UsageError
from batch_credits.model.address import Address, place
from tests.each import each

WITH_PASSWORD = [
    "postgresql://u:s3cret@h/b",
    "postgresql://:s3cret@h",
    "postgresql://u:s3cret@/b",
    "postgresql://u:?s3cret@h/b",
    "postgresql://u:s3cret#@h/b",
    "postgresql://u:[s3cret@h/b",
    "postgresql://u@h:5432,h2/b?password=s3cret",
    "postgres://u@h/b?sslmode=require&password=s3cret",
    "postgresql://u@h/b?pass%77ord=s3cret",
    "postgresql://u@h/b#x?password=s3cret",
    "postgresql://u@h?sslpassword=s3cret",
]
GOOD = [
    "postgresql://u@h/b",
    "postgresql://h:5433/b?sslmode=verify-full",
    "postgres://u@h1:1,h2:2/b?target_session_attrs=read-write",
    "postgresql:///b?host=/run/postgresql&user=u",
    "postgresql://u@[::1]/b",
    "postgresql://",
    "postgresql:///?service=ledger",
    "postgresql://h/odd:name@x",
]


@each("url", WITH_PASSWORD)
def test_a_password_is_refused_and_never_repeated(url: str) -> None:
    assert "s3cret" in "".join(
        str(value) for key, value in conninfo_to_dict(url).items() if "password" in key
    ), "libpq would take it for one"
    with pytest.raises(UsageError, match="holds a password") as refused:
        place(url)
    said = f"{refused.value}{refused.value.hint}{refused.value.remedies}"
    assert "s3cret" not in said
    [(_, without)] = refused.value.remedies[0]
    assert isinstance(place(without), Address)


@each("url", GOOD)
def test_what_has_none_is_taken_as_it_is(url: str) -> None:
    assert place(url) == Address(url)
    assert "password" not in conninfo_to_dict(url)


def test_how_a_scheme_is_written_is_all_the_same() -> None:
    assert place("PostgreSQL://u@h/B") == Address("postgresql://u@h/B")


def test_what_is_no_address_is_refused_and_taken_for_no_file() -> None:
    with pytest.raises(UsageError, match="no //"):
        place("postgresql:b")


@pytest.mark.parametrize(
    ("url", "name"), [("postgresql://u@h/b?a=/c", "b"), ("postgresql://u@h", "postgres"), ("postgresql:///b", "b")]
)
def test_it_has_a_name_as_a_file_has(url: str, name: str) -> None:
    assert Address.read(url).name == name


def test_all_else_is_a_file() -> None:
    assert place("a/postgresql.db") == Path("a/postgresql.db")
    assert place("c:/x") == Path("c:/x")
