"""Rows: the columns of a source file, what a data line asks for, and what became of it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from batch_credits.model.money import Money
from batch_credits.model.requests import Outcome

if TYPE_CHECKING:  # who reads what became of rows need not load what validates them
    from batch_credits.model.credit_requests import CreditRequest

CreditType = Literal["general", "loyalty_credits", "referral_rewards"]
CREDIT_TYPES: tuple[CreditType, ...] = ("general", "loyalty_credits", "referral_rewards")

# The body fields of "add promotional credits" (Chargebee API v2), which are also the columns we read.
FIELDS = (
    "customer_id",
    "amount",
    "amount_in_decimal",
    "currency_code",
    "description",
    "credit_type",
    "reference",
)

# Columns that the reports add to every source row; a contract, in this order.
RESULT_COLUMNS = (
    "credit_row",
    "credit_outcome",
    "credit_id",
    "credit_reference",
    "credit_error_code",
    "credit_error_param",
    "credit_error",
    "credit_http_status",
    "credit_attempts",
    "credit_closing_balance",
    "credit_finished_at",
)
BATCH_COLUMN = "credit_batch"  # which failed.csv has besides, and no other table: it can be run

AMOUNT_UNIT = "amount_unit"  # a row's own unit; failed.csv has it, to mean the same under any options
RECOGNISED = (*FIELDS, AMOUNT_UNIT)


# Of a row without money: its amount was read all the same, and is none to credit. It is missing in no sum.
LOOKS_LIKE_TOTAL = "looks_like_total"  # why a row is rejected that sums others
NOTHING_TO_CREDIT = frozenset({"amount_not_positive", LOOKS_LIKE_TOTAL})


_UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"  # what editors and web pages leave in headers


def bare(header: str) -> str:
    """A header as it is compared: no case, blanks, underscores or hyphens, and nothing that nobody sees."""
    return re.sub(rf"[\s_\-{_UNSEEN}]+", "", header).casefold()


def in_one_line(header: str) -> str:
    """A header as an option names it; `bare` makes the same of both."""
    return " ".join(re.sub(f"[{_UNSEEN}]", "", header).split())


MAX_REFERENCE, MAX_DESCRIPTION = 500, 250  # characters that Chargebee takes


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a row is rejected: the field, a stable code, and a sentence naming value and remedy."""

    field: str
    code: str
    message: str


class LoadedRow(NamedTuple):
    """One data line of a source file: a credit request, or the reasons why it is not one.

    `row_number` is the line a spreadsheet shows. `cells` are the source's own texts, untouched.
    `customer_id` and `reference` are set whenever they could be read, also in a rejected row, since the
    numbering of duplicates counts it too; `money` likewise, for the totals. `restated` are fields of a rejected row,
    and what failed.csv must say in their cells instead: what stands there would be read in it as something else.
    """

    row_number: int
    cells: tuple[str, ...]
    request: "CreditRequest | None"
    problems: tuple[Problem, ...] = ()
    customer_id: str | None = None
    reference: str | None = None
    money: Money | None = None
    restated: tuple[tuple[str, str], ...] = ()


class ReportRow(NamedTuple):
    """What became of one source row, as the ledger knows it now. Times are UTC, ISO 8601.

    `reversed_by` is the key of the batch that deducted its credit again, if one did. `restated` is as in `LoadedRow`;
    None of a row that the loader did not reject, or did in version 0.1. `is_unread`: nobody could read how much it asks
    for, so it is in no sum of money. `problems` are all reasons of a row that is rejected; `error` says them in one.
    """

    row_number: int
    cells: tuple[str, ...]
    outcome: Outcome
    reference: str | None = None
    money: Money | None = None
    credit_type: str | None = None
    credit_id: str | None = None
    error_code: str | None = None
    error_param: str | None = None
    error: str | None = None
    http_status: int | None = None
    attempts: int = 0
    closing_balance: str | None = None
    finished_at: str | None = None
    reversed_by: str | None = None
    restated: tuple[tuple[str, str], ...] | None = None
    is_unread: bool = False
    problems: tuple[Problem, ...] = ()
