"""Who is told how a command goes, while nobody sits before it.

These options are read before all others, so that a command of which another is refused can tell that, too.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from batch_credits.addresses import site_name
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.setting import Secret, apply, chosen_as, option
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, EXIT_STOPPED, exit_code_of, say
from batch_credits.cli.values import Email, Number
from batch_credits.errors import BatchCreditsError, Interrupted, NotConfirmed, UsageError
from batch_credits.notices.command import WITHIN
from batch_credits.notices.notice import Event
from batch_credits.notices.targets import (
    Command,
    Mail,
    MailServer,
    Target,
    Webhook,
    command_of,
    link_of,
    mail_server_of,
    webhook_of,
)
from batch_credits.notices.telling import Notices, NoticeSettings

USUAL_SECONDS = 10.0

_Type = click.ParamType  # generic in newer releases of click only


class Parsed(_Type):  # type: ignore[type-arg,unused-ignore]
    """A text that may be a secret, as what it means. A refusal does not show it."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what cannot be meant."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


class EventList(_Type):  # type: ignore[type-arg,unused-ignore]
    """`attention,ended`: some of the events."""

    name = "EVENTS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Event, ...]:
        """Split at commas, and refuse what is not known."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip().lower() for part in str(value).split(",") if part.strip()]
        known = ", ".join(Event)
        for part in parts:
            if part not in {str(event) for event in Event}:
                self.fail(f"{part!r} is no event; known are {known}.", param, ctx)
        if not parts:
            self.fail(f"{value!r} names nothing; known are {known}.", param, ctx)
        return tuple(map(Event, parts))


class Mailbox(Email):
    """An e-mail address as a mail server takes it: ASCII, and one alone."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what would be more than one, or no address in a letter's head."""
        text = super().convert(value, param, ctx)
        if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", text):
            self.fail(f"{value!r} is no e-mail address that every mail server takes.", param, ctx)
        return text


@dataclass(frozen=True, slots=True)
class NoticeChoice:
    """Who is told, and what, as the operator chose."""

    notify: tuple[Webhook, ...] = ()
    notify_on: tuple[Event, ...] = tuple(Event)
    notify_key_file: Path | None = None
    notify_link: str | None = None
    mail_to: tuple[str, ...] = ()
    mail_from: str | None = None
    mail_server: MailServer | None = None
    mail_password_file: Path | None = None
    on_finish: tuple[str, ...] = ()
    on_finish_timeout: float = USUAL_SECONDS

    def settings(self) -> NoticeSettings:
        """The same, put together.

        Raises:
            UsageError: what mail needs is missing.
        """
        targets: list[Target] = [replace(webhook, key_file=self.notify_key_file) for webhook in self.notify]
        if self.mail_to:
            targets.append(self._mail())
        if self.on_finish and WITHIN not in os.environ:  # such a command starts none in turn
            targets.append(Command(self.on_finish, self.on_finish_timeout))
        return NoticeSettings(tuple(targets), frozenset(self.notify_on), self.notify_link)

    def _mail(self) -> Mail:
        server, sender = self.mail_server, self.mail_from
        if server is None or sender is None:
            raise UsageError(
                "--mail-to needs a server and a sender.",
                hint="Give both: --mail-server smtp://USER@HOST --mail-from ADDRESS.",
                remedies=[
                    (
                        *((("--mail-server", "URL"),) if server is None else ()),
                        *((("--mail-from", "ADDRESS"),) if sender is None else ()),
                    )
                ],
            )
        if server.user is not None and self.mail_password_file is None:
            raise UsageError(
                "The mail server (--mail-server) names a user, and no file has the password.",
                hint="Name it: --mail-password-file FILE.",
                remedies=[(("--mail-password-file", "FILE"),)],
            )
        return Mail(server, sender, self.mail_to, self.mail_password_file)


_FILE = click.Path(dir_okay=False, path_type=Path)

