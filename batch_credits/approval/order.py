"""What is to be paid, sealed: a file that one person makes, others sign, and a run is held against.

    {"approvals": [...], "order": {"batch": "...", "maker": "alice", "totals": {...}, ...}, "version": 1}

Each approval signs the order with who approves it and when; see signing.py.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar

from batch_credits.approval.canonical import MAX_BYTES, canonical, read_canonical
from batch_credits.errors import UsageError
from batch_credits.model import ControlTotal
from batch_credits.settings import DEFAULT_INPUT, ControlLimits, InputOptions, SiteSettings

VERSION = 1
DAYS = 7  # for which an order may be carried out, unless the policy says otherwise
MAX_EXPONENT = 8  # decimals of a currency; none has more than 4
T = TypeVar("T")
_DECIMAL = re.compile(r"[0-9]{1,60}(\.[0-9]{1,60})?")
_SEALS = ("version", "order", "approvals")


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows and money of one currency: minor units, and beside them what came in decimal."""

    rows: int
    amount: int
    amount_in_decimal: str

    @classmethod
    def of(cls, total: ControlTotal) -> Self:
        """The same as a total says."""
        return cls(total.count, total.amount_minor, f"{total.amount_in_decimal:f}")


def sums_of(totals: Mapping[str, ControlTotal]) -> dict[str, Sum]:
    """The sums by currency; without those of no rows."""
    return {currency: Sum.of(total) for currency, total in totals.items() if total.count}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `batch` is the whole batch id, which stands for the file's content, how it is read, and the
    site; `owed` are the rows that were to be sent when it was made, and `totals` their money. Times are UTC, ISO 8601.

    `options` are `InputOptions`, `limits` are `ControlLimits`, both as their JSON. `business_entity` is the one of the
    site that is to get it; "" where none is named.
    """

    number: str  # by which it is known to have been used: 32 hexadecimal digits, by chance
    batch: str
    file: str
    file_sha256: str
    options: dict[str, Any]
    rows: int
    owed: int
    totals: dict[str, Sum]
    site: str
    address: str
    business_entity: str
    limits: dict[str, Any]
    maker: str
    made: str
    expires: str
    tool: str

    @property
    def input_options(self) -> InputOptions:
        """How its file is read."""
        return InputOptions.from_json(json.dumps(self.options))

    def has_expired(self, now: datetime | None = None) -> bool:
        """Whether its time is over."""
        return (now or datetime.now(UTC)) > moment_of(self.expires)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's signature. The last three are what the passkey said (WebAuthn), in base64url without padding."""

    approver: str
    at: str
    credential: str
    authenticator_data: str
    client_data: str
    signature: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An order with its approvals."""

    order: Order
    approvals: tuple[Approval, ...] = ()

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        approvals = [asdict(each) for each in self.approvals]
        return canonical({"version": VERSION, "order": asdict(self.order), "approvals": approvals}) + b"\n"

    def for_the_record(self) -> dict[str, Any]:
        """What a run remembers of the order that it carries out, with the file's own text, for whoever audits it."""
        return {
            "number": self.order.number,
            "sha256": sha256(self.content).hexdigest(),
            "maker": self.order.maker,
            "made": self.order.made,
            "approvals": [{"approver": each.approver, "at": each.at} for each in self.approvals],
            "content": self.content.decode("ascii"),
        }

    def challenge(self, approver: str, at: str) -> bytes:
        """What a passkey signs: the order, who approves it, and when, as 32 bytes."""
        return sha256(canonical({"order": asdict(self.order), "approver": approver, "at": at})).digest()

    @classmethod
    def read(cls, content: bytes, name: str) -> Self:
        """The order that a file holds; `name` is the file's, for the error.

        Raises:
            UsageError: it is none, or not as it was sealed.
        """
        try:
            value = read_canonical(content)
            if value.keys() != set(_SEALS) or value["version"] != VERSION:
                raise ValueError("another version, or no order")
            order = _order(value["order"])
            approvals = tuple(_only(Approval, each) for each in _list(value["approvals"]))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{name} is no order as it was sealed: {error}.",
                hint="Nothing was sent. Take the file as it came from whoever made it, or have a new one made.",
            ) from None
        return cls(order, approvals)


