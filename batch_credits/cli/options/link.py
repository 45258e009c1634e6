"""The options of a command that serves one page to one person, for whom it prints a link."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from batch_credits.errors import UsageError

if TYPE_CHECKING:
    from batch_credits.web.settings import WebSettings

LINK_SECONDS = 900.0  # for which the link waits
LOCALHOST = "localhost"
_PEM = click.Path(dir_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--port", type=click.IntRange(0, 65_535), default=0, metavar="N",
                 help="Port to listen on.  [default: any that is free]"),
    click.option("--listen", metavar="ADDRESS", default=LOCALHOST, show_default=True, help="Address to listen on."),
    click.option("--host", metavar="NAME", default=LOCALHOST, show_default=True,
                 help="Name under which the page is opened: a passkey is good there alone."),
    click.option("--tls-cert", type=_PEM, metavar="FILE", help="Certificate, PEM; needed for another name."),
    click.option("--tls-key", type=_PEM, metavar="FILE", help="Its key, PEM."),
)  # fmt: skip


def link_options(command: F) -> F:
    """The options, for a command that takes them as `**at`."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


@dataclass(frozen=True, slots=True)
class LinkAt:
    """Where the page is served."""

    port: int
    listen: str
    host: str
    tls_cert: Path | None
    tls_key: Path | None

    def settings(self, actor: str) -> "WebSettings":
        """What its door is told, which lets in this person.

        Raises:
            UsageError: the certificate or its key is missing, or the name needs them.
        """
        from batch_credits.web.settings import Tls, door_settings

        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key go together.")
        if self.tls_cert is None or self.tls_key is None:
            if self.host != LOCALHOST:
                raise UsageError(
                    f"A browser uses a passkey for {self.host} on an encrypted page alone.",
                    hint="Give the certificate of that name:",
                    remedies=[(("--tls-cert", "FILE"), ("--tls-key", "FILE"))],
                )
            return door_settings(self.listen, self.port, self.host, actor, None)
        return door_settings(self.listen, self.port, self.host, actor, Tls(self.tls_cert, self.tls_key))

    def link(self, port: int, token: str) -> str:
        """What a person opens."""
        scheme = "http" if self.tls_cert is None else "https"
        return f"{scheme}://{self.host}:{port}/?token={token}"
