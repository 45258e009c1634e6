"""Single requests, and what comes to them from outside a run: a person's word on a row in review, Chargebee's list."""

import platform
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from batch_credits.errors import LedgerBusy, UsageError
from batch_credits.ledger import learned, spellings
from batch_credits.ledger.admission import be_alone
from batch_credits.ledger.claims import planned_credit, record
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.sites import site_id_of
from batch_credits.model import CallKind, Finding, Learned, Money, Outcome, PlannedCredit, RequestState
from batch_credits.model.identity import folded
from batch_credits.process.user import user_name
from batch_credits.text.quoted import quoted

TAKEN_OVER_HEADERS = ("customer_id", "amount", "amount_in_decimal", "currency_code", "credit_type", "reference")
SAYS = " says: "  # stands between the user and the word in the reason of such a finding


@dataclass(frozen=True, slots=True)
class ForeignCredit:
    """A credit that Chargebee lists, as the ledger takes it over: its identity, its money and its id. `credit_type`
    is None where the list does not tell. `call` is one for the business entity that has it; None: that is not known."""

    credit_id: str
    customer_id: str
    reference: str
    money: Money
    credit_type: str | None
    call: str | None = None


@dataclass(frozen=True, slots=True)
class RowInReview:
    """A row that waits for a person's word, and the sentence that says why."""

    row_number: int
    credit: PlannedCredit
    reason: str


class Holder(NamedTuple):
    """A request that has one of Chargebee's ids: whose it is, and where it stands in the ledger. `is_learned`: a list
    alone told of it, in the site's spelling, so it may be a row of ours in another one."""

    batch_key: str
    row_number: int
    customer_id: str
    reference: str
    is_credited: bool
    is_learned: bool = False


