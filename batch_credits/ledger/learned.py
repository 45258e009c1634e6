"""Credits of which the site's list told (`reconcile --since`, after a lost ledger), and rows that may be the same.

They are spelt as the site spells them, and a site may keep a customer's id in other capitals than it was sent. Ids keep
their case elsewhere, since Chargebee makes such of mixed case itself; but what agrees with a learned credit in all but
case, blanks and Unicode form may be that credit, so it is never sent on the ledger's word alone. Nor is what an old
copy of the ledger owes, or calls refused, and the site lists.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.identities import resembling
from batch_credits.ledger.rejections import reject, rejected_json
from batch_credits.model import Money
from batch_credits.model.identity import folded

_PAGE = 1_000


class _Learned(NamedTuple):
    customer_id: str
    reference: str
    known_in: str


class _Asked(NamedTuple):
    """A request that is staged, or not settled."""

    request_id: int
    row_number: int
    customer_id: str
    reference: str
    money: Money


def settle(database: Database, batch_id: int) -> int:
    """Reject the rows of a staged batch that are a learned credit in another spelling. Returns how many."""
    site = database.value("name_of_site", batch=batch_id)
    found = [*_alike(database, site, _pages(database, "staged_page", batch=batch_id))]
    site_id = database.value("site_of_batch", batch=batch_id)
    for asked, learned in found:
        why = resembling(asked.customer_id, asked.reference, *learned)
        texts = {"customer": asked.customer_id, "reference": asked.reference}
        database.change("give_up_identity", site=site_id, request=asked.request_id, **texts)
        reasons = rejected_json((why,), asked.reference, asked.money)
        reject(database, batch_id, asked.row_number, asked.request_id, reasons)
    return len(found)


def look_first(database: Database, site: str, listed: Mapping[str, "array[int]"]) -> None:
    """Have every request that is owed, or may be tried again, looked at before it is sent, if it may be one of those
    that are listed, by the call for whom they are. What was never sent is looked for there, since a list may be that of
    one business entity alone. (What has the number of one by chance is looked at as well.)

    Each page is a short commit of its own, while nobody else writes requests of the site: of two that take the same
    rows one after the other, in whatever order, each might wait for the other.
    """
    numbers = {call: array("q", sorted(those)) for call, those in listed.items() if those}
    if not numbers:
        return
    found = _listed(numbers, _pages(database, "unsettled_page", site=site))
    while page := [*islice(found, _PAGE)]:
        with database.transaction():
            database.first("keep_writers_out", tuple, site=site)
            database.change_each("doubt_listed", page)


def _listed(numbers: Mapping[str, "array[int]"], requests: Iterator[_Asked]) -> Iterator[dict[str, int | str]]:
    for each in requests:
        number = number_of(each.customer_id, each.reference)
        call = next((call for call, those in numbers.items() if _holds(those, number)), None)
        if call is not None:
            yield {"request": each.request_id, "call": call}


def _alike(database: Database, site: str, requests: Iterator[_Asked]) -> Iterator[tuple[_Asked, _Learned]]:
    """Those of the requests that agree with a learned credit in all but spelling, each with the first such.

    Millions may be learned, so only a number for each is held; what has the same number is compared in full.
    """
    numbers = array("q", sorted(number_of(*each[:2]) for each in database.stream("learned", _learned, site=site)))
    if not numbers:
        return
    asked = [each for each in requests if _holds(numbers, number_of(each.customer_id, each.reference))]
    wanted = {_folded(each.customer_id, each.reference): each for each in asked}
    found: dict[tuple[str, str], _Learned] = {}
    for learned in database.stream("learned", _learned, site=site) if asked else ():
        if (key := _folded(*learned[:2])) in wanted:
            found.setdefault(key, learned)
    for each in asked:
        other = found.get(_folded(each.customer_id, each.reference))
        if other is not None and other.customer_id != each.customer_id:
            yield each, other


def _pages(database: Database, name: str, **of: int | str) -> Iterator[_Asked]:
    after = 0
    while page := database.all(name, _asked, after=after, limit=_PAGE, **of):
        yield from page
        after = page[-1].request_id


def _holds(numbers: "array[int]", number: int) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


def number_of(customer_id: str, reference: str) -> int:
    """One number for all spellings of a credit's texts, in this process."""
    return hash(_folded(customer_id, reference))


def _folded(customer_id: str, reference: str) -> tuple[str, str]:
    return folded(customer_id), folded(reference)


def _learned(row: Row) -> _Learned:
    return _Learned(*row)


def _asked(row: Row) -> _Asked:
    request_id, row_number, customer_id, reference, *money = row
    return _Asked(request_id, row_number, customer_id, reference, Money(*money))
