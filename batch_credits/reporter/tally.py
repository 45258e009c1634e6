"""Counting while the rows stream by, and whether the count agrees with what the loader counted.

The loader counted rows and money as it read the file; here they are counted again by outcome, from what the
ledger knows now. That the two agree is what "in balance" means.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_credits.model import BatchRecord, ControlTotal, Outcome, ReportRow, sum_totals

SITE_CURRENCY = "site currency"  # the key of money whose row names no currency
NEEDS_A_PERSON = (Outcome.REVIEW, Outcome.IN_DOUBT, Outcome.FAILED, Outcome.REJECTED)  # most urgent first
NOT_CREDITED = (Outcome.FAILED, Outcome.REJECTED)  # for certain, and a person can mend them
MAX_ROWS_SHOWN = 200  # a page names this many rows; the CSV files have them all
MAX_REASONS = 100  # distinct error codes counted apart; codes come from outside

Totals = dict[Outcome, dict[str, ControlTotal]]


@dataclass(slots=True)
class Tally:
    """Counts and totals by outcome, and the first rows that need a person."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    totals: Totals = field(default_factory=lambda: {outcome: {} for outcome in Outcome})
    reasons: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    _shown: dict[Outcome, list[ReportRow]] = field(default_factory=lambda: {o: [] for o in NEEDS_A_PERSON})

    def add(self, row: ReportRow) -> None:
        """Count one row."""
        outcome = row.outcome
        self.counts[outcome] += 1
        if row.money is not None:
            currency = row.money.currency_code or SITE_CURRENCY
            totals = self.totals[outcome]
            if currency not in totals:
                totals[currency] = ControlTotal()
            totals[currency].add(row.money)
        if outcome in self._shown:
            self._remember(row)

    def _remember(self, row: ReportRow) -> None:
        reason = (row.outcome, row.error_code or "")
        if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
            reason = (row.outcome, "other")
        self.reasons[reason] += 1
        if len(self._shown[row.outcome]) < MAX_ROWS_SHOWN:
            self._shown[row.outcome].append(row)

    @property
    def rows_to_show(self) -> list[ReportRow]:
        """The rows that need a person, most urgent first, up to the bound."""
        return [row for outcome in NEEDS_A_PERSON for row in self._shown[outcome]][:MAX_ROWS_SHOWN]


def totals_read(batch: BatchRecord) -> dict[str, ControlTotal]:
    """What the loader counted, under the same keys as the outcomes."""
    return {currency or SITE_CURRENCY: total for currency, total in batch.totals.items()}


def differences(batch: BatchRecord, tally: Tally) -> tuple[str, ...]:
    """What does not tie out, a sentence each; none means in balance."""
    found = []
    reported = sum(tally.counts.values())
    if reported != batch.rows_read:
        found.append(f"{batch.rows_read} rows were read, but {reported} have an outcome.")
    read = totals_read(batch)
    summed = sum_totals(tally.totals.values())
    for currency in sorted(read.keys() | summed.keys()):
        before, after = read.get(currency, ControlTotal()), summed.get(currency, ControlTotal())
        if before != after:
            found.append(f"{currency}: {_in_words(before)} were read, but the outcomes hold {_in_words(after)}.")
    return tuple(found)


def _in_words(total: ControlTotal) -> str:
    amounts = f"{total.count} amounts with {total.amount_minor} minor units"
    return amounts + (f" and {total.amount_in_decimal:f} in decimal" if total.amount_in_decimal else "")


def exit_code(counts: Mapping[Outcome, int], stopped: bool, in_balance: bool) -> int:
    """What the process says to scripts: 4 beats 3 beats 1."""
    if stopped or counts[Outcome.PENDING]:
        return 4
    if counts[Outcome.IN_DOUBT] or counts[Outcome.REVIEW] or not in_balance:
        return 3
    if counts[Outcome.FAILED] or counts[Outcome.REJECTED]:
        return 1
    return 0
