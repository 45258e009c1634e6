"""The mutants are what they are meant to be; whether they die is for `make mutants` to find out."""


import pytest

from batch_credits.ledger.statements import STATEMENTS
from tests.mutants.campaign import accepted
from tests.mutants.covering import ROOT, Covering
from tests.mutants.mutations import changes_of, mutants_of


def made_of(source: str, path: str = "batch_credits/x.py") -> set[str]:
    return {" ".join(mutant.applied(source).split()) for mutant in mutants_of(path, source)}


@pytest.mark.parametrize(
    ("line", "mutants"),
    [
        ("if a < b: pass", {"if a <= b: pass", "if True: pass", "if False: pass"}),
        ("x = a and not b", {"x = a or not b", "x = True and not b", "x = a and True", "x = a and (b)"}),
        ("x = a - 1", {"x = a + 1", "x = a - (2)"}),
        ("x = a is None", {"x = a is not None"}),
        ("f(a, key=b)", {"pass", "f(a, )"}),
        ("raise E", {"pass"}),
        ("self.a = b", {"pass"}),
        ("self.a += b", {"pass", "self.a -= b"}),
        ("return a", {"return None"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = a if b else c", {"x = a if not (b) else c"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if True]"}),
        ("x = 'state'", {"x = 'state_'"}),
        ("x = 'What a person reads.'", set()),
        ("assert a < b", set()),
        ("x = zip(a, b, strict=True)", set()),
        ("x = zip(a, b, strict=False)", {"x = zip(a, b, strict=True)"}),
        ("x = Config(strict=True)", {"x = Config()", "x = Config(strict=False)"}),
        ("db.create_function('f', 0, f, deterministic=True)",
         {"pass", "db.create_function('f_', 0, f, deterministic=True)",
          "db.create_function('f', (1), f, deterministic=True)"}),
        ("x: int | None = a", set()),
        ("'''Words.'''", set()),
    ],
)  # fmt: skip
def test_python(line: str, mutants: set[str]) -> None:
    assert made_of(f"def f():\n    {line}\n") == {f"def f(): {mutant}" for mutant in mutants}


@pytest.mark.parametrize(
    ("text", "mutants"),
    [
        (
            "SELECT a FROM t WHERE b = ? AND c IS NULL",
            {
                "SELECT a FROM t WHERE b <> ? AND c IS NULL", "SELECT a FROM t WHERE b = ? OR c IS NULL",
                "SELECT a FROM t WHERE b = ? AND c IS NOT NULL", "SELECT a FROM t WHERE b = ?",
            },
        ),
        (
            "SELECT max(a) FROM t ORDER BY a DESC",
            {"SELECT min(a) FROM t ORDER BY a DESC", "SELECT max(a) FROM t ORDER BY a ASC"},
        ),
        ("DELETE FROM t WHERE a <> 'b'", {"DELETE FROM t WHERE a = 'b'", "DELETE FROM t WHERE a <> 'b_'"}),
        (
            "SELECT EXISTS (SELECT 1 FROM t LIMIT 1), 1 FROM t LIMIT 2",
            {
                "SELECT NOT EXISTS (SELECT 1 FROM t LIMIT 1), 1 FROM t LIMIT 2",
                "SELECT EXISTS (SELECT 1 FROM t LIMIT 1), 2 FROM t LIMIT 2",
                "SELECT EXISTS (SELECT 1 FROM t LIMIT 2), 1 FROM t LIMIT 2",
                "SELECT EXISTS (SELECT 1 FROM t LIMIT 1), 1 FROM t LIMIT 3",
            },
        ),
        ("no statement = at all", set()),
    ],
)  # fmt: skip
def test_sql(text: str, mutants: set[str]) -> None:
    assert made_of(f'S = "{text}"\n') == {f'S = "{mutant}"' for mutant in mutants}
    schema = made_of(f"{text}; -- a = b AND c\n", "x.sql") if mutants else set()
    assert schema == {f"{mutant}; -- a = b AND c" for mutant in mutants}


def test_a_mutant_of_a_named_statement_is_tested_where_the_name_is_used() -> None:
    script = (
        "-- For all.\n\n-- name: one\n-- a = b.\nSELECT 1\nFROM t WHERE a = b;\n\n"
        "-- name: two\nSELECT min(a) LIMIT 1;\n"
    )
    found = {(mutant.names, mutant.line, mutant.before, mutant.after) for mutant in mutants_of("x.sql", script)}
    assert found == {
        (('"one"',), 5, "SELECT 1", "SELECT 2"),
        (('"one"',), 6, "FROM t WHERE a = b;", "FROM t WHERE a <> b;"),
        (('"two"',), 9, "SELECT min(a) LIMIT 1;", "SELECT max(a) LIMIT 1;"),
    }


def test_of_what_is_limited_to_one_row_only_the_first_is_read() -> None:
    """So a second one, which the mutants leave out, would be seen by nobody."""
    limited = {name for name, statement in STATEMENTS.items() if statement.endswith(" LIMIT 1")}
    modules = [path.read_text() for path in (ROOT / "batch_credits").rglob("*.py")]
    lines = [line for module in modules for line in module.splitlines()]
    asking = {name: [line for line in lines if f'"{name}"' in line] for name in limited}
    assert all(lines and all(".first(" in line for line in lines) for lines in asking.values()), asking


def test_every_statement_that_asks_a_view_is_tested_for_it() -> None:
    covering = Covering({"batch_credits/ledger/totals.py": {}}, [], {})
    covering._uses()
    at = "batch_credits/ledger/statements/totals.sql"
    assert covering._made_of[at, '"row_outcome"'] == {'"counted"', '"decimals"'}


def test_what_is_accepted_is_still_a_mutant_and_says_why() -> None:
    known = {
        (mutant.path, mutant.before, mutant.after)
        for path in {path for path, _, _ in accepted()}
        for mutant in changes_of(path, (ROOT / path).read_text())
    }
    assert accepted().keys() <= known, accepted().keys() - known
    assert all(len(reason) > 20 for reason in accepted().values())
