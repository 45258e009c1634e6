"""Writing a notice to mailboxes: plain text, encrypted on its way, or by the server of this machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime

from batch_credits.notices.http import why_no_connection
from batch_credits.notices.message import message_of
from batch_credits.notices.notice import Notice
from batch_credits.notices.signature import BadKey, text_of_secret
from batch_credits.notices.targets import Mail
from batch_credits.notices.undelivered import Undelivered

_OK, _FORWARDED = 250, 251


def write(mail: Mail, notice: Notice, seconds: float) -> None:
    """Give it to the mail server, waiting so long at most for each of its answers.

    Raises:
        Undelivered: it is not known to have been taken.
    """
    letter = letter_of(mail, notice)
    with _connected(mail, seconds) as connection:
        refused = connection.send_message(letter)
    if refused:  # another try would write to the others again
        raise Undelivered(f"it takes no mail for {len(refused)} of the addresses", is_final=True)


def try_out(mail: Mail, seconds: float) -> None:
    """Ask the mail server whether it would take a letter: all that comes before its text, and no text.

    Raises:
        Undelivered: it would not, or nobody knows.
    """
    with _connected(mail, seconds) as connection:
        code, said = connection.mail(mail.sender)
        if code != _OK:
            raise smtplib.SMTPSenderRefused(code, said, mail.sender)
        answers = {address: connection.rcpt(address) for address in mail.to}
        connection.rset()
        refused = {address: answer for address, answer in answers.items() if answer[0] not in (_OK, _FORWARDED)}
        if len(refused) == len(answers):
            raise smtplib.SMTPRecipientsRefused(refused)
    if refused:
        raise Undelivered(f"it takes no mail for {len(refused)} of the addresses", is_final=True)


@contextmanager
def _connected(mail: Mail, seconds: float) -> Iterator[smtplib.SMTP]:
    """A connection on which the server knows who writes.

    Raises:
        Undelivered: there is none; or what is said on it is refused.
    """
    server, password = mail.server, _password(mail)
    try:
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=ssl.create_default_context())
            if server.is_tls
            else smtplib.SMTP(server.host, server.port, timeout=seconds)
        ) as connection:
            if not (server.is_tls or server.is_plain):
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if server.user is not None:
                connection.login(server.user, password)
            yield connection
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"its certificate is not accepted: {error.verify_message}", is_final=True) from None
    except smtplib.SMTPAuthenticationError:
        raise Undelivered("it does not accept the user and the password", is_final=True) from None
    except smtplib.SMTPNotSupportedError:
        raise Undelivered("it offers no STARTTLS, or no way to log in", is_final=True) from None
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"it answered {error.smtp_code}", is_final=error.smtp_code >= 500) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise Undelivered("it takes no mail for any of the addresses", is_final=min(codes) >= 500) from None
    except smtplib.SMTPServerDisconnected:
        raise Undelivered("it closed the connection, or did not answer in time") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undelivered(why_no_connection(error)) from None


def letter_of(mail: Mail, notice: Notice) -> EmailMessage:
    """The notice as a letter. Its id is the notice's, so that one which comes twice can be told."""
    message = message_of(notice)
    letter = EmailMessage()
    letter["From"] = mail.sender
    letter["To"] = ", ".join(mail.to)
    letter["Subject"] = message.title
    letter["Date"] = format_datetime(notice.at)
    letter["Message-ID"] = f"<{notice.id}@{mail.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    return letter


def _password(mail: Mail) -> str:
    if mail.password_file is None:
        return ""
    try:
        return text_of_secret(mail.password_file, "the password file").strip()
    except BadKey as error:
        raise Undelivered(str(error), is_final=True) from None
