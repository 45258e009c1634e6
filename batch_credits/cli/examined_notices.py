"""What `doctor` says of who is told: of what `run` would take from variables and files, which no other command shows.

No notice is sent, so whether anybody gets it only a trial shows; but a server that is not there, or refuses us, is
said. Targets are called as the notices' own errors call them.
"""

import shutil
from collections.abc import Iterator

import click

from batch_credits.cli.notices_of_run import notices_of_run
from batch_credits.doctor.signs import Sign, bad, good, warning
from batch_credits.errors import UsageError
from batch_credits.notices.bodies import Form
from batch_credits.notices.signature import BadKey, keys_in, text_of_secret
from batch_credits.notices.targets import Command, Mail, Target, Webhook
from batch_credits.notices.trial import troubles

ABOUT = "notices"


def notice_signs(context: click.Context) -> Iterator[Sign]:
    """Whom a run would tell, and what would keep it from that. Nobody at all is no sign: it is nobody's duty.

    What is refused, or lacks something, ends a run before it begins, so it is bad; what fails later fails no run, and
    is a warning.
    """
    try:
        targets = notices_of_run(context).settings().targets
    except click.UsageError as error:
        yield bad(ABOUT, error.format_message(), "Correct it, or leave it out.")
        return
    except UsageError as error:
        yield bad(ABOUT, error.message, error.hint or "Correct it, or leave it out.")  # no option of this command
        return
    for target, trouble in zip(targets, troubles(targets), strict=True):
        try:
            told, why_not = _told(target), trouble
        except BadKey as error:
            told, why_not = "", str(error)
        if why_not:
            yield warning(ABOUT, f"{target.name}: nothing would arrive, {why_not}", "Correct that, and ask again.")
        else:
            yield good(ABOUT, told)


def _told(target: Target) -> str:
    """A target, and how it is told.

    Raises:
        BadKey: a file that it needs is not there or of no use, or the command is not.
    """
    match target:
        case Webhook(form=Form.STANDARD, key_file=None):
            return f"{target.name}, not signed (--notify-key-file)"
        case Webhook(form=Form.STANDARD, key_file=path) if path is not None:
            count = len(keys_in(path))
            return f"{target.name}, signed with {'the key' if count == 1 else f'{count} keys'} of {path}"
        case Mail(password_file=path) if path is not None:
            text_of_secret(path, "the password file")
            return target.name
        case Command(words=(program, *_)) if shutil.which(program) is None:
            raise BadKey("its program is not found, or may not be started")
        case _:
            return target.name
