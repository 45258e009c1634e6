"""Whom notices are told: a webhook, mailboxes, a command. What of it may be a secret is in no repr and no message.

An address may be one by itself: whoever knows the path of a Slack webhook can post there. So it is named by its host.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from batch_credits.addresses import LOOPBACK_HOSTS
from batch_credits.errors import UsageError
from batch_credits.notices.bodies import Form

MAX_ADDRESS_LETTERS = 4000
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|[0-9A-Fa-f:.]+")
_FORM = re.compile(r"(json|slack|teams)\+(?=https?://)", re.IGNORECASE)
_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_TEAMS_HOSTS = (".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com")
_PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK_MAIL_PORT = 25
BATCH = "{batch}"  # in an address of reports: the batch's id


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where something is posted. `path` has the query, too; `authorization` is a user and a password, as `user:pass`;
    `key_file` holds the keys that sign it, None: it is not signed."""

    form: Form
    is_tls: bool
    host: str
    port: int | None
    path: str = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    key_file: Path | None = None

    @property
    def name(self) -> str:
        """What people are told of it."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def is_for_people(self) -> bool:
        """Whether a person reads it, and no program."""
        return self.form is not Form.STANDARD


@dataclass(frozen=True, slots=True)
class MailServer:
    """What takes mail. `is_tls` from the first byte; else by STARTTLS, but on this machine plainly (`is_plain`)."""

    host: str
    port: int
    is_tls: bool
    is_plain: bool
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """Mailboxes that are written to."""

    server: MailServer
    sender: str
    to: tuple[str, ...]
    password_file: Path | None = None

    @property
    def name(self) -> str:
        """What people are told of it."""
        return f"mail by {self.server.host}"

    @property
    def is_for_people(self) -> bool:
        """A person reads it."""
        return True


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is started when all is over, with these words and no shell, for so many seconds at most."""

    words: tuple[str, ...] = field(repr=False)
    seconds: float

    @property
    def name(self) -> str:
        """What people are told of it."""
        return "The command of --on-finish"


Target = Webhook | Mail | Command


def webhook_of(text: str) -> Webhook:
    """The webhook at an address. Its host says whose form it takes, or `slack+`, `teams+` or `json+` before it.

    Raises:
        UsageError: it is none, or not encrypted. Nothing of the address is in the message.
    """
    text = text.strip()
    said = _FORM.match(text)
    parts = _parts(text[said.end() :] if said else text, ("https", "http"), "https://HOST/PATH")
    host, is_tls = (parts.hostname or "").removesuffix("."), parts.scheme == "https"
    if not is_tls and host not in LOOPBACK_HOSTS:
        raise UsageError("It is not encrypted.", hint="Write https; http is for addresses of this machine alone.")
    path = parts.path or "/"
    return Webhook(
        Form(said[1].lower()) if said else _form_of(host),
        is_tls,
        host,
        parts.port,
        f"{path}?{parts.query}" if parts.query else path,
        f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None,
    )


def _form_of(host: str) -> Form:
    if host in _SLACK_HOSTS:
        return Form.SLACK
    return Form.TEAMS if host.endswith(_TEAMS_HOSTS) else Form.STANDARD


def mail_server_of(text: str) -> MailServer:
    """The server at `smtp://USER@HOST:PORT` (STARTTLS) or `smtps://...` (TLS from the first byte).

    Raises:
        UsageError: it is none, or names a password.
    """
    parts = _parts(text.strip(), ("smtp", "smtps"), "smtp://USER@HOST")
    if parts.password is not None:
        raise UsageError("It holds a password.", hint="Put that into a file: --mail-password-file FILE.")
    if parts.path.strip("/") or parts.query:
        raise UsageError("It has more than a user, a host and a port.", hint="Leave the rest out.")
    host, is_tls = (parts.hostname or "").removesuffix("."), parts.scheme == "smtps"
    is_plain = not is_tls and host in LOOPBACK_HOSTS
    port = parts.port or (LOOPBACK_MAIL_PORT if is_plain else _PORTS[parts.scheme])
    return MailServer(host, port, is_tls, is_plain, unquote(parts.username) if parts.username else None)


def command_of(text: str) -> tuple[str, ...]:
    """The words of a command, as a shell would tell them apart.

    Raises:
        UsageError: there is none, or a quotation mark has no second one.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = ()
    if not words or not words[0] or "\0" in text:
        raise UsageError("It is no command.", hint="Quote its words as for a shell, each mark with its second.")
    return words


def link_of(text: str) -> str:
    """The address of reports for people.

    Raises:
        UsageError: it is none. Nothing of it is in the message.
    """
    text = text.strip()
    _parts(text.replace(BATCH, "BATCH"), ("https", "http"), "https://HOST/PATH")
    return text


def _parts(text: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    bad = UsageError("It is no address.", hint=f"Write it like {example}.")
    if not re.fullmatch(r"[!-~]+", text) or len(text) > MAX_ADDRESS_LETTERS:
        raise bad
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # whose text may quote it
        raise bad from None
    if parts.scheme not in schemes or not _HOST.fullmatch(parts.hostname or "") or port == 0 or parts.fragment:
        raise bad
    return parts
