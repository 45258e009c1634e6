"""Two spellings of one credit: identities whose texts agree after Unicode NFC, folding of blanks and, of the reference,
of case. They are two credits at Chargebee, so only the first is ever admitted.

The table `identity` itself tells capitals of ASCII apart from nothing (its collation), which costs nothing. All other
spellings are rare: the form of a text that is not its own form is kept beside, in `respelt`.
"""

from collections.abc import Iterable, Sequence

from batch_credits.ledger.database import Database
from batch_credits.ledger.identities import resembling
from batch_credits.ledger.rejections import reject, rejected_json
from batch_credits.model import Money
from batch_credits.model.identity import folded, folded_id

_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def note(database: Database, first_id: int, customer_ids: Sequence[str], references: Sequence[str]) -> None:
    """Note the forms of staged requests, as far as they are not plainly the texts themselves."""
    if _is_plain(customer_ids) and _is_plain(references):
        return
    ids = range(first_id, first_id + len(references))
    note_each(database, zip(ids, customer_ids, references, strict=True))


def begin(database: Database) -> None:
    """Be ready to note the forms of a batch that is being staged."""
    database.change("begin_forms")


def note_each(database: Database, requests: Iterable[tuple[int, str, str]]) -> None:
    """The same of requests with any ids, each with its customer and its reference."""
    begin(database)
    forms = [
        _values(request_id, form)
        for request_id, *texts in requests
        if (form := form_of(*texts)) is not None
    ]
    database.change_each("note_form", forms)


def settle(database: Database, batch_id: int) -> int:
    """Reject the rows of a staged batch that are another row in another spelling. Returns how many."""
    begin(database)
    has_any = database.value("has_any_form", batch=batch_id)
    found = database.all("resembling", tuple, batch=batch_id) if has_any else []
    for request_id, row_number, site_id, *texts, minor, in_decimal, currency in found:
        why = rejected_json((resembling(*texts),), texts[1], Money(minor, in_decimal, currency))
        database.change(
            "give_up_identity", site=site_id, customer=texts[0], reference=texts[1], request=request_id
        )
        reject(database, batch_id, row_number, request_id, why)
    return len(found)


def keep(database: Database) -> None:
    """Keep the forms of those that stand of a staged batch. After that none of them may be rejected: a form would stay
    that is nobody's, or that of whoever gets its number."""
    database.change("keep_forms")
    forget(database)


def forget(database: Database) -> None:
    """Forget the forms of a batch whose staging is over, or given up."""
    database.change("forget_forms")


def form_of(customer_id: str, reference: str) -> tuple[str, str] | None:
    """The form of a row's texts, if it is not found by themselves in whatever case of ASCII."""
    form = folded_id(customer_id), folded(reference)
    return None if form == (customer_id, reference.translate(_TO_LOWER)) else form


def _values(request_id: int, form: tuple[str, str]) -> dict[str, str | int]:
    customer_form, reference_form = form
    return {"request": request_id, "customer_form": customer_form, "reference_form": reference_form}


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether all are their own forms but for capitals: said for a whole column at once, as nearly all are."""
    joined = f"|{'|'.join(texts)}|"
    return joined.isascii() and (" " not in joined or not any(blanks in joined for blanks in ("  ", "| ", " |")))
