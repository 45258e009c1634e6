"""The journal entry for the general ledger: what was credited, by day, currency and credit type, between two
accounts.

A credit is a debt to a customer: the debit account is what it costs, the credit account what is owed. A reversal is
booked the other way round. Accounts are given as `ACCOUNT`, `USD=ACCOUNT`, `loyalty_credits=ACCOUNT` or
`loyalty_credits/USD=ACCOUNT`; what says more goes before what says less, and a credit type before a currency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from batch_credits.errors import UsageError
from batch_credits.model import CREDIT_TYPES, DECIMAL_DIGITS, BatchRecord, CallKind, Money, Outcome, ReportRow
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of

DEBIT, CREDIT = "Promotional credits granted", "Promotional credits owed to customers"
COLUMNS = ("entry", "date", "account", "debit", "credit", "currency", "unit", "credit_type", "rows", "text")
MAX_ACCOUNT_LETTERS = 100
_Key = tuple[str, str, str]  # day, currency, credit type
Chosen = Mapping[str, str]  # account by `type/currency`, type, currency or nothing


def accounts_of(option: str, given: Iterable[str]) -> Chosen:
    """The accounts that an option names, by what they are for.

    Raises:
        UsageError: one of them cannot be read, or two are for the same.
    """
    found: dict[str, str] = {}
    for text in given:
        what, equals, account = text.rpartition("=")
        account, what = account.strip(), what.strip()
        kind, slash, currency = what.partition("/")
        if kind not in CREDIT_TYPES and not slash:
            kind, currency = "", kind
        is_known = not equals or bool((kind in CREDIT_TYPES and (currency or not slash)) or (currency and not slash))
        if currency and not (currency.isascii() and currency.isalpha() and len(currency) == 3):
            is_known = False
        if not is_known or not account.isprintable() or not 0 < len(account) <= MAX_ACCOUNT_LETTERS:
            raise UsageError(
                f"{option} {text!r} names no account.",
                hint="Write ACCOUNT, USD=ACCOUNT, loyalty_credits=ACCOUNT or loyalty_credits/USD=ACCOUNT.",
                remedies=[((option, "ACCOUNT"),)],
            )
        key = "/".join(part for part in (kind, currency.upper()) if part)
        if key in found:
            raise UsageError(f"{option} names two accounts for {key or 'everything'}.", hint="Leave one out.")
        found[key] = account
    return found


def _account(chosen: Chosen, currency: str, credit_type: str, usual: str) -> str:
    for key in (f"{credit_type}/{currency}", credit_type, currency, ""):
        if key in chosen:
            return chosen[key]
    return usual


@dataclass(slots=True)
class Journal:
    """Adds up a batch's rows, and says the lines."""

    batch: BatchRecord
    stated: Mapping[str, int]  # decimals of currencies, as the operator stated them
    debit: Chosen
    credit: Chosen
    _sums: dict[_Key, tuple[int, Decimal, Decimal]] = field(default_factory=dict)  # rows, minor units, in decimal

    def add(self, row: ReportRow) -> None:
        """Count a row, if this batch credited it."""
        if row.outcome is not Outcome.CREDITED or row.money is None:
            return
        day = (row.finished_at or self.batch.created_at)[:10]
        key = (day, row.money.currency_code or SITE_CURRENCY, row.credit_type or "")
        rows, minor, in_decimal = self._sums.get(key, (0, Decimal(0), Decimal(0)))
        with localcontext(prec=DECIMAL_DIGITS):
            self._sums[key] = (rows + 1, *_with(row.money, minor, in_decimal))

    def lines(self) -> Iterable[tuple[str, ...]]:
        """Two lines an entry, which are equal: what it costs, and what is owed. Amounts are major units, or minor ones
        (`unit`) of a currency whose decimals nobody has stated."""
        is_reversal = self.batch.kind is CallKind.DEDUCT
        text = f"{'Reversal of p' if is_reversal else 'P'}romotional credits, batch {self.batch.key[:8]}"
        for number, (key, (rows, minor, in_decimal)) in enumerate(sorted(self._sums.items()), 1):
            day, currency, credit_type = key
            exponent = exponent_of(currency, self.stated)
            if exponent is None and minor and in_decimal:  # which cannot be one sum
                parts = [(f"{minor:f}", "minor"), (f"{in_decimal:f}", "major")]
            elif exponent is None and minor:
                parts = [(f"{minor:f}", "minor")]
            else:
                with localcontext(prec=DECIMAL_DIGITS):
                    total = minor.scaleb(-(exponent or 0)) + in_decimal
                parts = [(f"{total:f}", "major")]
            costs = _account(self.debit, currency, credit_type, DEBIT)
            owed = _account(self.credit, currency, credit_type, CREDIT)
            for amount, unit in parts:
                common = (currency, unit, credit_type, str(rows), text)
                debited, credited = (owed, costs) if is_reversal else (costs, owed)
                yield (str(number), day, debited, amount, "", *common)
                yield (str(number), day, credited, "", amount, *common)


def _with(money: Money, minor: Decimal, in_decimal: Decimal) -> tuple[Decimal, Decimal]:
    if money.amount_in_decimal is not None:
        return minor, in_decimal + Decimal(money.amount_in_decimal)
    return minor + (money.amount_minor or 0), in_decimal
