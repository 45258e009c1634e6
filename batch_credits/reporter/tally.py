"""Counting while the rows stream by, and whether the count agrees with what the loader counted.

The loader counted rows and money as it read the file; here they are counted again by outcome, from what the
ledger knows now. That the two agree is what "in balance" means.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from batch_credits.model import BatchRecord, ControlTotal, Outcome, ReportRow, sum_totals
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.model.undone import Undone
from batch_credits.reporter.spread import Spread, Unit

NEEDS_A_PERSON = (Outcome.REVIEW, Outcome.IN_DOUBT, Outcome.FAILED, Outcome.REJECTED)  # most urgent first
_NEEDS_A_PERSON = frozenset(NEEDS_A_PERSON)
NOT_CREDITED = (Outcome.FAILED, Outcome.REJECTED)  # for certain, and a person can mend them
MAX_ROWS_SHOWN = 200  # a page names this many rows; the CSV files have them all
MAX_ROWS_FOR_CERTAIN = 10  # of each reason, however many rows have the others
MAX_REASONS = 100  # distinct error codes counted apart; codes come from outside
MAX_REFERENCES = 4  # distinct ones remembered

Totals = dict[Outcome, dict[str, ControlTotal]]
Reason = tuple[Outcome, str]  # with its error code
_Alike = tuple[Outcome, str, str, bool]  # with its currency, its credit type, and whether its amount is in minor units


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Rows that need a person for the same reason: how many, and those that are shown."""

    outcome: Outcome
    code: str
    rows: int
    shown: list[ReportRow]


