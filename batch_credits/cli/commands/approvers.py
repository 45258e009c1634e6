"""`batch-credits approvers`: who may approve."""

from pathlib import Path

import click

from batch_credits.approval.enrolling import add_approver, refuse_name, remove_approver
from batch_credits.approval.policy import APPROVERS, FOLDER, read_approvers
from batch_credits.approval.signing import refuse_missing_library
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, say
from batch_credits.cli.values import Currencies
from batch_credits.errors import UsageError
from batch_credits.process.event_loop import run_in_loop

ENROL_SECONDS = 900.0  # for which the link waits
LOCALHOST = "localhost"
_PEM = click.Path(dir_okay=False, path_type=Path)


@click.group()
def approvers() -> None:
    """Say who may approve payouts: for the system's administrator.

    \b
    sudo batch-credits approvers enrol bob --most USD=5000
    batch-credits approvers list
    """


@approvers.command()
@click.argument("name")
@click.option("--most", type=Currencies(), multiple=True, required=True, metavar="USD=1234.50",
              help="The largest order that this person may approve, by currency.")
@click.option("--account", "accounts", multiple=True, metavar="NAME",
              help="Another name of the same person, such as that of their shell: they approve no order made under it.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, metavar="N",
              help="Port to listen on.  [default: any that is free]")
@click.option("--listen", metavar="ADDRESS", default=LOCALHOST, show_default=True, help="Address to listen on.")
@click.option("--host", metavar="NAME", default=LOCALHOST, show_default=True,
              help="Name under which the page for finance is opened: the passkey is good there alone.")
@click.option("--tls-cert", type=_PEM, metavar="FILE", help="Certificate, PEM; needed for another name.")
@click.option("--tls-key", type=_PEM, metavar="FILE", help="Its key, PEM.")
def enrol(
    name: str, most: tuple[tuple[str, str], ...], accounts: tuple[str, ...], port: int, listen: str, host: str,
    tls_cert: Path | None, tls_key: Path | None,
) -> int:  # fmt: skip
    """Enrol NAME, as they log in to the page: print a link with which they make a passkey.

    The link works once, for a quarter of an hour, while this command waits.
    """
    from batch_credits.web.enrolment import enrol as enrolled
    from batch_credits.web.settings import Tls, door_settings

    refuse_missing_library()
    refuse_name(name)
    tls = _tls(tls_cert, tls_key, host)
    bounds = tuple(f"{currency}={amount}" for currency, amount in most)
    settings = door_settings(listen, port, host, name, None if tls is None else Tls(*tls))
    scheme = "http" if tls is None else "https"

    def listening(at: int, token: str) -> None:
        click.echo(f"{name} makes a passkey at {scheme}://{host}:{at}/?token={token}")

    words = tuple(f"{amount} {currency}" for currency, amount in most)
    known = [approver.passkey for approver in read_approvers().values()]
    passkey = run_in_loop(enrolled(settings, words, host, known, listening, ENROL_SECONDS))
    if passkey is None:
        say("Nobody was enrolled: no passkey was made.", err=True)
        return EXIT_NOTHING_SENT
    add_approver(name, passkey, bounds, accounts)
    say(f"{name} may approve up to {', '.join(words)} ({FOLDER / APPROVERS})")
    return 0


@approvers.command("list")
def list_approvers() -> int:
    """Say who may approve, and how much."""
    people = read_approvers()
    for approver in people.values():
        most = ", ".join(f"{amount:,f} {currency}" for currency, amount in approver.most.items()) or "nothing"
        also = f", also {', '.join(approver.accounts)}" if approver.accounts else ""
        say(f"{approver.name}  up to {most}, at {approver.passkey.rp_id}{also}")
    if not people:
        say(f"Nobody is enrolled in {FOLDER / APPROVERS}.")
    return 0


@approvers.command()
@click.argument("name")
def remove(name: str) -> int:
    """Take NAME out: what they approved and has not begun is not good any more."""
    remove_approver(name)
    say(f"{name} approves nothing any more.")
    return 0


def _tls(certificate: Path | None, key: Path | None, host: str) -> tuple[Path, Path] | None:
    """The certificate and its key.

    Raises:
        UsageError: one is missing, or the name needs them.
    """
    if certificate is not None and key is not None:
        return certificate, key
    if certificate is not None or key is not None:
        raise UsageError("--tls-cert and --tls-key go together.")
    if host != LOCALHOST:
        raise UsageError(
            f"A browser makes a passkey for {host} on an encrypted page alone.",
            hint="Give the certificate of that name:",
            remedies=[(("--tls-cert", "FILE"), ("--tls-key", "FILE"))],
        )
    return None
