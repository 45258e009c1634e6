"""What became of a row, and how a run ended, in sentences: of a payout and of its reversal, which never speak alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from batch_credits.model import CallKind, Ending, Outcome


@dataclass(frozen=True, slots=True)
class Sentences:
    """One outcome. `meaning` has all of it in the few words for which a table has room; the others are whole sentences:
    what happened, what it means for the money, what to do."""

    meaning: str
    happened: str
    money: str
    to_do: str


def sentences_of(kind: CallKind, outcome: Outcome) -> Sentences:
    """What is said of such rows of a batch of this kind."""
    return _OUTCOMES[kind][outcome]


def label_of(kind: CallKind, outcome: Outcome) -> str:
    """Its name as a person reads it: `already credited`."""
    return kind.name_of(outcome).replace("_", " ")


NOT_SENT = "Nothing was sent: there is no credit for this row."
_MEND = "Mend the row in failed.csv and run that file."
_LOOK = "Look at the customer's promotional credits in Chargebee, then use batch-credits resolve."

_OF_A_PAYOUT = {
    Outcome.CREDITED: Sentences(
        "this batch added the credit, and Chargebee proved it",
        "This batch added the credit, and Chargebee proved it.",
        "The customer has it, once.",
        "Nothing.",
    ),
    Outcome.ALREADY_CREDITED: Sentences(
        "the same credit was there before; nothing was sent",
        "The same credit (customer, reference, amount, currency, type) was there before this batch came to it.",
        "The customer has it, once. Nothing was sent.",
        "Nothing. If it is meant as a second credit, give the row another reference.",
    ),
    Outcome.FAILED: Sentences(
        "Chargebee said no; there is no credit",
        "Chargebee refused the row; credit_error_code says why.",
        "There is no credit: that is proven.",
        _MEND,
    ),
    Outcome.REJECTED: Sentences(
        "we said no; nothing was sent",
        "The row did not hold before anything was sent; credit_error_code says why.",
        NOT_SENT,
        _MEND,
    ),
    Outcome.IN_DOUBT: Sentences(
        "sent, and not proven either way",
        "The row was sent, and no answer proved what became of it.",
        "The credit may exist or not. It is never sent again before Chargebee's list was asked.",
        "Run the same command again: it asks first. Do not credit by hand.",
    ),
    Outcome.REVIEW: Sentences(
        "a person must look",
        "Chargebee's list could not settle a doubt: only a person can tell.",
        "The credit may exist or not. Nothing is sent for this row until a person has decided.",
        _LOOK,
    ),
    Outcome.PENDING: Sentences(
        "not tried, or worth another try",
        "The row was not tried yet, or it is worth another try.",
        "No credit was added so far.",
        "Run the same command again: it carries on.",
    ),
}

_OF_A_REVERSAL = {
    Outcome.CREDITED: Sentences(
        "this reversal deducted the credit, and Chargebee proved it",
        "This reversal deducted the credit again, and Chargebee proved it.",
        "The amount was taken from the customer's balance, once.",
        "Nothing.",
    ),
    Outcome.ALREADY_CREDITED: Sentences(
        "the credit was deducted before; nothing was sent",
        "The same deduction was there before this reversal came to it.",
        "The amount was taken once. Nothing was sent.",
        "Nothing.",
    ),
    Outcome.FAILED: Sentences(
        "Chargebee said no; nothing was deducted",
        "Chargebee refused the deduction; credit_error_code says why.",
        "Nothing was deducted: that is proven.",
        "See that the balance covers it, then reverse the row again.",
    ),
    Outcome.REJECTED: replace(
        _OF_A_PAYOUT[Outcome.REJECTED],
        money="Nothing was sent.",
        to_do="This command cannot deduct it: the reason says why.",
    ),
    Outcome.IN_DOUBT: replace(
        _OF_A_PAYOUT[Outcome.IN_DOUBT],
        money="The amount may have been deducted or not. It is never sent again before Chargebee's list was asked.",
        to_do="Run the same command again: it asks Chargebee before it sends anything. Do not deduct by hand.",
    ),
    Outcome.REVIEW: replace(
        _OF_A_PAYOUT[Outcome.REVIEW],
        money="The amount may have been deducted or not. Nothing is sent for this row until a person has decided.",
    ),
    Outcome.PENDING: replace(_OF_A_PAYOUT[Outcome.PENDING], money="Nothing was deducted so far."),
}

_OUTCOMES: Mapping[CallKind, Mapping[Outcome, Sentences]] = {
    CallKind.ADD: _OF_A_PAYOUT,
    CallKind.DEDUCT: _OF_A_REVERSAL,
}

# How a row of a payout ended, whichever of its files settled it: in the few words for which a table has room.
ENDINGS: Mapping[Ending, str] = {
    Ending.CREDITED: "credited by one of the files, or before",
    Ending.REVERSED: "credited, and deducted again; not paid again",
    Ending.PENDING: _OF_A_PAYOUT[Outcome.PENDING].meaning,
    Ending.IN_DOUBT: _OF_A_PAYOUT[Outcome.IN_DOUBT].meaning,
    Ending.REVIEW: _OF_A_PAYOUT[Outcome.REVIEW].meaning,
    Ending.FAILED: _OF_A_PAYOUT[Outcome.FAILED].meaning,
    Ending.REJECTED: _OF_A_PAYOUT[Outcome.REJECTED].meaning,
    Ending.LEFT_OUT: "not credited, and in none of the files that were mended since",
    Ending.TOTAL: "a total of other rows: nothing is owed for it",
}

# How a run ended, by its exit code: what happened, the money, what to do.
EXITS = {
    0: ("Every row is credited, now or before.", "All is paid, once.", "Nothing."),
    1: ("The run finished, but some rows were rejected or failed, or their credits were reversed since.",
        "Those rows have no credit, or it was taken back; all others have theirs.",
        "Mend failed.csv and run it. To pay again what was reversed, take another reference."),
    2: ("Bad usage, an unreadable file, a limit or control total that does not hold, or nobody said yes.",
        "Nothing was sent.", "Read the message, correct what it names, and run again."),
    3: ("A row is in doubt or needs review, the totals do not tie out, or Chargebee answered with another's "
        "credit: then rows may be pending, too.",
        "Some credits may exist or not; none of them is sent again unasked.",
        "A person must look: the summary says at what. batch-credits reconcile asks Chargebee."),
    4: ("The run stopped before the end: key refused, site blocked, outage, interrupt, or a pilot "
        "that was not agreed to.",
        "What was credited is recorded; the rest was not sent, or is in doubt.",
        "Run the same command again: it carries on."),
    5: ("The ledger is in use: another run, or another command that asks Chargebee, has not ended.",
        "Nothing was sent by this command.",
        "Run it again later, or with --wait-for-ledger SECONDS."),
}  # fmt: skip