@dataclass(slots=True)
class Tally:
    """Counts and totals by outcome, the amounts' spread, rows that need a person, and what was deducted again.

    `by_type` is by outcome, currency and credit type, which is "" of rejected rows: what they meant is not known.
    `unread` are rows whose amount nobody could read, so that they are in no total.
    """

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    by_type: dict[tuple[Outcome, str, str], ControlTotal] = field(default_factory=dict)
    spread: dict[Unit, Spread] = field(default_factory=dict)  # of the rows that are not rejected
    unread: Counter[Outcome] = field(default_factory=Counter)
    to_mend: int = 0  # rows of failed.csv
    reasons: Counter[Reason] = field(default_factory=Counter)
    mended: Counter[Reason] = field(default_factory=Counter)  # of these, rows that a later file mends
    undone: Undone = field(default_factory=Undone)
    references: dict[str, None] = field(default_factory=dict)  # the first of them, each once
    _kept: dict[Reason, list[ReportRow]] = field(default_factory=dict)
    _kept_beyond: Counter[Outcome] = field(default_factory=Counter)

    def add(self, rows: Sequence[ReportRow], mended: Set[int] = frozenset()) -> None:
        """Count some rows, in the order of the file. Those that count alike are counted together: in a fifth of the
        time, where there are some hundred. What was `mended` since, by row number, needs nobody here.
        """
        alike: dict[_Alike, list[ReportRow]] = {}
        for row in rows:
            money, outcome = row.money, row.outcome
            if money is None:
                self.counts[outcome] += 1
                if row.is_unread:
                    self.unread[outcome] += 1
            else:
                currency = money.currency_code or SITE_CURRENCY
                key = (outcome, currency, row.credit_type or "", money.amount_in_decimal is None)
                if (together := alike.get(key)) is None:
                    together = alike[key] = []
                together.append(row)
                if row.reversed_by is not None:
                    self.undone.add(row.reversed_by, currency, money)
            if outcome in _NEEDS_A_PERSON:
                self._remember(row, is_mended=row.row_number in mended)
        for key, together in alike.items():
            self._add_alike(*key, together)
        self._refer(row.reference for row in rows)

    def _add_alike(
        self, outcome: Outcome, currency: str, credit_type: str, is_minor: bool, rows: Sequence[ReportRow]
    ) -> None:
        """Count rows of one outcome, currency, credit type and kind of amount."""
        self.counts[outcome] += len(rows)
        total = self.by_type.setdefault((outcome, currency, credit_type), ControlTotal())
        moneys = [row.money for row in rows if row.money is not None]
        amounts: Sequence[int | Decimal]
        if is_minor:
            amounts = minor = [money.amount_minor or 0 for money in moneys]
            total.add_minor(minor)
        else:
            amounts = [Decimal(money.amount_in_decimal or 0) for money in moneys]
            for money in moneys:
                total.add(money)
        if outcome is Outcome.REJECTED or not any(amounts):
            return
        unit = Unit(currency, in_decimal=not is_minor)
        if (spread := self.spread.get(unit)) is None:
            spread = self.spread[unit] = Spread(whole=is_minor)
        spread.add(amounts, rows)

    def _refer(self, references: Iterable[str | None]) -> None:
        if len(self.references) < MAX_REFERENCES:
            first = dict.fromkeys(filter(None, references))
            self.references = dict.fromkeys(islice((self.references | first), MAX_REFERENCES))

    def _remember(self, row: ReportRow, *, is_mended: bool) -> None:
        """Keep the first rows of every reason, and more of each outcome while there is room."""
        reason = (row.outcome, row.error_code or "")
        if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
            reason = (row.outcome, "other")
        self.reasons[reason] += 1
        if is_mended:
            self.mended[reason] += 1
            return
        kept = self._kept.setdefault(reason, [])
        if len(kept) < MAX_ROWS_FOR_CERTAIN:
            kept.append(row)
        elif self._kept_beyond[row.outcome] < MAX_ROWS_SHOWN:
            self._kept_beyond[row.outcome] += 1
            kept.append(row)

    @property
    def totals(self) -> Totals:
        """Totals by outcome and currency."""
        parts: dict[Outcome, list[dict[str, ControlTotal]]] = {outcome: [] for outcome in Outcome}
        for (outcome, currency, _), total in self.by_type.items():
            parts[outcome].append({currency: total})
        return {outcome: sum_totals(of_outcome) for outcome, of_outcome in parts.items()}

    @property
    def reasons_left(self) -> Counter[Reason]:
        """The reasons of rows that no later file mends."""
        return self.reasons - self.mended

    @property
    def reason_groups(self) -> list[ReasonGroup]:
        """Why rows need a person, the most urgent outcome first, then the most frequent reason.

        Every reason shows a few of its rows as long as there is room; what is left goes to the first reasons.
        """
        ordered = sorted(self.reasons_left.items(), key=lambda item: (NEEDS_A_PERSON.index(item[0][0]), -item[1]))
        room = MAX_ROWS_SHOWN
        shown = {}
        for reason, _ in ordered:
            shown[reason] = min(MAX_ROWS_FOR_CERTAIN, len(self._kept[reason]), room)
            room -= shown[reason]
        for reason, _ in ordered:
            more = min(len(self._kept[reason]) - shown[reason], room)
            shown[reason] += more
            room -= more
        return [ReasonGroup(*reason, rows, self._kept[reason][: shown[reason]]) for reason, rows in ordered]


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


def exit_code(
    counts: Mapping[Outcome, int], stopped: bool, in_balance: bool, needs_person: bool = False, reversed_rows: int = 0
) -> int:
    """What the process says to scripts: 4 beats 3 beats 1. A row whose credit was deducted again is not paid.

    Running again carries on after 4, so a run that a person must look at first ends with 3 whatever is pending, and
    whatever else stopped it.
    """
    if needs_person:
        return 3
    if stopped or counts[Outcome.PENDING]:
        return 4
    if counts[Outcome.IN_DOUBT] or counts[Outcome.REVIEW] or not in_balance:
        return 3
    if counts[Outcome.FAILED] or counts[Outcome.REJECTED] or reversed_rows:
        return 1
    return 0
