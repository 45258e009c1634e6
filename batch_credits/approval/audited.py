"""Whether the approvals of an order that was carried out are what they seem, as far as an auditor can say alone: by the
order, and by the approvers as they were when it was carried out. Nothing of this machine is asked.

    of_record(...)   what a run keeps of the approvers of its order: a part of the administrator's file, in its form
    why_not(...)     what speaks against an order with these approvers
"""

import json
import tomllib
from dataclasses import dataclass

from batch_credits.approval.enrolling import name_in_toml
from batch_credits.approval.judging import refuse_unapproved
from batch_credits.approval.order import Order, Sealed
from batch_credits.approval.policy import Policy, approvers_in
from batch_credits.errors import BatchCreditsError, UsageError

_HEADING = "# Those of the approvers.toml who approved the order, as they were when it was carried out.\n"


def of_record(sealed: Sealed, policy: Policy) -> str:
    """The tables of those who approved an order, as approvers.toml has them. There are public keys in it alone."""
    lines = [_HEADING]
    for name in dict.fromkeys(approval.approver for approval in sealed.approvals):
        approver = policy.known(name)
        if approver is None:
            continue
        passkey = approver.passkey
        most = [f"{currency}={bound:f}" for currency, bound in approver.most.items()]
        lines.append(
            f"[approvers.{name_in_toml(name)}]\nmost = {json.dumps(most)}\naccounts = {json.dumps(approver.accounts)}\n"
            f'rp_id = "{passkey.rp_id}"\ncredential = "{passkey.credential}"\npublic_key = "{passkey.public_key}"\n'
        )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Audited:
    """An order as it stands in a pack: its contents, None if it is none; what speaks against it, a sentence each; and
    what could not be looked at, and why ("": all was)."""

    order: Order | None
    problems: tuple[str, ...] = ()
    unknown: str = ""
    approvers: tuple[str, ...] = ()  # who approved it


def audited(name: str, content: bytes, approvers: bytes | None) -> Audited:
    """Hold an order against the approvers that lie beside it; None: there are none. `name` is the file's."""
    try:
        sealed = Sealed.read(content, name)
    except UsageError as error:
        return Audited(None, (error.message,))
    people = tuple(f"{each.approver} ({each.at})" for each in sealed.approvals)
    if approvers is None:
        return Audited(sealed.order, (), "the approvers' keys are not in the pack", people)
    try:
        known = approvers_in(tomllib.loads(approvers.decode("utf-8")), name)
        refuse_unapproved(sealed, Policy(approvers=known))
    except ValueError as error:  # no TOML
        return Audited(sealed.order, (f"The approvers of {name} cannot be read: {error}.",), "", people)
    except UsageError as error:  # the extra is not installed, or the approvers say what nobody knows
        if "extra" in error.message:
            return Audited(sealed.order, (), error.message.rstrip("."), people)
        return Audited(sealed.order, (f"{name}: {error.message}",), "", people)
    except BatchCreditsError as error:
        return Audited(sealed.order, (f"{name}: {error.message}",), "", people)
    return Audited(sealed.order, (), "", people)