notice_options = apply(
    chosen_as(NoticeChoice, "notices"),
    option("--notify", cls=Secret, type=Parsed("webhook", webhook_of), multiple=True, is_eager=True, metavar="URL",
           help="Post notices there: JSON, or as Slack or Teams show it. Better in a file or a variable than typed."),
    option("--notify-on", type=EventList(), default=tuple(Event), is_eager=True, metavar="EVENTS",
           help="Of what notices are: started,attention,ended.  [default: all]"),
    option("--notify-key-file", type=_FILE, is_eager=True, metavar="FILE",
           help="File with the key (whsec_...) that signs what is posted as JSON."),
    option("--notify-link", cls=Secret, type=Parsed("link", link_of), is_eager=True, metavar="URL",
           help="Address below which the reports can be seen; {batch} in it stands for the batch."),
    option("--mail-to", type=Mailbox(), multiple=True, is_eager=True, metavar="ADDRESS", help="Write notices there."),
    option("--mail-from", type=Mailbox(), is_eager=True, metavar="ADDRESS", help="Who writes them."),
    option("--mail-server", cls=Secret, type=Parsed("mail server", mail_server_of), is_eager=True, metavar="URL",
           help="Server that takes them: smtp://USER@HOST:587 (STARTTLS), or smtps://USER@HOST:465 (TLS)."),
    option("--mail-password-file", type=_FILE, is_eager=True, metavar="FILE", help="File with that user's password."),
    option("--on-finish", cls=Secret, type=Parsed("command", command_of), is_eager=True, metavar="COMMAND",
           help="Start it at the end, without a shell; it reads the notice as JSON."),
    option("--on-finish-timeout", type=Number(0.1, 3600), default=USUAL_SECONDS, show_default=True, is_eager=True,
           metavar="SECONDS", help="How long it may take."),
)  # fmt: skip


class Notified(Sectioned):
    """A command that tells also why it was refused before it began: to a nightly job nobody else would listen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        try:
            return super().parse_args(ctx, args)
        except (click.UsageError, BatchCreditsError) as error:
            if not ctx.resilient_parsing:
                _tell_refused(ctx, error)
            raise


VALUES = (str, tuple, float, Path, MailServer)  # of an option that was read


def _tell_refused(context: click.Context, error: click.UsageError | BatchCreditsError) -> None:
    """Tell of an error of the command line, with as much of it as was read already."""
    names = {field.name for field in fields(NoticeChoice)}
    for parameter in context.command.params:
        if parameter.name in {*names, "site"} and parameter.name not in context.params:
            with suppress(click.ClickException, BatchCreditsError):  # one error is enough
                parameter.handle_parse_result(context, {}, [])
    # Newer releases of click have a mark of their own for what was not read.
    read: dict[str, Any] = {name: value for name, value in context.params.items() if isinstance(value, VALUES)}
    chosen = {name: read[name] for name in names if name in read}
    file, site = read.get("file"), read.get("site")
    with (
        suppress(click.UsageError, BatchCreditsError),
        notified(NoticeChoice(**chosen), context.info_name or "", site=site, file=Path(file).name if file else None),
    ):
        raise error


@contextmanager
def notified(
    choice: NoticeChoice,
    command: str,
    *,
    site: str | None = None,
    file: str | None = None,
    is_attended: bool = False,
    as_json: bool = False,
) -> Iterator[Notices]:
    """What tells of a command, in this block; an error that ends the block is told, too. After it some seconds at most
    are left for what is not told yet. What cannot be told is said.

    `is_attended`: somebody looks on who sees why nothing was sent, as at a terminal. `as_json`: it is said as an event.

    Raises:
        UsageError: the choice lacks something.
    """
    is_attended = is_attended or (sys.stdin is not None and sys.stdin.isatty())
    notices = Notices(choice.settings(), command, site=_name(site), file=file, is_attended=is_attended)
    try:
        yield notices
    except BaseException as error:
        told, code = _told_of(error)
        if told is not None:
            notices.failed(told, code)
        raise
    finally:
        for sentence in _closed(notices):
            if as_json:
                from batch_credits.cli.telling.events import note  # here: few commands have events

                note(sentence)
            else:
                say(sentence, err=True)


def _name(site: str | None) -> str | None:
    """The site's one name, if it is any."""
    with suppress(UsageError):
        return site_name(site) if site else None
    return None


def _told_of(error: BaseException) -> tuple[BaseException | None, int]:
    """What is told of an error, and the exit code that it ends the command with. None: nothing is."""
    match error:
        case BatchCreditsError():
            return error, exit_code_of(error)
        case click.ClickException():
            return UsageError("refused"), EXIT_NOTHING_SENT
        case click.Abort() if not isinstance(error.__cause__, KeyboardInterrupt):
            return NotConfirmed("no answer"), EXIT_NOTHING_SENT
        case click.Abort() | KeyboardInterrupt():
            return Interrupted("interrupted"), EXIT_STOPPED
        case click.exceptions.Exit():
            return None, 0
        case Exception():
            return error, EXIT_STOPPED
        case _:
            return None, 0


def _closed(notices: Notices) -> list[str]:
    """Wait for what is under way. Whoever asks for the end meanwhile gets it, and the exit code that it had."""
    try:
        return notices.close(_say_that_it_waits)
    except KeyboardInterrupt:
        notices.give_up()
        return notices.close(_say_that_it_waits)


def _say_that_it_waits() -> None:
    """Somebody before a terminal would wonder why it does not end."""
    if sys.stderr is not None and sys.stderr.isatty():
        say("Telling it to those who are to be told. (Ctrl-C: wait no longer.)", err=True)
