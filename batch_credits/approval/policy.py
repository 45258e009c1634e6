"""What must be approved, and who may: two files of the administrator's, and nothing else says it.

    /etc/batch-credits/settings.toml     require_approval = true
                                         order_days = 7
                                         two_above = ["USD=10000"]
                                         require_another_for = ["reverse", "resolve"]
    /etc/batch-credits/approvers.toml    [approvers.bob]
                                         most = ["USD=50000"]
                                         rp_id = "localhost"
                                         credential = "..."
                                         public_key = "..."

No environment variable, option or settings file changes where they lie or what they say. A maker who could write them
could approve: so they must belong to another account than the one that runs the command, and be writable by no other.
(The system's administrator, root, may own them and run commands: who is root can do everything anyway.)
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import combinations
from pathlib import Path
from typing import Any

from batch_credits.approval.order import DAYS
from batch_credits.approval.signing import Passkey
from batch_credits.errors import UsageError
from batch_credits.model.identity import same_text

FOLDER = Path("/etc/batch-credits")
POLICY, APPROVERS = "settings.toml", "approvers.toml"
MAX_BYTES = 1_048_576
MAX_DAYS = 90
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
Bounds = Mapping[str, Decimal]  # major units, by currency


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who may approve: up to `most` of each currency, and nothing in others. `accounts` are other names that
    the same person makes orders under, such as the user of a shell."""

    name: str
    most: Bounds
    passkey: Passkey
    accounts: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether that name is this person's, in whatever spelling."""
        return any(same_text(name, each) for each in (self.name, *self.accounts))


@dataclass(frozen=True, slots=True)
class Policy:
    """What the administrator says. Above a sum of `two_above` two people must approve. `by_another` are the commands
    that whoever ran a batch must leave to another person."""

    requires_approval: bool = False
    days: int = DAYS
    two_above: Bounds = field(default_factory=dict)
    by_another: frozenset[str] = frozenset()
    approvers: Mapping[str, Approver] = field(default_factory=dict)

    def known(self, name: str) -> Approver | None:
        """Who is enrolled under this name."""
        return self.approvers.get(name)

    def are_one(self, name: str, other: str) -> bool:
        """Whether two names are one person's, as far as anybody has said."""
        people = self.approvers.values()
        return same_text(name, other) or any(each.is_called(name) and each.is_called(other) for each in people)


def read_policy(folder: Path = FOLDER) -> Policy:
    """What the administrator's files say; nothing where there are none.

    Raises:
        UsageError: a file cannot be read or trusted, or says what nobody knows. Then nothing may be sent.
    """
    settings = _table(folder / POLICY)
    path = folder / POLICY
    _refuse_unknown(settings, {"require_approval", "order_days", "two_above", "require_another_for"}, path)
    required, days = settings.get("require_approval", False), settings.get("order_days", DAYS)
    others = settings.get("require_another_for", [])
    if type(required) is not bool:
        raise _cannot(path, "require_approval is neither true nor false")
    if type(days) is not int or not 1 <= days <= MAX_DAYS:
        raise _cannot(path, f"order_days is no number from 1 to {MAX_DAYS}")
    if not isinstance(others, list) or not set(others) <= {"reverse", "resolve"}:
        raise _cannot(path, 'require_another_for names other commands than "reverse" and "resolve"')
    two_above = _bounds(settings.get("two_above", []), path, "two_above")
    return Policy(required, days, two_above, frozenset(others), read_approvers(folder))


def read_approvers(folder: Path = FOLDER) -> dict[str, Approver]:
    """Who may approve, by name.

    Raises:
        UsageError: the file cannot be read or trusted.
    """
    path = folder / APPROVERS
    return approvers_in(_table(path), path)


def approvers_in(table: Mapping[str, Any], path: Path | str) -> dict[str, Approver]:
    """Who may approve, by name, as such a file says; `path` is named where it says something else.

    Raises:
        UsageError: it does.
    """
    _refuse_unknown(table, {"approvers"}, path)
    people = table.get("approvers", {})
    if not isinstance(people, dict):
        raise _cannot(path, "approvers is no table")
    approvers = {name: _approver(name, content, path) for name, content in people.items()}
    keys = [approver.passkey.credential for approver in approvers.values()]
    if len(set(keys)) != len(keys):
        raise _cannot(path, "two people have one passkey")
    for one, other in combinations(approvers.values(), 2):
        if any(one.is_called(name) for name in (other.name, *other.accounts)):
            raise _cannot(path, f"{one.name!r} and {other.name!r} name one person, who would count twice")
    return approvers


def _approver(name: str, content: Any, path: Path | str) -> Approver:
    if not isinstance(content, dict):
        raise _cannot(path, f"{name!r} is no table")
    _refuse_unknown(content, {"most", "rp_id", "credential", "public_key", "accounts", "enrolled"}, path)
    texts = [content.get(key) for key in ("credential", "public_key", "rp_id")]
    accounts = content.get("accounts", [])
    if not all(isinstance(text, str) and text for text in (name, *texts)):
        raise _cannot(path, f"{name!r} has no passkey")
    if not isinstance(accounts, list) or not all(isinstance(each, str) for each in accounts):
        raise _cannot(path, f"the accounts of {name!r} are no list of names")
    most = _bounds(content.get("most", []), path, f"most of {name!r}")
    return Approver(name, most, Passkey(*map(str, texts)), tuple(accounts))


def _table(path: Path) -> dict[str, Any]:
    """What a file says, if it is there and nobody could have written it who must not."""
    try:
        with path.open("rb") as stream:
            _refuse_writable(path, os.fstat(stream.fileno()))
            _refuse_writable(path.parent, path.parent.stat())
            return tomllib.loads(stream.read(MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        if path.is_symlink():
            raise _cannot(path, "it is a link to nothing") from None
        return {}
    except OSError as error:
        raise _cannot(path, error.strerror or str(error)) from None
    except ValueError as error:  # no UTF-8, or no TOML
        raise _cannot(path, str(error)) from None


def _refuse_writable(path: Path, about: os.stat_result) -> None:
    """Refuse a file or a folder that whoever runs this command could have written, unless that is root."""
    if about.st_uid == os.geteuid() != 0:
        raise _cannot(path, "it belongs to the account that runs this command, which could let anybody approve")
    if about.st_mode & _WRITABLE_BY_OTHERS:
        raise _cannot(path, "others than its owner can write it")


def _bounds(content: Any, path: Path | str, what: str) -> dict[str, Decimal]:
    """`["USD=500"]` as bounds."""
    if not isinstance(content, list):
        raise _cannot(path, f'{what} is no list such as ["USD=500"]')
    found: dict[str, Decimal] = {}
    for each in content:
        currency, equals, amount = str(each).partition("=")
        try:
            bound = Decimal(amount)
        except InvalidOperation:
            bound = Decimal(-1)
        is_currency = len(currency) == 3 and currency.isascii() and currency.isupper()
        if not (equals and is_currency and bound.is_finite() and bound >= 0) or currency in found:
            raise _cannot(path, f'{what} has {each!r}, which is not such as "USD=500", or is there twice')
        found[currency] = bound
    return found


def _refuse_unknown(table: Mapping[str, Any], known: set[str], path: Path | str) -> None:
    if unknown := sorted(table.keys() - known):
        raise _cannot(path, f"it says {unknown[0]!r}, which nobody knows")


def _cannot(path: Path | str, why: str) -> UsageError:
    return UsageError(
        f"{path} cannot be relied on: {why}.",
        hint="Nothing was sent. The system's administrator can mend it: it says what must be approved, and by whom.",
    )
