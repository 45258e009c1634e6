"""Every statement of the ledger by its name: one `.sql` file for each module that asks, a sentence for each statement.

    -- name: first_sent
    -- When a request was first sent, by the site's clock.
    SELECT ...;

Names are unique, so that a statement is found by its name alone, and another engine may bring another text for it.
(`aiosql` reads such files, too, and makes functions of a driver's connection of them. Those would pass by what
`Database` is for, so of it no more than this page would be used.)
"""

import re
from importlib.resources import files

_START = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_REMARK = re.compile(r"^ *--.*\n", re.MULTILINE)


def statements(stem: str) -> dict[str, str]:
    """The statements of one file by their names, in its order, without the remarks."""
    text = files(__name__).joinpath(f"{stem}.sql").read_text(encoding="utf-8")
    _, *parts = _START.split(text)
    return {name: _REMARK.sub("", body).rstrip(";\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


# Not among them: `views`, which every connection makes for itself, and `known`, other texts for a ledger to look into.
STATEMENTS = {
    name: statement
    for stem in (
        "admission", "batches", "budget", "claims", "held_credits", "identities", "listing", "looks", "numbering",
        "payouts", "profiles", "rejections", "reports", "requests", "reversals", "runs", "scratch", "sites", "slots",
        "spellings", "totals", "workers",
    )
    for name, statement in statements(stem).items()
}  # fmt: skip
VIEWS = statements("views")
