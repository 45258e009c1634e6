"""Every statement of the ledger by its name: one `.sql` file for each module that asks, a sentence for each statement.

    -- name: first_sent
    -- When a request was first sent, by the site's clock.
    SELECT ...;

Names are unique, so that a statement is found by its name alone, and another engine may bring another text for it.
(`aiosql` reads such files, too, and makes functions of a driver's connection of them. Those would pass by what
`Database` is for, so of it no more than this page would be used.)
"""

import re
from pathlib import Path

_HERE = Path(__file__).parent  # importlib.resources would load what reads archives
_START = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_REMARK = re.compile(r"^ *--.*\n", re.MULTILINE)


def statements(stem: str) -> dict[str, str]:
    """The statements of one file by their names, in its order, without the remarks."""
    text = _HERE.joinpath(f"{stem}.sql").read_text(encoding="utf-8")
    _, *parts = _START.split(text)
    return {name: _REMARK.sub("", body).rstrip(";\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


def statements_of(engine: str) -> dict[str, str]:
    """All statements in an engine's words: SQLite's, which stand for both where they can, and what another says
    differently. `views`, which SQLite's connections make for themselves, and `known`, other texts for a ledger to look
    into, are not among them.
    """
    stems = sorted(path.stem for path in _HERE.glob("*.sql"))
    found = {name: text for stem in stems if stem not in _APART for name, text in statements(stem).items()}
    if engine != "sqlite":
        for stem in sorted(path.stem for path in _HERE.joinpath(engine).glob("*.sql")):
            found |= statements(f"{engine}/{stem}")
    return found


_APART = ("known", "views")
STATEMENTS = statements_of("sqlite")
VIEWS = statements("views")