def read_order(path: Path | None) -> Sealed | None:
    """The order that a file holds; None where none is named.

    Raises:
        UsageError: it cannot be read, or is none as it was sealed.
    """
    return None if path is None else read_sealed(path)


def read_sealed(path: Path) -> Sealed:
    """The order that a file holds.

    Raises:
        UsageError: it cannot be read, or is none as it was sealed.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"The order {path} cannot be read: {error.strerror or error}.",
            hint="Nothing was sent. Name the file that whoever made the order gave you.",
        ) from None
    return Sealed.read(content, str(path))


def options_of(sealed: Sealed | None, given: InputOptions) -> InputOptions:
    """How the file is read: as its order says, where nothing else is said. (Where something else is, the batch is
    another one, and the order does not allow it.) A failed.csv says itself how it is read.
    """
    if sealed is None or given != DEFAULT_INPUT:
        return given
    ordered = sealed.order.input_options
    return DEFAULT_INPUT if ordered.failed_csv else ordered


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order is made of: a batch by its whole id, its file by name and SHA-256, how it is read, what it is held
    against, all its rows, what of them is owed, and for which business entity."""

    batch: str
    file: str
    file_sha256: str
    options: InputOptions
    limits: ControlLimits
    rows: int
    owed: Mapping[str, ControlTotal]
    business_entity_id: str | None = None


def order_for(
    site: SiteSettings, asked: Asked, maker: str, tool: str, *, days: int = DAYS, now: datetime | None = None
) -> Order:
    """An order that somebody makes now; it expires after so many days."""
    made = (now or datetime.now(UTC)).replace(microsecond=0)
    totals = sums_of(asked.owed)
    return Order(
        number=secrets.token_hex(16),
        batch=asked.batch,
        file=asked.file,
        file_sha256=asked.file_sha256,
        options=json.loads(asked.options.as_json()),
        rows=asked.rows,
        owed=sum(total.rows for total in totals.values()),
        totals=totals,
        site=site.site,
        address=site.address,
        business_entity=asked.business_entity_id or "",
        limits=json.loads(json.dumps(asdict(asked.limits))),
        maker=maker,
        made=iso(made),
        expires=iso(made + timedelta(days=days)),
        tool=tool,
    )


def iso(moment: datetime) -> str:
    """UTC, ISO 8601, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """The moment that `iso` wrote.

    Raises:
        ValueError: it is none.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _order(value: Any) -> Order:
    table = dict(_table(value))
    table["totals"] = {currency: _only(Sum, each) for currency, each in _table(table["totals"]).items()}
    order = _only(Order, table)
    for total in order.totals.values():
        if not _DECIMAL.fullmatch(total.amount_in_decimal) or min(total.rows, total.amount) < 0:
            raise ValueError("an amount is none")
    if _has_odd_exponent(order.input_options) or not isinstance(order.limits, dict):
        raise ValueError("its options are none")
    moment_of(order.made), moment_of(order.expires)
    return order


def _has_odd_exponent(options: InputOptions) -> bool:
    """Whether the decimals of a currency are no such number."""
    return not all(type(number) is int and 0 <= number <= MAX_EXPONENT for _, number in options.currency_exponents)


def _only(cls: type[T], value: Any) -> T:
    """The dataclass of a table that has exactly its fields, each of its kind."""
    table, kinds = _table(value), {each.name: each.type for each in fields(cls)}  # type: ignore[arg-type]
    if table.keys() != kinds.keys():
        raise ValueError("fields are missing, or there are others")
    for name, kind in kinds.items():
        if kind in (str, int) and type(table[name]) is not kind:
            raise ValueError(f"{name} is not of its kind")
    return cls(**table)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no table where one must be")
    return value


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError("no list where one must be")
    return value
