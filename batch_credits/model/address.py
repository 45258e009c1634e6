"""Where a ledger is that is no file: a database's address, which never holds a password.

An address stands in messages, records, reports and, as an argument, in the list of processes. So a password in it is
refused: libpq takes one from PGPASSWORD, `~/.pgpass` or a service file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from batch_credits.errors import UsageError

SCHEMES = ("postgresql", "postgres")
_SECRET = ("password", "sslpassword", "passfile_password")


@dataclass(frozen=True, slots=True)
class Address:
    """A database of PostgreSQL: `postgresql://user@host/base`, without a password."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """The last part, as a file's name is of its path."""
        return urlsplit(self.url).path.rpartition("/")[2] or "postgres"

    @classmethod
    def read(cls, text: str) -> Self:
        """An address as it is typed.

        Raises:
            UsageError: it holds a password, or is none.
        """
        try:
            parts = urlsplit(text)
            has_password = parts.password is not None
            secret = next((key for key, _ in parse_qsl(parts.query) if key.lower() in _SECRET), None)
        except ValueError as error:
            raise UsageError(
                f"The ledger's address cannot be read: {error}.", hint="Write it as postgresql://user@host/base."
            ) from None
        if has_password or secret is not None:
            raise UsageError(
                "The ledger's address holds a password, which would stand in the list of processes and in reports.",
                hint="Leave it out, and give it to libpq: in PGPASSWORD, in ~/.pgpass (0600) or in a service file.",
                remedies=[(("--ledger", _without(text)),)],
            )
        return cls(text)


Place = Path | Address  # of a ledger: a file, or a database


def is_address(text: str) -> bool:
    """Whether a text names a database, and so never a file."""
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme.lower() in SCHEMES


def place(text: str) -> Place:
    """A ledger's place as it is typed: a database's address, or else a file's path.

    Raises:
        UsageError: the address holds a password, or cannot be read.
    """
    return Address.read(text) if is_address(text) else Path(text).expanduser()


def _without(text: str) -> str:
    """The address without its passwords."""
    parts = urlsplit(text)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{host}"
    query = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() not in _SECRET)
    return parts._replace(netloc=netloc, query=query).geturl()
