"""What must hold after every step: by the sites' own truth, and by what the command said and wrote.

Every check returns the harms that it sees, as sentences; none is no harm.
"""

import json
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.operator.desk import KEY, Said
from tests.operator.paper import OURS, SELF_SAYING, Meaning, Reading, folded, read_table, record
from tests.operator.world import Credit, Place

NO_MONEY = ("looks_like_total",)  # rows that sum others, which stand in no total
PAYOUT = ("credited", "already_credited", "failed", "rejected", "in_doubt", "review", "pending")
REVERSAL = ("deducted", "already_deducted", *PAYOUT[2:])


@dataclass
class Book:
    """What was asked of one site, and what its operator was told it may cost.

    `asked` has, for each meaning, the most rows of one file that asked for it; `told` how many more credits an
    identity may have since its ledger was lost without a word, or an old one came back.
    """

    asked: Counter[Meaning] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    told_meanings: Counter[Meaning] = field(default_factory=Counter)
    reversals: set[tuple[str, str]] = field(default_factory=set)
    elsewhere: list[Credit] = field(default_factory=list)  # of the other site, which its ledger took for this one

    def ask(self, meanings: Iterable[Meaning]) -> None:
        """A file with these rows is run."""
        for meaning, count in Counter(meanings).items():
            self.asked[meaning] = max(self.asked[meaning], count)

    def tell(self, credits: Collection[Credit]) -> None:
        """What is there now may be paid once more: the ledger that knew it is gone."""
        for credit in credits:
            self.told[credit.identity] += 1
        self.tell_numbers(credits)

    def tell_numbers(self, credits: Iterable[Credit]) -> None:
        """What is there now may be paid once more under another number: a look asks for one number at a time."""
        for credit in credits:
            self.told_meanings[credit.meaning] += 1


def of_truth(place: Place, book: Book) -> list[str]:
    """Paid twice, paid what nobody asked for, deducted what nobody asked back."""
    everything, ours = place.everything(), place.ours()
    added = [credit for credit in ours if not credit.is_deduction]
    taken = [credit for credit in ours if credit.is_deduction]
    harms = [
        f"{place.name}: {identity} was {verb} {count} times"
        for verb, some in (("paid", added), ("deducted", taken))
        for identity, count in Counter(credit.identity for credit in some).items()
        if count > 1 + book.told[identity]
    ]
    for meaning, count in Counter(credit.meaning for credit in added).items():
        if not book.asked[meaning]:
            harms.append(f"{place.name}: {meaning} was paid, and no file said so")
        elif count > book.asked[meaning] + book.told_meanings[meaning]:
            harms.append(f"{place.name}: {meaning} was paid {count} times, and asked for {book.asked[meaning]} times")
    for credit in taken:
        customer, name = credit.identity
        paid = sum(
            each.money.minor
            for each in (*everything, *book.elsewhere)
            if not each.is_deduction and each.identity[0] == customer and _undoes(name, each.identity[1], place)
        )
        if credit.identity not in book.reversals:
            harms.append(f"{place.name}: {credit} was deducted, and nobody asked for it")
        elif credit.money.minor > paid:
            harms.append(f"{place.name}: {credit} was deducted, and only {paid} had been paid")
    return harms


def _undoes(name: str, reference: str, place: Place) -> bool:
    """Whether a deduction of this reference is the reversal of a credit of that; a site may have cut it."""
    whole = f"reversal of {reference}"
    return whole.startswith(name) if "store_cut" in f"{place.quirks},{place.faults}" else whole == name


def of_speech(said: Said) -> list[str]:
    """A traceback, a bug, the key, or a code that means nothing."""
    wrong = [word for word in ("Traceback", "This is a bug", KEY) if word in said.text]
    harms = [f"{said.arguments[0]} said {word!r}: {said.text[-2000:]}" for word in wrong]
    if said.code not in range(5):
        harms.append(f"{said.arguments[0]} ended with {said.code}")
    if said.code == 2 and not said.text.strip():
        harms.append(f"{said.arguments[0]} was refused without a word")
    return harms


def of_files(folder: Path) -> list[str]:
    """A file that others may read, or that holds the key; of the command's own files."""
    harms = []
    for path in folder.rglob("*"):
        if path.is_file():
            if stat.S_IMODE(path.stat().st_mode) != 0o600:
                harms.append(f"{path.name} is open to others")
            if KEY.encode() in path.read_bytes():
                harms.append(f"{path.name} holds the key")
    return harms


@dataclass(frozen=True)
class Report:
    """One batch's reports as they lie on disk."""

    folder: Path
    summary: dict[str, Any]
    headers: list[str]
    rows: list[dict[str, str]]
    page: str

    @classmethod
    def read(cls, folder: Path) -> "Report":
        """Read what lies there."""
        headers, rows = read_table(folder / "results.csv")
        page = (folder / "summary.html").read_text("utf-8")
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        return cls(folder, summary, headers, [record(headers, row) for row in rows], page)

    def on_page(self) -> Counter[str]:
        """How many rows of each class the page counts."""
        parser = _Outcomes()
        parser.feed(self.page)
        return parser.counts

    @property
    def batch(self) -> str:
        """The batch's id."""
        return str(self.summary["batch"])

    @property
    def is_reversal(self) -> bool:
        """Whether it deducts."""
        return bool(self.summary["kind"] == "deduct")


