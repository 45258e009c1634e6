"""`batch-credits approvers`: who may approve."""

from typing import Any

import click

from batch_credits.approval.enrolling import add_approver, refuse_name, remove_approver
from batch_credits.approval.policy import APPROVERS, FOLDER, read_approvers
from batch_credits.approval.signing import refuse_missing_library
from batch_credits.cli.options.link import LINK_SECONDS, LinkAt, link_options
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, say
from batch_credits.cli.values import Currencies
from batch_credits.process.event_loop import run_in_loop


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
@link_options
def enrol(name: str, most: tuple[tuple[str, str], ...], accounts: tuple[str, ...], **at: Any) -> int:
    """Enrol NAME, as they log in to the page: print a link with which they make a passkey.

    The link works once, for a quarter of an hour, while this command waits.
    """
    from batch_credits.web.enrolment import enrol as enrolled

    refuse_missing_library()
    refuse_name(name, accounts)
    link = LinkAt(**at)
    settings = link.settings(name)
    bounds = tuple(f"{currency}={amount}" for currency, amount in most)

    def listening(port: int, token: str) -> None:
        click.echo(f"{name} makes a passkey at {link.link(port, token)}")

    words = tuple(f"{amount} {currency}" for currency, amount in most)
    known = [approver.passkey for approver in read_approvers().values()]
    passkey = run_in_loop(enrolled(settings, words, link.host, known, listening, LINK_SECONDS))
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
