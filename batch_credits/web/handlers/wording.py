"""What outcomes are called on a page: for people who have not read what the words of the reports mean."""

from collections.abc import Mapping

from batch_credits.explanations.outcomes import label_of, sentences_of
from batch_credits.model import CallKind, Outcome
from batch_credits.web.pages import Amount, Figure

# Before anything is sent, while it is, and once nobody sends any more; what is not named is as in the reports.
_BEFORE = {
    Outcome.PENDING: ("Would be sent", "nothing was sent for these yet"),
    Outcome.ALREADY_CREDITED: ("Credited before", "the same credit is there; it is not sent again"),
    Outcome.CREDITED: ("Credited before", "by this file; it is not sent again"),
    Outcome.REJECTED: ("Left out", "something in the row is wrong; nothing is sent for it"),
    Outcome.FAILED: ("Refused before", "Chargebee said no; there is no credit"),
}
_AFTER = {
    Outcome.CREDITED: ("Credited", "the credit is there, proven"),
    Outcome.ALREADY_CREDITED: ("Credited before", "the same credit was there; nothing was sent"),
    Outcome.FAILED: ("Not credited", "Chargebee said no; there is no credit"),
    Outcome.REJECTED: ("Left out", "something in the row is wrong; nothing was sent"),
    Outcome.IN_DOUBT: ("In doubt", "sent, and not proven either way; it is looked up before anything is sent again"),
    Outcome.REVIEW: ("Needs a person", "nobody can tell whether it is there"),
    Outcome.PENDING: ("Not sent", "not tried, or worth another try"),
}
_UNDO_BEFORE = {Outcome.PENDING: ("Would be deducted", "nothing was deducted for these yet")}
_UNDO_AFTER = {
    Outcome.CREDITED: ("Taken back", "the deduction is there, proven"),
    Outcome.FAILED: ("Not taken back", "Chargebee said no; nothing was deducted"),
    Outcome.PENDING: ("Not sent", "not tried, or worth another try"),
}
_OWN = {
    (CallKind.ADD, True): _BEFORE,
    (CallKind.ADD, False): _AFTER,
    (CallKind.DEDUCT, True): _UNDO_BEFORE,
    (CallKind.DEDUCT, False): _UNDO_AFTER,
}


def outcome_figures(
    kind: CallKind, counts: Mapping[str, int], totals: Mapping[str, tuple[Amount, ...]], *, is_before: bool = False
) -> tuple[Figure, ...]:
    """The outcomes that have rows, and what is still to come, in their order. `is_before`: nothing was sent yet."""
    figures = []
    for outcome in Outcome:
        name = kind.name_of(outcome)
        if counts.get(name) or outcome is Outcome.PENDING:
            label, meaning = _words(kind, outcome, is_before=is_before)
            figures.append(Figure(name, label, counts.get(name, 0), totals.get(name, ()), meaning))
    return tuple(figures)


def _words(kind: CallKind, outcome: Outcome, *, is_before: bool) -> tuple[str, str]:
    usual = (label_of(kind, outcome).capitalize(), sentences_of(kind, outcome).meaning)
    return _OWN[kind, is_before].get(outcome, usual)
