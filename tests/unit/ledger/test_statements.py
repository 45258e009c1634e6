"""Statements have names that are used, and sentences; those that are asked often go by the indexes meant for them."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import batch_credits.ledger
from batch_credits.ledger.statements import STATEMENTS, VIEWS, statements, statements_of
from tests.each import each

pytestmark = pytest.mark.of_sqlite

LEDGER = Path(batch_credits.ledger.__file__).parent
FILES = sorted(path.stem for path in (LEDGER / "statements").glob("*.sql"))
OF_POSTGRES = sorted(f"postgres/{path.stem}" for path in (LEDGER / "statements/postgres").glob("*.sql"))
VERBS = {"first", "one", "value", "all", "stream", "change", "change_each"}


def parameters(statement: str) -> set[str]:
    return set(re.findall(r"(?<![\w'#]):(\w+)", statement))


def in_quotes() -> set[str]:
    """Every text in the ledger's modules."""
    trees = [ast.parse(path.read_text()) for path in LEDGER.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def asked() -> list[tuple[str, set[str] | None]]:
    """The name of every statement that is asked outright, and its values, if they are all named there."""
    found = []
    for path in LEDGER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            name, owner = node.args[0], ast.unparse(node.func.value)
            if node.func.attr not in VERBS or not owner.endswith(("_db", "database")):
                continue
            if isinstance(name, ast.Constant):
                named = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                is_whole = len(named) == len(node.keywords) and node.func.attr != "change_each"
                found.append((str(name.value), named if is_whole else None))
    return found


def test_a_name_is_of_one_statement() -> None:
    assert len(STATEMENTS) == sum(len(statements(stem)) for stem in FILES if stem not in ("known", "views"))


@each("stem", [*FILES, *OF_POSTGRES])
def test_every_statement_has_a_sentence_and_a_module(stem: str) -> None:
    text = (LEDGER / "statements" / f"{stem}.sql").read_text()
    for name in statements(stem):
        assert re.search(rf"^-- name: {name}\n(-- .*\n)*-- .*[.:]\n(?!--)", text, re.MULTILINE), name
    assert stem in ("known", "views") or [*LEDGER.rglob(f"{stem.removeprefix('postgres/')}.py")]


def test_every_statement_is_asked_and_every_one_that_is_asked_is_there() -> None:
    every = STATEMENTS.keys() | statements_of("postgres").keys()
    assert every - in_quotes() == set()
    assert {name for name, _ in asked()} - every == set()


def test_a_statement_is_given_its_values_and_no_others() -> None:
    """Some are told what only one of the engines wants to know."""
    theirs = [statements_of(engine) for engine in ("sqlite", "postgres")]
    wanted = {name: set[str]().union(*(parameters(each.get(name, "")) for each in theirs)) for name, _ in asked()}
    assert [name for name, named in asked() if named is not None and named != wanted[name]] == []


def test_what_is_asked_of_another_ledger_takes_the_same_values() -> None:
    for name, statement in statements("known").items():
        assert parameters(statement) <= parameters(STATEMENTS[name])


ROWS = "SEARCH w USING PRIMARY KEY (batch_id=?)"
OF_ROW = "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"
ONE = "SEARCH credit_request USING INTEGER PRIMARY KEY (rowid=?)"
UNSETTLED = "SEARCH credit_request USING INDEX credit_request_unsettled (batch_id=? AND state=? AND request_id>?)"
PART = ["LIST SUBQUERY", "SCAN s", "CORRELATED SCALAR SUBQUERY", ONE]  # asked where a worker holds not all of its site
EACH = "SCAN c VIRTUAL TABLE INDEX 1:"


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("planned_page", [UNSETTLED, *PART]),
        ("first_owed", [ROWS, OF_ROW]),
        ("planned", [ONE]),
        ("open_requests", [EACH, ONE, *PART]),
        ("record_requests", [EACH, ONE]),
        ("report_rows", ["SEARCH w USING PRIMARY KEY (batch_id=? AND row_number>?)", OF_ROW]),
        ("row_number_at", ["SEARCH row USING PRIMARY KEY (batch_id=?)"]),
        ("bodies_of_rows", ["SEARCH w USING PRIMARY KEY (batch_id=? AND row_number>? AND row_number<?)", OF_ROW]),
        ("rejected_rows", ["SEARCH row USING PRIMARY KEY (batch_id=?)"]),
    ],
)
def test_what_is_asked_often_goes_by_the_indexes_meant_for_it(book: Any, name: str, plan: list[str]) -> None:
    """However many millions are credited, the next page costs the same; and a view costs nothing."""
    values = dict.fromkeys(parameters(STATEMENTS[name]), "1")
    steps = book.ledger._db._connection.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values)
    found = [re.sub("( LEFT-JOIN|(?<=SUBQUERY) [0-9]+)$", "", step[3]) for step in steps]
    assert [step for step in found if "subquery" not in step] == plan  # which is what the page is made of as one text


def test_a_view_is_asked_by_every_way_of_counting() -> None:
    """One fact, one place: nobody else says what an outcome is, or a shard."""
    assert [*VIEWS] == ["row_outcome", "request_shard"]
    assert [name for name, statement in STATEMENTS.items() if "already_credited" in statement] == []
    assert [name for name, statement in STATEMENTS.items() if "unicode(" in statement] == []
