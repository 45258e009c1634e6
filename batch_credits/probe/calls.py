"""What a probe sends. Its name stands in reference and description of each call, so that it is found later."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from batch_credits.call import ENTITY_HEADER, call_for, headers_of
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import ProbeCall
from batch_credits.model import CallKind
from batch_credits.model.identity import folded

PREFIX = "probe-"
UNIT_MINOR = 1
_MAX_DESCRIPTION, _MAX_REFERENCE = 250, 500  # Chargebee API docs


@dataclass(slots=True)
class Calls:
    """Makes the calls of one probe, each with a number of its own. `number` is the last that was given."""

    name: str
    customer_id: str
    currency: str | None
    number: int = 0

    def add(self, suffix: str = "", *, entity: str | None = None, width: int = 0) -> ProbeCall:
        """A credit of one minor unit under a key of its own. `suffix` ends its reference and its description, and is
        itself lengthened until the reference has this width."""
        token = self._token()
        text = f"{token}{suffix}"
        reference = text.ljust(width, suffix[-1:] or " ")
        return self._call(CallKind.ADD, reference, reference[:_MAX_DESCRIPTION], UNIT_MINOR, token, call_for(entity))

    def longest(self) -> ProbeCall:
        """A credit whose texts are as long as they may be."""
        return self.add(" x", width=_MAX_REFERENCE)

    def same(self, call: ProbeCall) -> ProbeCall:
        """The very same call once more: another number in the journal, nothing else."""
        self.number += 1
        return call._replace(number=self.number)

    def with_header(self, call: ProbeCall, name: str, value: str) -> ProbeCall:
        """The same with another header."""
        headers = {**headers_of(call.call), name: value}
        return self.same(call)._replace(call=orjson.dumps(headers, option=orjson.OPT_SORT_KEYS).decode())

    def with_amount(self, call: ProbeCall, amount_minor: int) -> ProbeCall:
        """The same with another amount."""
        body = call.body.replace(b"&amount=%d&" % call.amount_minor, b"&amount=%d&" % amount_minor)
        return self.same(call)._replace(amount_minor=amount_minor, body=body)

    def too_long(self) -> ProbeCall:
        """A credit that is refused: its description is longer than any may be."""
        token = self._token()
        description = f"{token} ".ljust(_MAX_DESCRIPTION + 10, "x")
        return self._call(CallKind.ADD, token, description, UNIT_MINOR, token, call_for(None))

    def back(self, credit: ProbeCall) -> ProbeCall:
        """The deduction that takes a credit back, for the same business entity."""
        token = self._token()
        entity = headers_of(credit.call).get(ENTITY_HEADER)
        text = f"{token}-back"
        call = self._call(CallKind.DEDUCT, text, text, credit.amount_minor, text, call_for(entity))
        return call._replace(takes_back=credit.credit_id)

    def found(self, item: ListedCredit, amount_minor: int, call: str) -> ProbeCall:
        """What stands in the journal for a credit that is listed, and that no call is known to have made."""
        self.number += 1
        return ProbeCall(self.number, CallKind.ADD, item.reference or "", amount_minor, b"", "", call)

    def number_in(self, item: ListedCredit) -> int | None:
        """The number of the call that a listed credit, or a deduction, is named for; None: it is not the probe's."""
        for text in (item.reference, item.description):
            named = re.search(rf"{re.escape(self.name)}-(\d{{2,}})", folded(text or ""))
            if named is not None:
                return int(named[1])
        return None

    def _token(self) -> str:
        self.number += 1
        return f"{self.name}-{self.number:02d}"

    def _call(
        self, kind: CallKind, reference: str, description: str, amount_minor: int, key: str, call: str
    ) -> ProbeCall:
        currency = {} if self.currency is None else {"currency_code": self.currency}
        fields = {
            "customer_id": self.customer_id, "amount": str(amount_minor), **currency, "description": description,
            "reference": reference,
        }  # fmt: skip
        return ProbeCall(self.number, kind, reference, amount_minor, urlencode(fields).encode("ascii"), key, call)
