"""What became of a row, in the words of those who own the payout: as short as a table has room for.

The reports have the words of the ledger ("failed", "rejected", "pending"), which say who refused a row, and when. Who
pays asks whether a customer has the credit.
"""

from collections.abc import Mapping

from batch_credits.model import CallKind, Outcome

_OF_A_PAYOUT = {
    Outcome.CREDITED: ("credited", "the credit is there: Chargebee has proved it"),
    Outcome.ALREADY_CREDITED: ("credited before", "the same credit was there already; it is not sent again"),
    Outcome.FAILED: ("not credited", "Chargebee refused the row; there is no credit"),
    Outcome.REJECTED: ("left out", "something in the row is wrong; nothing is sent for it"),
    Outcome.IN_DOUBT: ("not known yet", "sent, and no answer has proved what became of it"),
    Outcome.REVIEW: ("needs a person", "only a person can tell whether the credit is there"),
    Outcome.PENDING: ("not sent yet", "no credit was added for these so far"),
}
_OF_A_REVERSAL = {
    Outcome.CREDITED: ("taken back", "the credit was deducted: Chargebee has proved it"),
    Outcome.ALREADY_CREDITED: ("taken back before", "the credit was deducted already; it is not deducted again"),
    Outcome.FAILED: ("not taken back", "Chargebee refused the deduction; nothing was deducted"),
    Outcome.REJECTED: ("left out", "this cannot be deducted here; nothing is sent for it"),
    Outcome.IN_DOUBT: ("not known yet", "sent, and no answer has proved what became of it"),
    Outcome.REVIEW: ("needs a person", "only a person can tell whether it was deducted"),
    Outcome.PENDING: ("not taken back yet", "nothing was deducted for these so far"),
}
_WORDS: Mapping[CallKind, Mapping[Outcome, tuple[str, str]]] = {
    CallKind.ADD: _OF_A_PAYOUT,
    CallKind.DEDUCT: _OF_A_REVERSAL,
}


def called(kind: CallKind, outcome: Outcome) -> str:
    """What such rows of a batch of this kind are called on a page."""
    return _WORDS[kind][outcome][0]


def meaning_of(kind: CallKind, outcome: Outcome) -> str:
    """What that means for the money, in a few words."""
    return _WORDS[kind][outcome][1]
