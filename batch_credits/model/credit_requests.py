"""Credit requests: valid rows as instructions, one by one and as columns. All that pydantic validates.

Apart from the other nouns, since pydantic takes a while to load and whoever only reads the ledger validates nothing.
"""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints

from batch_credits.model.money import Money
from batch_credits.model.rows import MAX_DESCRIPTION, MAX_REFERENCE, CreditType

CustomerId = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REFERENCE)]
Description = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class CreditRequest(BaseModel):
    """A valid row as an instruction: add this credit to this customer.

    Field names, lengths and choices are those of Chargebee's `POST /promotional_credits/add`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    customer_id: CustomerId
    reference: Reference
    description: Description
    amount: int | None = None
    amount_in_decimal: str | None = None
    currency_code: CurrencyCode | None = None
    credit_type: CreditType = "general"

    @property
    def money(self) -> Money:
        """The money of this request."""
        return Money(self.amount, self.amount_in_decimal, self.currency_code)


class RequestColumns(BaseModel):
    """The credit requests of many rows, as a list for each field, held to the rules of `CreditRequest`."""

    model_config = CreditRequest.model_config

    customer_id: list[CustomerId]
    reference: list[Reference]
    description: list[Description]
    amount: list[int | None]
    amount_in_decimal: list[str | None]
    currency_code: list[CurrencyCode | None]
    credit_type: list[CreditType]

    @classmethod
    def of(cls, requests: Sequence[CreditRequest]) -> Self:
        """The same requests, by columns."""
        return cls(**{name: [getattr(each, name) for each in requests] for name in CreditRequest.model_fields})

    def __len__(self) -> int:
        return len(self.customer_id)

    def chosen(self, is_chosen: Sequence[bool]) -> "RequestColumns":
        """Some of them."""
        return self._by_column(lambda name: [*compress(getattr(self, name), is_chosen)])

    def part(self, piece: slice) -> "RequestColumns":
        """Those of a slice."""
        return self._by_column(lambda name: getattr(self, name)[piece])

    def followed_by(self, others: "RequestColumns") -> "RequestColumns":
        """These, and the others behind them."""
        return self._by_column(lambda name: [*getattr(self, name), *getattr(others, name)])

    @staticmethod
    def _by_column(values: Callable[[str], list[Any]]) -> "RequestColumns":
        """Of values that were held to the rules already."""
        return RequestColumns.model_construct(None, **{name: values(name) for name in CreditRequest.model_fields})

    def requests(self) -> list[CreditRequest]:
        """One by one."""
        columns = {name: getattr(self, name) for name in CreditRequest.model_fields}
        rows = zip(*columns.values(), strict=True)
        return [CreditRequest(**dict(zip(columns, values, strict=True))) for values in rows]
