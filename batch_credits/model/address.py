"""Where a ledger is that is no file: a database's address, which never holds a password.

An address stands in messages, records, reports and, as an argument, in the list of processes. So a password in it is
refused: libpq takes one from PGPASSWORD, `~/.pgpass` or a service file.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from batch_credits.errors import UsageError
from batch_credits.process.home import expanded

SCHEMES = ("postgresql", "postgres")
_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


@dataclass(frozen=True, slots=True)
class Address:
    """A database of PostgreSQL: `postgresql://user@host/base`, without a password."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """The last part, as a file's name is of its path."""
        _, where, _ = _parts(self.url)
        return where.partition("/")[2] or "postgres"

    @classmethod
    def read(cls, text: str) -> Self:
        """An address as it is typed.

        Raises:
            UsageError: it holds a password, or is none.
        """
        scheme, colon, rest = text.partition("://")
        if not colon:
            raise UsageError(
                "The ledger's address cannot be read: after postgresql: there is no //.",
                hint="Write it as postgresql://user@host/base.",
            )
        url = f"{scheme.lower()}://{rest}"
        user, where, options = _parts(url)
        told = [option for option in options if unquote(option.partition("=")[0]).strip().lower() not in _SECRET]
        if ":" in user or told != options:
            without = f"{scheme.lower()}://{user.partition(':')[0] + '@' if user else ''}{where}"
            raise UsageError(
                "The ledger's address holds a password, which would stand in the list of processes and in reports.",
                hint="Leave it out, and give it to libpq: in PGPASSWORD, in ~/.pgpass (0600) or in a service file.",
                remedies=[(("--ledger", without + ("?" + "&".join(told) if told else "")),)],
            )
        return cls(url)


Place = Path | Address  # of a ledger: a file, or a database


def is_address(text: str) -> bool:
    """Whether a text names a database, and so never a file."""
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme.lower() in SCHEMES


def place(text: str) -> Place:
    """A ledger's place as it is typed: a database's address, or else a file's path.

    Raises:
        UsageError: the address holds a password, or cannot be read; or the path begins with nobody's home.
    """
    return Address.read(text) if is_address(text) else expanded(text)


def real(where: Place) -> Place:
    """The one name of a ledger's file, from whichever working directory, and by whichever link, it was called."""
    return where if isinstance(where, Address) else Path(os.path.realpath(where))


def _parts(url: str) -> tuple[str, str, list[str]]:
    """Who (user, perhaps a password), where (host, port, name) and the options, as libpq reads them: it looks for a
    user as far as the first `@` or `/`, and takes `?` and `#` for nothing special there."""
    rest = url.partition("://")[2]
    user, at, where = rest.partition("@")
    if not at or "/" in user:
        user, where = "", rest
    where, _, options = where.partition("?")
    return user, where, options.split("&") if options else []
