"""What is wrong with an id, a reference or a description, read as a person sees it."""

from batch_credits.loader.spoiled import SPOILED_SIGNS, SPOILED_WORDS, spoiled
from batch_credits.loader.table import Flaw
from batch_credits.loader.template import EXAMPLE_CUSTOMER
from batch_credits.loader.total_words import TOTAL_SIGNS, TOTAL_WORDS, says_only_total, says_total
from batch_credits.loader.wording import first_hidden, first_invisible, shown, what_is_hidden
from batch_credits.loader.workbook import spoiled_by_excel
from batch_credits.model import Problem

LOOKS_LIKE_TOTAL = "looks_like_total"

_WORDS = TOTAL_WORDS | SPOILED_WORDS
_DIGITS = {*"0123456789"}
_SIGNS = {*TOTAL_SIGNS, *SPOILED_SIGNS}


def wrong_texts(texts: list[str], joined: str, *, are_ids: bool) -> set[str]:
    """Ids or references that were spoiled, or say that they are totals. Most columns are seen to have none: no sign is
    in them that one would have, and no text is one of the words."""
    has_signs = not joined.isascii() or any(sign in joined for sign in _SIGNS)
    if not has_signs and not _may_be_words(texts, are_ids=are_ids):
        return set()
    return {text for text in set(texts) if spoiled(text) is not None or (are_ids and says_total(text))}


def _may_be_words(texts: list[str], *, are_ids: bool) -> bool:
    """Whether any is one of the words, none of which ends in a digit as most ids and references do."""
    if {text[-1] for text in texts if text} <= _DIGITS:
        return False
    distinct = texts if are_ids else set(texts)
    return not _WORDS.isdisjoint(map(str.lower, distinct))


def total_by_words(customer_id: str, reference: str, description: str) -> Problem | None:
    """What is wrong with a row that has a customer, and says of itself that it is a total."""
    if customer_id and says_total(customer_id):
        field, text = "customer_id", customer_id
    elif customer_id and says_only_total(description, customer_id):
        field, text = "description", description
    else:
        return None
    said = f"The {field} {shown(text)} says that this row is a total of others: take it out, or correct the {field}."
    return Problem(field, LOOKS_LIKE_TOTAL, said)


def text_problems(field: str, text: str, *, options_count: bool) -> list[Problem]:
    """What is wrong with one text. `options_count`: an option may stand for one that is empty."""
    if not text:
        option = f", or pass --{field} for all rows without one" if field != "customer_id" and options_count else ""
        return [Problem(field, "missing", f"The {field} is empty: fill it{option}.")]
    if field == "customer_id" and text == EXAMPLE_CUSTOMER:
        return [Problem(field, "example_row", "This is the example of the template: delete the row.")]
    if field == "description":
        place = first_invisible(text)
        is_error = text.startswith("#") and spoiled_by_excel(text)
        changed = Flaw("spoiled_by_excel", is_error) if is_error else None
    else:
        place, changed = first_hidden(text), spoiled(text)
    if changed is not None:
        remedy = "give the value" if changed.code == "placeholder" else "correct it where the file comes from"
        message = f"The {field} {shown(text)} is {changed.message}: {remedy}, with the column as text."
        return [Problem(field, changed.code, message)]
    if place is None:
        return []
    message = f"The {field} {shown(text)} holds {what_is_hidden(text, place)}: type it again."
    return [Problem(field, "control_character", message)]
