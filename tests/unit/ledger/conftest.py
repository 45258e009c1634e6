"""A ledger on disk, and short words for what tests put into it."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from batch_credits.chargebee.bodies import add_body
from batch_credits.ledger import Ledger, StagedRow
from batch_credits.model import (
    CallKind,
    ControlTotal,
    Finding,
    Learned,
    LoadedRow,
    Mended,
    NewBatch,
    PlannedCredit,
    Problem,
    RequestState,
)
from batch_credits.model.address import Address, Place
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows
from batch_credits.settings import InputOptions

SITE = "acme-test"
HEADERS = ("customer_id", "amount", "currency_code", "reference")


FROZEN = ("kind", "customer_id", "reference", "amount_minor", "amount_in_decimal", "currency_code", "body", "site_id")


class Book:
    """A ledger, and the stages' calls to it in few words."""

    def __init__(self, path: Place) -> None:
        self.path = path
        self.ledger = Ledger.open(path)
        self._batches = 0

    def close(self) -> None:
        self.ledger.close()

    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = Ledger.open(self.path)

    @staticmethod
    def row(number: int, customer: str = "c-1", reference: str = "q3", **fields: Any) -> LoadedRow:
        money = {} if "amount_in_decimal" in fields else {"amount": 100}
        built = CreditRequest(
            **{
                "customer_id": customer,
                "reference": reference,
                "description": "Loyalty",
                "currency_code": "USD",
                **money,
                **fields,
            }
        )
        cells = (customer, str(built.amount or built.amount_in_decimal), built.currency_code or "", reference)
        return LoadedRow(number, cells, built, (), customer, reference, built.money)

    @staticmethod
    def bad_row(number: int, *problems: Problem, **fields: Any) -> LoadedRow:
        reasons = problems or (Problem("amount", "missing", "There is no amount."),)
        return LoadedRow(number, ("", "", "", ""), None, reasons, **fields)

    @staticmethod
    def staged(rows: list[LoadedRow]) -> list[StagedRow]:
        return [StagedRow(row, add_body(row.request) if row.request else None) for row in rows]

    def begin(
        self,
        *,
        site: str = SITE,
        file_name: str = "payout.csv",
        key: str | None = None,
        kind: CallKind = CallKind.ADD,
        reverses: str | None = None,
        file_sha256: str = "ab" * 32,
    ) -> int:
        self._batches += 1
        return self.ledger.admission.begin(
            NewBatch(
                key=key or f"{self._batches:064x}",
                site=site,
                file_name=file_name,
                file_sha256=file_sha256,
                headers=HEADERS,
                columns={name: index for index, name in enumerate(HEADERS)},
                options_json=InputOptions().as_json(),
                kind=kind,
                reverses=reverses,
            )
        )

    def stage(self, batch: int, *rows: LoadedRow, mends: dict[int, Mended] | None = None) -> list[LoadedRow]:
        """The rows as they stand when this is all that the batch has: those that are rejected with their reasons.
        `mends` says by row number which row of an earlier batch they mend."""
        bodies = [staged.body.decode() for staged in self.staged(list(rows)) if staged.body is not None]
        self.ledger.admission.stage_columns(batch, replace(LoadedRows.of(rows), mends=mends or {}), bodies)
        self.ledger.admission.finish(batch, len(rows), {})
        return self.judged(self.ledger, batch, rows)

    @staticmethod
    def judged(ledger: Ledger, batch: int, rows: Iterable[LoadedRow]) -> list[LoadedRow]:
        """The rows, those that the ledger has rejected with their reasons."""
        reasons = {row.row_number: row.problems for row in ledger.reports.problems(batch)}
        return [
            row._replace(request=None, problems=reasons[row.row_number]) if row.row_number in reasons else row
            for row in rows
        ]

    def plan(self, *rows: LoadedRow, mends: dict[int, Mended] | None = None, **batch_is: Any) -> int:
        """An admitted batch of these rows."""
        batch = self.begin(**batch_is)
        totals: dict[str, ControlTotal] = {}
        for row in self.stage(batch, *rows, mends=mends):
            if row.money is not None:
                totals.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
        self.ledger.admission.finish(batch, len(rows), totals)
        self.ledger.admission.admit(batch)
        return batch

    def owed(self, batch: int, state: RequestState = RequestState.PENDING) -> list[PlannedCredit]:
        return self.ledger.claims.planned_page(batch, state, 0, 10_000)

    def send(self, run: int, *credits: PlannedCredit, call: str = "{}") -> None:
        """Open an attempt for each, as the journal does."""
        self.ledger.claims.commit(run, [], list(credits), call)
        for credit in credits:
            credit.call = credit.call or call
            credit.open_attempts += 1
            credit.attempts += 1
            credit.state = RequestState.IN_FLIGHT

    def learn(self, run: int | None, credit: PlannedCredit, state: RequestState, **learned: Any) -> None:
        """Record a finding; a settled credit has no open attempt."""
        if state in (RequestState.CREDITED, RequestState.FAILED, RequestState.PENDING):
            credit.open_attempts = 0
        if state is RequestState.CREDITED:
            learned.setdefault("credit_id", f"cr-{credit.request_id}")
        credit.credit_id = learned.pop("credit_id", credit.credit_id)
        credit.state = state
        self.ledger.claims.commit(run, [Finding.about(credit, state, Learned(**learned))], [])

    def settle(self, batch: int, state: RequestState, **learned: Any) -> None:
        """A run that sends all that the batch owes, and learns this of each."""
        run = self.ledger.runs.start(batch)
        for credit in self.owed(batch):
            self.send(run, credit)
            self.learn(run, credit, state, **learned)

    def say(self, batch: int, row_number: int, credit_id: str | None, remark: str = "") -> None:
        """A person's word on a row in review: credited under this id, or not credited."""
        credit = self.ledger.requests.in_review(batch, row_number).credit
        credit.credit_id = credit_id
        if credit_id is None:
            self.ledger.requests.owe_again(credit, remark)
        else:
            self.ledger.requests.settle_credited(credit, "70", remark)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Ask, or harm, the ledger behind its back. Statements are SQLite's, in words that are PostgreSQL's, too."""
        if isinstance(self.path, Address):
            return _asked_of_postgres(self.path, statement, values)
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


def _asked_of_postgres(address: Address, statement: str, values: Sequence[Any]) -> list[Any]:
    """A request is a row of two tables: what is changed of it is in one of them."""
    changed = re.match("UPDATE credit_request SET ([a-z_]+)", statement)
    table = "request" if changed and changed[1] in FROZEN else "standing"
    statement = re.sub("^(UPDATE|DELETE FROM) credit_request", rf"\1 {table}", statement)
    with psycopg.connect(address.url, autocommit=True, options="-c search_path=batch_credits") as connection:
        cursor = connection.execute(statement.replace("%", "%%").replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is no matter of SQLite's file holds of both engines."""
    if "engine" in metafunc.fixturenames:
        is_of_one = any(metafunc.definition.iter_markers("of_sqlite"))
        of_postgres = pytest.param("postgres", marks=pytest.mark.postgres)
        metafunc.parametrize("engine", ["sqlite"] if is_of_one else ["sqlite", of_postgres], indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """What keeps the ledger."""
    return str(request.param)


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """Where a new ledger is to be."""
    if engine == "sqlite":
        return tmp_path / "ledger.sqlite3"
    made: Address = request.getfixturevalue("new_database")
    return made


@pytest.fixture
def book(place: Place) -> Iterator[Book]:
    """A new ledger."""
    made = Book(place)
    yield made
    made.close()


@pytest.fixture
def open_book() -> Iterator[Callable[[Place], Book]]:
    """Opens ledgers, and closes them at the end."""
    books: list[Book] = []

    def opened(path: Place) -> Book:
        books.append(Book(path))
        return books[-1]

    yield opened
    for made in books:
        made.close()


@pytest.fixture
def staged_in_scratch(book: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Stages rows in a scratch ledger beside the real one, which stays open and locked."""
    opened: list[Any] = []

    def stage(*rows: Any, site: str = "acme-test", is_numbered: bool = False) -> tuple[Ledger, int, list[Any]]:
        ledger = Ledger.open_scratch(tmp_path / f"scratch-{len(opened)}", site, book.path)
        opened.append(ledger)
        batch = ledger.admission.begin(
            NewBatch(
                key="f" * 64, site=site, file_name="new.csv", file_sha256="", headers=(), columns={},
                options_json=InputOptions().as_json(),
            )
        )
        if is_numbered:
            ledger.admission.number(batch, rows)
        ledger.admission.stage(batch, book.staged(list(rows)))
        ledger.admission.finish(batch, len(rows), {})
        return ledger, batch, book.judged(ledger, batch, rows)

    yield stage
    for ledger in opened:
        ledger.close()