def of_report(report: Report, reading: Reading | None, truth: Mapping[str, Credit]) -> list[str]:
    """Whether results.csv, summary.json, summary.html and the sites' truth agree. `reading`: None, if it is unknown."""
    outcomes = REVERSAL if report.is_reversal else PAYOUT
    counts = Counter(row["credit_outcome"] for row in report.rows)
    told = report.summary["counts"]
    harms = []
    if tuple(told) != outcomes or {name: counts[name] for name in outcomes} != told or sum(counts.values()) != sum(
        told.values()
    ):  # fmt: skip
        harms.append(f"summary.json counts {told}, results.csv {dict(counts)}")
    if report.summary["rows"] != len(report.rows):
        harms.append(f"summary.json has {report.summary['rows']} rows, results.csv {len(report.rows)}")
    page = report.on_page()
    on_page = dict(zip(outcomes, (page[name] for name in PAYOUT), strict=True))  # its classes are one for both
    if on_page != told:
        harms.append(f"summary.html counts {on_page}, summary.json {told}")
    if report.summary["in_balance"] is not True:
        harms.append("the report is not in balance")
    if reading is not None:
        harms += _of_money(report, reading, truth)
    for row in report.rows:
        if row["credit_outcome"] in (*PAYOUT[2:6],) and not (row["credit_error"] or row["credit_error_code"]):
            harms.append(f"row {row['credit_row']} is {row['credit_outcome']}, and it does not say why")
    return [f"{report.folder.name}: {harm}" for harm in harms]


def _of_money(report: Report, reading: Reading, truth: Mapping[str, Credit]) -> list[str]:
    harms = []
    totals: dict[str, Counter[str]] = {name: Counter() for name in report.summary["totals"]}
    for row in report.rows:
        outcome, money = row["credit_outcome"], reading.money(row)
        if money is not None and row["credit_error_code"] not in NO_MONEY:
            totals.setdefault(outcome, Counter())[money.currency] += money.minor
        if outcome.endswith(("credited", "deducted")):
            credit = truth.get(row["credit_id"])
            if credit is None:
                harms.append(f"row {row['credit_row']} is {outcome} as {row['credit_id']!r}, which is not there")
            elif credit.money != money or credit.is_deduction is not report.is_reversal:
                harms.append(f"row {row['credit_row']} is {outcome} as {credit}, and asks for {money}")
            elif credit.identity[0] != folded(row["customer_id"], case=False):
                harms.append(f"row {row['credit_row']} is {outcome} as {credit}, which is somebody else's")
    told = {name: Counter(by_currency) for name, by_currency in report.summary["totals"].items()}
    if {name: +total for name, total in told.items()} != {name: +total for name, total in totals.items()}:
        harms.append(f"summary.json totals {told}, results.csv {totals}")
    return harms


def of_exit(report: Report, code: int) -> list[str]:
    """Whether the exit code is what the contract says of such counts."""
    counts, stopped = report.summary["counts"], report.summary["stopped"] is not None
    if stopped:
        right = {3, 4}
    elif counts["pending"]:
        right = {4}
    elif counts["in_doubt"] or counts["review"] or not report.summary["in_balance"]:
        right = {3}
    else:
        is_short = counts["failed"] or counts["rejected"] or any(_is_reversed(row) for row in report.rows)
        right = {1} if is_short and not report.is_reversal else {1 if counts["failed"] or counts["rejected"] else 0}
    harms = []
    if code not in right:
        harms.append(f"ended with {code}, and {counts} mean {sorted(right)}")
    if code != report.summary["exit_code"]:
        harms.append(f"ended with {code}, and summary.json says {report.summary['exit_code']}")
    return [f"{report.folder.name}: {harm}" for harm in harms]


def _is_reversed(row: Mapping[str, str]) -> bool:
    return row["credit_error_code"] == "reversed"


def of_source(report: Report, headers: list[str], rows: list[list[str]]) -> list[str]:
    """Whether every row of the source is there, in order, with its own cells untouched."""
    theirs = [header for header in headers if header not in (*OURS, SELF_SAYING)]
    before = [[record(headers, row)[header] for header in theirs] for row in rows]
    after = [[row.get(header, "") for header in theirs] for row in report.rows]
    return [] if before == after else [f"{report.folder.name}: the source's rows are {before}, the results' {after}"]


class _Outcomes(HTMLParser):
    """The table of outcomes on the page: its first number after the row of each class."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self._section = self._outcome = ""
        self._is_number = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "h2":
            self._section = told.get("id") or ""
        elif tag == "h3":
            self._section = ""  # the same rows again, otherwise
        elif tag == "tr":
            self._outcome = (told.get("class") or "").partition(" ")[0]
        if tag in ("tr", "th", "td"):
            self._is_number = told.get("class") == "number"

    def handle_data(self, data: str) -> None:
        if self._section == "outcomes" and self._is_number and self._outcome and data.strip():
            self.counts[self._outcome] += int(data.replace(",", ""))
            self._outcome = ""
