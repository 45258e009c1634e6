"""Whether what a pack says adds up: the same rows in every table, the totals of the summary, the calls, the journal
entry.

All is counted anew from the tables themselves. Nothing is taken from the ledger, which this has none of.
"""

import csv
import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import Any

from batch_credits.model import DECIMAL_DIGITS, RESULT_COLUMNS
from batch_credits.model.amounts import minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of
from batch_credits.pack.bag import PAYLOAD, BagInfo
from batch_credits.pack.opened import Opened
from batch_credits.pack.ordered import Paid, held_to_orders, orders_of_runs

MAX_CELL_LETTERS = 1 << 24
MAX_UNPACKED_BYTES = 1 << 34  # of a source file that was compressed
MAX_PROBLEMS = 20  # of one kind
CREDITED = ("credited", "deducted")
_Row = Mapping[str, str]
# Columns of results.csv, and of credits.csv, that say the same.
_SAME = {
    "credit_outcome": "outcome", "credit_id": "credit_id", "credit_reference": "reference",
    "credit_attempts": "attempts", "credit_finished_at": "finished_at", "credit_error_code": "error_code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One of the batch's runs: when, by whom, from where, and how it was agreed to ("": not recorded)."""

    number: int
    started_at: str
    user: str
    hosts: tuple[str, ...]
    confirmation: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a pack says of its batch: two documents as they are, and in words its runs, the batches that have to do with
    it, and how much became of what."""

    batch: Mapping[str, Any]
    summary: Mapping[str, Any]
    runs: tuple[Run, ...]
    related: tuple[str, ...]
    outcomes: tuple[tuple[str, int, str], ...]  # name, rows, amounts
    reversed_rows: int
    ordered: tuple[str, ...] = ()  # what was ordered, who approved it, and what was paid for it


@dataclass(slots=True)
class _Sums:
    """Counted from credits.csv: rows by outcome; minor units and decimals by outcome and currency; rows that were
    reversed. And of attempts.csv which runs of which batches sent."""

    counts: Counter[str] = field(default_factory=Counter)
    minor: dict[tuple[str, str], int] = field(default_factory=dict)
    in_decimal: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    reversed_rows: int = 0
    senders: set[tuple[str, str]] = field(default_factory=set)  # a batch, and the number of a run

    def add(self, row: _Row) -> None:
        """Count a row."""
        self.reversed_rows += bool(row["reversed_by"])
        outcome, key = row["outcome"], (row["outcome"], row["currency_code"] or SITE_CURRENCY)
        self.counts[outcome] += 1
        if row["amount_minor"]:
            self.minor[key] = self.minor.get(key, 0) + int(row["amount_minor"])
        elif row["amount_in_decimal"]:
            with localcontext(prec=DECIMAL_DIGITS):
                self.in_decimal[key] = self.in_decimal.get(key, Decimal(0)) + Decimal(row["amount_in_decimal"])

    def minor_of(self, outcome: str) -> dict[str, int]:
        """As summary.json has it: a zero only where there is nothing in decimal."""
        keys = [key for key in {*self.minor, *self.in_decimal} if key[0] == outcome]
        return {key[1]: self.minor.get(key, 0) for key in keys if self.minor.get(key) or not self.in_decimal.get(key)}

    def in_decimal_of(self, outcome: str) -> dict[str, Decimal]:
        """Likewise."""
        return {currency: total for (of, currency), total in self.in_decimal.items() if of == outcome and total}


def tie_out(pack: Opened, info: BagInfo) -> tuple[Said | None, list[str]]:
    """What a pack says, and all that does not add up, a sentence each, which names the files.

    Raises:
        OSError: it cannot be read.
    """
    csv.field_size_limit(MAX_CELL_LETTERS)
    try:
        said = _said(pack)
        problems = _documents(pack, info, said)
        paid = Paid(info.batch, orders_of_runs(_json(pack, "runs.json", list)))
        sums, untied = _rows(pack, paid)
        problems += untied
        problems += _totals(sums, said.summary)
        runs = {str(run.number) for run in said.runs}
        if stray := {run for batch, run in sums.senders if batch == info.batch} - runs:
            problems.append(f"data/attempts.csv has calls of run {min(stray)}, which data/runs.json does not know.")
        problems += _journal(pack, sums, said.batch)
        stated = dict(json.loads(said.batch["options"]).get("currency_exponents", ()))
        ordered, unheld = held_to_orders(pack, said.batch, paid, sums.counts, stated)
        said, problems = replace(said, ordered=ordered), [*problems, *unheld]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, csv.Error, ArithmeticError) as error:
        return None, [f"What the pack holds cannot be read as a pack's ({type(error).__name__}: {error})."]
    return said, problems


def _said(pack: Opened) -> Said:
    """The documents, of which what is shown is there."""
    batch, summary = _json(pack, "batch.json", dict), _json(pack, "summary.json", dict)
    runs = tuple(
        Run(int(run["run"]), str(run["started_at"]), str(run["user"]), tuple(map(str, run["hosts"])),
            str(run["record"].get("confirmation") or ""))
        for run in _json(pack, "runs.json", list)
    )  # fmt: skip
    related = tuple(f"{each['what']} {each['batch'][:8]} ({each['file']})".replace("_", " ", 2)
                    for each in batch["related"])  # fmt: skip
    stated = dict(json.loads(batch["options"]).get("currency_exponents", ()))
    outcomes = tuple((name, int(rows), _in_words(summary, name, stated)) for name, rows in summary["counts"].items())
    return Said(batch, summary, runs, related, outcomes, int(summary["reversed"]["count"]))


def _in_words(summary: Mapping[str, Any], outcome: str, stated: Mapping[str, int]) -> str:
    amounts = [minor_in_words(int(minor), currency, stated) for currency, minor in summary["totals"][outcome].items()]
    amounts += [f"{text} {name}" for name, text in summary.get("totals_in_decimal", {}).get(outcome, {}).items()]
    return " + ".join(amounts)


def _json(pack: Opened, name: str, kind: type) -> Any:
    try:
        content = json.loads(pack.document(PAYLOAD + name))
        if not isinstance(content, kind):
            raise ValueError("something else than there must be")
        return content
    except (ValueError, RecursionError) as error:
        raise ValueError(f"data/{name}: {error}") from None


def _documents(pack: Opened, info: BagInfo, said: Said) -> list[str]:
    batch, summary, problems = said.batch, said.summary, []
    for name in ("batch", "site", "kind", "file", "file_sha256", "rows", "reverses"):
        if batch[name] != summary[name]:
            problems.append(f"data/batch.json and data/summary.json are of different batches: {name}.")
    if (info.batch, info.site) != (batch["batch"], batch["site"]):
        problems.append("bag-info.txt and data/batch.json are of different batches.")
    if batch["file_sha256"] and batch["kind"] == "add":
        text = json.dumps([batch["site"], batch["file_sha256"], batch["options"]])
        if hashlib.sha256(text.encode()).hexdigest() != batch["batch"]:
            problems.append("data/batch.json: the batch's id is not made of its site, its file and its options.")
    if batch["input"] is not None and not _is_paid_file(pack, batch["input"], batch["file_sha256"]):
        problems.append(f"{batch['input']} is not the file that was paid: its SHA-256 is not the one in batch.json.")
    is_due = bool(batch["file_sha256"]) and batch["kind"] == "add" and not batch["pseudonyms"]
    if (is_due and batch["input"] is None) != (info.whole != "yes"):
        problems.append("bag-info.txt and data/batch.json differ in whether the source file is here.")
    if summary["in_balance"] is not True:
        problems.append("data/summary.json says that the batch does not tie out: " + " ".join(summary["differences"]))
    return problems


def _is_paid_file(pack: Opened, name: str, digest: str) -> bool:
    if name not in pack.sizes:
        return False
    as_it_is = hashlib.sha256()
    for block in pack.blocks(name):
        as_it_is.update(block)
    return digest == as_it_is.hexdigest() or digest == _digest_unpacked(pack, name)


def _digest_unpacked(pack: Opened, name: str) -> str | None:
    """The SHA-256 of what a compressed source file holds; None: it is none, or holds more than any source file may."""
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.GzipFile(fileobj=pack.binary(name)) as unpacked:
            while block := unpacked.read(1 << 20):
                size += len(block)
                if size > MAX_UNPACKED_BYTES:
                    return None
                digest.update(block)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return None
    return digest.hexdigest()


def _table(pack: Opened, name: str) -> Iterator[dict[str, str]]:
    """The lines of a table by their columns; of two columns of one name the last counts, which is ours."""
    with pack.text(PAYLOAD + name) as stream:
        lines = csv.reader(stream, strict=True)
        columns = next(lines, [])
        if "credit_row" not in columns and name != "journal.csv":
            raise ValueError(f"data/{name} has not the columns of a pack")
        for cells in lines:
            if len(cells) != len(columns):
                raise ValueError(f"data/{name}: a line has {len(cells)} cells, not {len(columns)}")
            yield dict(zip(columns, cells, strict=True))


class _ByRow:
    """The lines of a table that has some for each row, asked for row by row."""

    def __init__(self, pack: Opened, name: str) -> None:
        self._name = name
        self._lines = _table(pack, name)
        self._next = next(self._lines, None)

    def of(self, number: str) -> list[dict[str, str]]:
        found = []
        while self._next is not None and self._next["credit_row"] == number:
            found.append(self._next)
            self._next = next(self._lines, None)
        return found

    def left(self) -> list[str]:
        if self._next is None:
            return []
        number = self._next["credit_row"]
        return [f"data/{self._name} tells of row {number}, which data/credits.csv has not, or not there."]


def _rows(pack: Opened, paid: Paid) -> tuple[_Sums, list[str]]:
    """Walk through all tables together, row by row."""
    sums, problems = _Sums(), []
    results, attempts, findings, failed, words = (
        _ByRow(pack, name) for name in ("results.csv", "attempts.csv", "findings.csv", "failed.csv", "resolutions.csv")
    )
    for row in _table(pack, "credits.csv"):
        sums.add(row)
        number = row["credit_row"]
        problems += _same(number, results.of(number), row)
        calls = attempts.of(number)
        sums.senders.update((call["batch"], call["run"]) for call in calls)
        if row["outcome"] in CREDITED:
            paid.add(row, calls)
        problems += _sent(row, calls, findings.of(number))
        if any(each["credit_outcome"] != row["outcome"] for each in failed.of(number)):
            problems.append(f"Row {number} has another outcome in data/failed.csv than in data/credits.csv.")
        words.of(number)
        if len(problems) > MAX_PROBLEMS:
            return sums, [*problems[:MAX_PROBLEMS], "And more rows do not add up."]
    for each in (results, attempts, findings, failed, words):
        problems += each.left()
    return sums, problems


def _same(number: str, results: list[dict[str, str]], row: _Row) -> list[str]:
    if len(results) != 1 or not set(RESULT_COLUMNS) <= results[0].keys():
        return [f"Row {number} of data/credits.csv is not once in data/results.csv."]
    return [
        f"Row {number}: {theirs} in data/results.csv is not {ours} in data/credits.csv."
        for theirs, ours in _SAME.items()
        if results[0][theirs] != row[ours]
    ]


def _sent(row: _Row, attempts: list[dict[str, str]], findings: list[dict[str, str]]) -> list[str]:
    number, problems = row["credit_row"], []
    if len(attempts) != int(row["attempts"]):
        problems.append(
            f"Row {number} was sent {row['attempts']} times by data/credits.csv, {len(attempts)} by data/attempts.csv."
        )
    asked = ("customer_id", "reference", "currency_code", "amount_minor", "amount_in_decimal", "credit_type")
    if any(each[name] != row[name] for each in attempts for name in asked):
        problems.append(f"Row {number}: what was sent by data/attempts.csv is not what data/credits.csv has.")
    if row["outcome"] in CREDITED:
        if not attempts or not row["credit_id"]:
            problems.append(f"Row {number} is {row['outcome']} in data/credits.csv, but nothing was sent for it.")
        if all(each["state"] != "credited" for each in findings):
            problems.append(f"Row {number}: {row['outcome']} in data/credits.csv, but not in data/findings.csv.")
    return problems


def _totals(sums: _Sums, summary: Mapping[str, Any]) -> list[str]:
    problems = []
    for outcome, rows in summary["counts"].items():
        if sums.counts[outcome] != rows:
            problems.append(f"data/summary.json counts {rows} rows {outcome}, data/credits.csv {sums.counts[outcome]}.")
        if sums.minor_of(outcome) != summary["totals"][outcome]:
            problems.append(f"The totals of {outcome} in data/summary.json are not those of data/credits.csv.")
        in_decimal = summary.get("totals_in_decimal", {}).get(outcome, {})
        if sums.in_decimal_of(outcome) != {currency: Decimal(text) for currency, text in in_decimal.items()}:
            problems.append(f"The decimals of {outcome} in data/summary.json are not those of data/credits.csv.")
    if sums.reversed_rows != summary["reversed"]["count"]:
        problems.append("data/summary.json does not count the rows that data/credits.csv says were reversed.")
    if set(sums.counts) - summary["counts"].keys() or sum(sums.counts.values()) != summary["rows"]:
        problems.append("data/credits.csv has rows that data/summary.json does not count.")
    return problems


def _journal(pack: Opened, sums: _Sums, batch: Mapping[str, Any]) -> list[str]:
    """Each entry is in balance, and all of them together are what was credited."""
    entries: dict[tuple[str, str], Decimal] = {}
    totals: dict[tuple[str, str], Decimal] = {}
    with localcontext(prec=DECIMAL_DIGITS):
        for line in _table(pack, "journal.csv"):
            debit, credit = (Decimal(line[name] or 0) for name in ("debit", "credit"))
            entry, total = (line["entry"], line["unit"]), (line["currency"], line["unit"])
            entries[entry] = entries.get(entry, Decimal(0)) + debit - credit
            totals[total] = totals.get(total, Decimal(0)) + debit
        problems = [
            f"Entry {number} of data/journal.csv is not in balance." for (number, _), rest in entries.items() if rest
        ]
        due = _due(sums, dict(json.loads(batch["options"]).get("currency_exponents", ())))
    if {key: total for key, total in totals.items() if total} != due:
        problems.append("data/journal.csv does not book what data/credits.csv says was credited.")
    return problems


def _due(sums: _Sums, stated: Mapping[str, int]) -> dict[tuple[str, str], Decimal]:
    due: dict[tuple[str, str], Decimal] = {}
    for (outcome, currency), minor in sums.minor.items():
        if outcome in CREDITED:
            exponent = exponent_of(currency, stated)
            key = (currency, "minor" if exponent is None else "major")
            due[key] = due.get(key, Decimal(0)) + Decimal(minor).scaleb(-(exponent or 0))
    for (outcome, currency), total in sums.in_decimal.items():
        if outcome in CREDITED:
            due[currency, "major"] = due.get((currency, "major"), Decimal(0)) + total
    return {key: total for key, total in due.items() if total}