class Requests:
    """The desk for one request at a time."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def planned(self, request_id: int) -> PlannedCredit:
        """One request."""
        return self._db.one("planned", planned_credit, request=request_id)

    def in_review(self, batch_id: int, row_number: int) -> RowInReview:
        """A row that waits for a person's word.

        Raises:
            UsageError: there is no such row, or it is not in review.
            LedgerBusy: somebody reconciles it.
        """
        found = self._db.first("state_of_row", tuple, batch=batch_id, row=row_number)
        if found is None:
            raise UsageError(
                f"The batch has no row {row_number}.",
                hint="Rows are numbered as a spreadsheet shows them.",
                remedies=[(("--row", "N"),)],
            )
        request_id, state, reason = found
        if state != RequestState.REVIEW:
            words = "rejected" if state is None else state.replace("_", " ")
            said = f"Row {row_number} is {words}, not in review: there is nothing to resolve."
            raise UsageError(said, instead=[("status",)])
        self._refuse_reconciled(request_id)
        return RowInReview(row_number, self.planned(request_id), reason or "")

    def other_holders(self, credit: PlannedCredit, credit_id: str) -> list[Holder]:
        """The other requests of its site that have this id of Chargebee's."""
        return self._db.all("other_holders", _holder, request=credit.request_id, credit=credit_id)

    def settle_credited(self, credit: PlannedCredit, closing_balance: str | None, remark: str) -> None:
        """Settle a row in review on this user's word: it is credited as `credit.credit_id`. `remark`: what else to
        remember of it.

        Raises:
            UsageError: it was settled or sent meanwhile.
            LedgerBusy: somebody reconciles it.
        """
        done = CallKind(credit.kind).name_of(Outcome.CREDITED)
        word = f"{self._whose()}{SAYS}{done} as {credit.credit_id}{remark}"
        learned = Learned(word, closing_balance=closing_balance)
        finding = Finding.about(credit, RequestState.CREDITED, learned, open_attempts=0)
        with self._db.transaction():
            self._still_in_review(credit)
            record(self._db, None, [finding], self._db.now())

    def owe_again(self, credit: PlannedCredit, remark: str) -> None:
        """Owe a row in review again, on this user's word that it is not credited; it is looked at before it is sent.

        A spoiled key would only repeat its useless answer; any other still guards against a late request of ours.

        Raises:
            UsageError: it was settled or sent meanwhile; or another row has its reference in another spelling, as only
                a ledger of an early version has it.
            LedgerBusy: somebody reconciles it.
        """
        with self._db.transaction():
            self._still_in_review(credit)
            if self._db.first("stands", tuple, request=credit.request_id) is None:
                raise UsageError(
                    f"Another row has reference {quoted(credit.reference)} of customer {quoted(credit.customer_id)} in "
                    "another spelling, so this one is never sent.",
                    hint="If it is another credit, pay it in another file, under another reference.",
                )
            finding = Finding.about(
                credit,
                RequestState.PENDING,
                Learned(f"{self._whose()}{SAYS}not {CallKind(credit.kind).name_of(Outcome.CREDITED)}{remark}"),
                open_attempts=0,
                key_spoiled=False,
                next_generation=credit.key_spoiled,
            )
            record(self._db, None, [finding], self._db.now())
            self._db.change("look_first", request=credit.request_id, call=credit.call)

    def _still_in_review(self, credit: PlannedCredit) -> None:
        """Within a transaction: nobody has settled or sent it since it was read; nor can anybody until the end.
        Nor does anybody reconcile it: what that learns would be written over this word, or fail at it.
        """
        self._db.first("lock_shard", tuple, request=credit.request_id)
        self._refuse_reconciled(credit.request_id)
        if self._db.change("hold_in_review", request=credit.request_id, attempts=credit.attempts) != 1:
            raise UsageError(
                f"The row of customer {quoted(credit.customer_id)} is not in review any more: somebody else has settled"
                " it, or sent it again, meanwhile.",
                instead=[("status",)],
            )

    def _refuse_reconciled(self, request_id: int) -> None:
        if self._db.first("who_asks", tuple, request=request_id) is not None:
            raise LedgerBusy(
                "Somebody reconciles this batch or another of its site, and may have this very row in hand.",
                hint="Nothing was changed. Say it again when that has ended, if the row is in review still.",
            )

    def _whose(self) -> str:
        """Whose word it is: of a user, and of which host where there are several."""
        return f"{user_name()} on {platform.node()}" if self._db.is_shared else user_name()

    def take_over(self, site: str, batch_id: int, first_row: int, credits: Sequence[ForeignCredit]) -> int:
        """Add credits that Chargebee lists and the ledger does not know, as rows of a batch made for them and of its
        kind. Returns how many.

        An identity that the ledger knows is left alone, whatever its state: a run or a look settles it. So is a credit
        that a customer's row has already, however the site spells them both.
        """
        with self._db.transaction():
            be_alone(self._db, batch_id)
            site_id, now = site_id_of(self._db, site), self._db.now()
            held = self._credited(site_id, credits)
            new = [credit for credit in credits if (credit.credit_id, folded(credit.customer_id)) not in held]
            chunk = orjson.dumps([_as_taken_over(credit, row) for row, credit in enumerate(new, first_row)]).decode()
            added = self._db.all("take_over", tuple, chunk=chunk, site=site_id, batch=batch_id, now=now)
            ids = [{"request": request_id} for request_id, *_texts in added]
            self._db.change_each("take_over_identity", ids)
            spellings.note_each(self._db, added)
            self._db.change_each("take_over_row", ids)
        return len(added)

    def _credited(self, site_id: int, credits: Sequence[ForeignCredit]) -> set[tuple[str, str]]:
        """Which of these ids a row has for its proven credit, each with the form of that row's customer."""
        ids = orjson.dumps([credit.credit_id for credit in credits]).decode()
        found = self._db.all("attributed", tuple, site=site_id, credits=ids)
        return {(each[0], folded(each[2])) for each in found if each[4]}

    def doubt_the_listed(self, site: str, listed: Mapping[str, "array[int]"]) -> None:
        """Have what the site is owed looked at first, where it may be a credit that is listed, however spelt: by the
        numbers of those (`number_of`), under the call for the business entity that has them."""
        learned.look_first(self._db, site, listed)


def _holder(row: Row) -> Holder:
    key, row_number, customer_id, reference, is_credited, is_learned = row
    return Holder(key, row_number, customer_id, reference, bool(is_credited), bool(is_learned))


def _as_taken_over(credit: ForeignCredit, row_number: int) -> list[str | int | None]:
    """In the order in which the statement takes it."""
    return [
        credit.customer_id,
        credit.reference,
        credit.money.amount_minor if credit.money.amount_in_decimal is None else None,
        credit.money.amount_in_decimal,
        credit.money.currency_code,
        credit.credit_type or "general",
        credit.credit_id,
        row_number,
        credit.call,
    ]
