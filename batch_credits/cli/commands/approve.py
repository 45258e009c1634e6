"""`batch-credits approve`: another person's word on an order that lies in a file."""

from pathlib import Path
from typing import Any

import click

from batch_credits.approval.giving import may_approve
from batch_credits.approval.judging import approvers_needed, refuse_expired, refuse_unapproved
from batch_credits.approval.order import Sealed, read_sealed
from batch_credits.approval.policy import Approver, Policy, read_policy
from batch_credits.approval.signing import refuse_missing_library
from batch_credits.approval.words import facts_of, given_in_words, totals_of
from batch_credits.cli.options.link import LINK_SECONDS, LinkAt, link_options
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, say
from batch_credits.errors import UsageError
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.user import user_name
from batch_credits.reporter.files import atomic_text


@click.command()
@click.argument("order", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--as", "name", metavar="NAME", help="Who approves, as the administrator enrolled them.  [default: you]")
@click.option("--show", is_flag=True, help="Only say what it asks for, and whether it is approved.")
@link_options
def approve(order: Path, name: str | None, show: bool, **at: Any) -> int:
    """Approve ORDER, which another person made, with your passkey: print a link to a page that shows it.

    The link works once, for a quarter of an hour, while this command waits. The approval is written into the file.

    \b
    batch-credits approve order.json --as bob
    batch-credits approve order.json --show
    """
    sealed, policy = read_sealed(order), read_policy()
    _say_order(sealed, policy)
    if show:
        refuse_expired(sealed.order)
        refuse_unapproved(sealed, policy)
        say("It is approved.")
        return 0
    refuse_missing_library()
    approver = may_approve(sealed, policy, name or user_name())
    approved = _approved(LinkAt(**at), sealed, order, policy, approver)
    if approved is None:
        say("Nothing was approved.", err=True)
        return EXIT_NOTHING_SENT
    _keep(order, sealed, approved)
    left = approvers_needed(sealed.order, policy) - len(approved.approvals)
    say(f"{approver.name} approved {order}." + (f" {left} more must, too." if left > 0 else ""))
    return 0


def _say_order(sealed: Sealed, policy: Policy) -> None:
    order = sealed.order
    say(f"Order      {order.file}: {order.owed:,} credit{'' if order.owed == 1 else 's'}")
    for total in totals_of(order).values():
        say(f"           {total}")
    for fact in facts_of(order):
        say(f"           {fact}")
    for each in given_in_words(sealed):
        say(f"Approved   {each}")
    needed = approvers_needed(order, policy)
    say(f"Needed     {'another person' if needed == 1 else f'{needed} other people'}")


def _approved(at: LinkAt, sealed: Sealed, path: Path, policy: Policy, approver: Approver) -> Sealed | None:
    """The order with the approval; None: nobody gave it.

    Raises:
        UsageError: the passkey is good on another page than can be served here.
    """
    from batch_credits.web.approving import approve_one

    rp_id = approver.passkey.rp_id
    if at.host != rp_id and not at.host.endswith(f".{rp_id}"):
        raise UsageError(
            f"The passkey of {approver.name} is good on pages of {rp_id} alone.",
            hint="Serve the page under that name:",
            remedies=[(("--host", rp_id),)],
        )
    settings = at.settings(approver.name)

    def listening(port: int, token: str) -> None:
        click.echo(f"{approver.name} approves it at {at.link(port, token)}")

    return run_in_loop(approve_one(settings, sealed, path, (policy, approver), listening, LINK_SECONDS))


def _keep(path: Path, before: Sealed, approved: Sealed) -> None:
    """Write the approval into the file, which must still be the one that was shown.

    Raises:
        UsageError: it is another by now, or cannot be written.
    """
    if read_sealed(path) != before:
        raise UsageError(f"{path} was changed meanwhile; nothing was written.", hint="Approve it again.")
    try:
        with atomic_text(path) as stream:
            stream.write(approved.content.decode("ascii"))
    except OSError as error:
        raise UsageError(f"The order {path} cannot be written: {error.strerror or error}.") from None
