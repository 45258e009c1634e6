"""How a site may behave where Chargebee documents nothing: what is assumed of each trait, and a sentence where a site
is otherwise. The guards hold whatever a probe found: a sentence only says what to expect.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from batch_credits.model.site_facts import SiteFacts

AS_SENT = "as sent"
NOT_MEASURED = "not measured"  # and why, behind a colon
REPLAYED = "answered from what is stored"
REPEATED = "answered with the same credit, not marked as stored"
REFUSED = "refused"  # and how, in brackets
APPLIED = "credited again"
BOTH_APPLIED = "both credited"
AT_ONCE = "at once"
NEVER_LISTED = "not within"  # so many seconds
NOT_SCOPED = "not scoped"
SCOPED = "of the named entity alone; without a name, of none"
SCOPED_BY_NAME = "of the named entity alone; without a name, all"
BY_STORED_ID = "by the id as it is stored alone"
LEFT_OUT = "left out"
ANOTHERS = "another's"
# What a site may make of a text. The first ones are seen through when a credit is looked for.
NFC, NFD, FOLDED, TRIMMED, LOWER, UPPER = (
    "in Unicode's form NFC", "in Unicode's form NFD", "with single plain blanks", "without blanks at its ends",
    "in lower case", "in upper case",
)  # fmt: skip
ASCII, OTHER, CUT = "with ? beyond ASCII", "otherwise", "cut to"  # so many characters
SEEN_THROUGH = frozenset([NFC, NFD, FOLDED, TRIMMED, LOWER, UPPER])
LISTED_SOON_SECONDS = 3.0  # by the second look, doubt is settled within a moment
_LAST_SECONDS = re.compile(r"([\d.]+) s$")

Differs = Callable[[str], str | None]  # the end of a sentence about the site, or None where it is as assumed


@dataclass(frozen=True, slots=True)
class Trait:
    """What a probe asks, in words, and what to say of a value that is not what is assumed."""

    question: str
    differs: Differs


def differences(facts: SiteFacts) -> tuple[str, ...]:
    """A sentence for each fact that is not what is assumed of a site."""
    said = []
    for name, trait in TRAITS.items():
        value = facts.values.get(name, NOT_MEASURED)
        text = None if value.startswith(NOT_MEASURED) else trait.differs(value)
        if text is not None:
            said.append(f"{facts.site} {text} (measured {facts.measured_on})")
    return tuple(said)


def _text(what: str) -> Differs:
    def differs(value: str) -> str | None:
        if value == AS_SENT:
            return None
        if SEEN_THROUGH.issuperset(value.split(", ")):
            return f"keeps a {what} {value}, not as it is sent; it is known again nevertheless"
        return f"keeps a {what} {value}, not as it is sent: a run stops at the first row that it changes"

    return differs


def _description(value: str) -> str | None:
    return None if value == AS_SENT else f"keeps a description {value}, not as it is sent; nothing is known by it"


def _answer(value: str) -> str | None:
    if value == AS_SENT:
        return None
    if SEEN_THROUGH.issuperset(value.split(", ")):
        return f"answers a call with its texts {value}; they are known again nevertheless"
    if value == LEFT_OUT:
        return "leaves texts and amounts out of its answers: a row is in doubt until the list shows its credit"
    return f"answers a call with texts or amounts that are {value}: a run stops at the first row that this changes"


def _listed(value: str) -> str | None:
    last = _LAST_SECONDS.search(value)
    if value == AT_ONCE or (last and not value.startswith(NEVER_LISTED) and float(last[1]) <= LISTED_SOON_SECONDS):
        return None
    return f"lists a new credit late, {value}: doubt takes as much longer to settle, and a pilot to be read back"


def _under_one_key(value: str) -> str | None:
    if value == REPLAYED:
        return None
    if value == APPLIED:
        return "does not heed idempotency keys: only the look in its list keeps a credit from being sent twice"
    return f"does not answer a call that comes again under its key from what it stored: it is {value}"


def _if_applied(what: str) -> Differs:
    def differs(value: str) -> str | None:
        if value not in (APPLIED, BOTH_APPLIED):
            return None
        return f"credits {what}: only the look in its list keeps a credit from being sent twice"

    return differs


def _other_body(value: str) -> str | None:
    if value.startswith(REFUSED):
        return None
    if value == APPLIED:
        return "credits another amount under a key that is used: its keys do not stand for one call"
    return f"does not refuse another amount under a key that is used: it is {value}"


def _entity(value: str) -> str | None:
    if value == NOT_SCOPED:
        return None
    return f"lists credits {value}: name the business entity (--business-entity) in every command about its credits"


def _filter(value: str) -> str | None:
    return None if value == AS_SENT else f"finds a customer's credits {value}"


TRAITS: dict[str, Trait] = {
    "reference": Trait("How a reference is kept", _text("reference")),
    "description": Trait("How a description is kept", _description),
    "customer_id": Trait("How a customer id is kept", _text("customer id")),
    "answer": Trait("How an answer tells these texts", _answer),
    "customer_filter": Trait("How the list finds a customer", _filter),
    "list": Trait("When the list shows a new credit", _listed),
    "same_call": Trait("The same call under its key again", _under_one_key),
    "refused_call": Trait("A refused call under its key again", _if_applied("a refused call that comes again")),
    "other_header": Trait(
        "Another header under the same key", _if_applied("a call again that has another header under its key")
    ),
    "other_body": Trait("Another amount under the same key", _other_body),
    "at_once": Trait("Two calls at once under one key", _if_applied("two calls at once under one key")),
    "entity": Trait("Whose credits the list shows", _entity),
}
