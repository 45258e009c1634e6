"""What is wrong with an id, a reference or a description, read as a person sees it."""

from collections.abc import Sequence

from batch_credits.loader.spoiled import SPOILED_SIGNS, SPOILED_WORDS, spoiled
from batch_credits.loader.table import Flaw
from batch_credits.loader.template import EXAMPLE_CUSTOMER
from batch_credits.loader.total_words import (
    LAST_LETTER,
    TOTAL_SIGNS,
    TOTAL_WORDS,
    may_say_only_total,
    says_only_total,
    says_total,
)
from batch_credits.loader.wording import first_hidden, first_invisible, is_printable, may_hide, shown, what_is_hidden
from batch_credits.loader.workbook.cells import spoiled_by_excel
from batch_credits.model import LOOKS_LIKE_TOTAL, Problem

TEXT_FIELDS = ("customer_id", "reference", "description")

_WORDS = TOTAL_WORDS | SPOILED_WORDS
_DIGITS = {*"0123456789"}
_SIGNS = {*TOTAL_SIGNS, *SPOILED_SIGNS}


def suspect_texts(field: str, texts: list[str]) -> set[int]:
    """The places in a column of the texts to look at one by one: those with which something is wrong by themselves, and
    descriptions that may be those of totals.

    The whole column is tried as one text first: in most there is nothing that a wrong text would have.
    """
    joined = "".join(texts)
    wrong = set() if all(texts) else {""}
    if field == "description":
        wrong |= may_say_only_total(texts)
        may_be_wrong = "#" in joined or not is_printable(joined)
    else:
        may_be_wrong = may_hide(joined) or _may_be_words(joined, texts)
    if may_be_wrong or (field == "customer_id" and EXAMPLE_CUSTOMER in joined):
        wrong |= {text for text in set(texts) if _fault(field, text) is not None}
    return {place for place, text in enumerate(texts) if text in wrong} if wrong else set()


def text_problems(field: str, text: str, *, options_count: bool) -> list[Problem]:
    """What is wrong with one text. `options_count`: an option may stand for one that is empty."""
    if not text:
        option = f", or pass --{field} for all rows without one" if field != "customer_id" and options_count else ""
        return [Problem(field, "missing", f"The {field} is empty: fill it{option}.")]
    fault = _fault(field, text)
    return [] if fault is None else [fault]


def total_by_words(customer_id: str, description: str) -> Problem | None:
    """What is wrong with a row that has a customer, and says of itself that it is a total."""
    if customer_id and says_total(customer_id):
        return _total("customer_id", customer_id)
    if customer_id and says_only_total(description, customer_id):
        return _total("description", description)
    return None


def _total(field: str, text: str) -> Problem:
    said = f"The {field} {shown(text)} says that this row is a total of others: take it out, or correct the {field}."
    return Problem(field, LOOKS_LIKE_TOTAL, said)


def _may_be_words(joined: str, texts: Sequence[str]) -> bool:
    """Whether ids or references may be spoiled, or say that they are totals: a sign is in them that one would have, or
    a text is one of the words, none of which ends in a digit as most ids and references do."""
    if not joined.isascii() or any(_holds(joined, sign) for sign in _SIGNS):
        return True
    if {*map(LAST_LETTER, texts)} <= _DIGITS:
        return False
    words = {*map(str.lower, set(texts))}
    is_parted = "-" in joined and not _WORDS.isdisjoint(word.replace("-", "") for word in words)  # `Gesamt-Summe`
    return is_parted or not _WORDS.isdisjoint(words)


def _holds(joined: str, sign: str) -> bool:
    """Whether a sign of one letter or two is in a long text: two are looked for a hundred times as long as one."""
    return all(letter in joined for letter in sign) and sign in joined


def _fault(field: str, text: str) -> Problem | None:
    if field == "customer_id":
        if text == EXAMPLE_CUSTOMER:
            return Problem(field, "example_row", "This is the example of the template: delete the row.")
        if says_total(text):
            return _total(field, text)
    if field == "description":
        place = first_invisible(text)
        is_error = text.startswith("#") and spoiled_by_excel(text)
        changed = Flaw("spoiled_by_excel", is_error) if is_error else None
    else:
        place, changed = first_hidden(text), spoiled(text)
    if changed is not None:
        remedy = "give the value" if changed.code == "placeholder" else "correct it where the file comes from"
        message = f"The {field} {shown(text)} is {changed.message}: {remedy}, with the column as text."
        return Problem(field, changed.code, message)
    if place is None:
        return None
    message = f"The {field} {shown(text)} holds {what_is_hidden(text, place)}: type it again."
    return Problem(field, "control_character", message)
