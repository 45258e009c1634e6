"""What a pack says of customers: all of it, or pseudonyms that only who keeps the ledger can dissolve.

One id is one pseudonym in all packs of a site, so that they can be compared. What may name a customer otherwise is
left out: columns of the file's own, descriptions, and sentences, which quote cells and answers.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping

from batch_credits.model import ReportRow

PSEUDONYM_DIGITS = 24  # of a keyed SHA-256: two ids in a million million have one
_NUMBER = re.compile(r"[0-9.,' +-]*")
_WORDS = {
    "currency_code": re.compile(r"[A-Za-z]{0,3}"),
    "credit_type": re.compile(r"general|loyalty_credits|referral_rewards|"),
    "amount_unit": re.compile(r"(minor|major)?(:[0-9])?"),
    "amount": _NUMBER,
    "amount_in_decimal": _NUMBER,
}


class Mask:
    """Everything as it is."""

    is_on = False

    def customer(self, text: str) -> str:
        """A customer's id."""
        return text

    def reference(self, text: str) -> str:
        """A credit's reference."""
        return text

    def digest(self, text: str) -> str:
        """A hash of something that names a customer, and so could be found by trying all of them."""
        return text

    def sentence(self, text: str | None) -> str:
        """Words that may quote anything."""
        return text or ""

    def row(self, row: ReportRow, customer: str, columns: Mapping[str, int]) -> ReportRow:
        """A row of the reports; `columns` says where in its cells the fields are."""
        return row


class Pseudonyms(Mask):
    """Ids, references and hashes as keyed pseudonyms."""

    is_on = True

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def customer(self, text: str) -> str:
        """`c-` and digits; nothing of nothing."""
        return self._pseudonym("c", text)

    def reference(self, text: str) -> str:
        """`r-` and digits."""
        return self._pseudonym("r", text)

    def digest(self, text: str) -> str:
        """`h-` and digits."""
        return self._pseudonym("h", text)

    def sentence(self, text: str | None) -> str:
        """Nothing: no program knows what of it is a name."""
        return ""

    def row(self, row: ReportRow, customer: str, columns: Mapping[str, int]) -> ReportRow:
        """The row with its money, its outcome and Chargebee's ids, and pseudonyms."""
        cells = [""] * len(row.cells)
        for field, at in columns.items():
            if at >= len(cells):
                continue
            if field == "customer_id":
                cells[at] = self.customer(customer)
            elif field == "reference":
                cells[at] = self.reference(row.reference or row.cells[at].strip())
            elif field in _WORDS and _WORDS[field].fullmatch(row.cells[at].strip()):
                cells[at] = row.cells[at]
        return row._replace(
            cells=tuple(cells),
            reference=None if row.reference is None else self.reference(row.reference),
            error=row.error if row.reversed_by is not None else None,
            restated=None if row.restated is None else (),
            problems=(),
        )

    def _pseudonym(self, kind: str, text: str) -> str:
        if not text:
            return ""
        digest = hmac.new(self._secret, f"{kind} {text}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{kind}-{digest.hexdigest()[:PSEUDONYM_DIGITS]}"
