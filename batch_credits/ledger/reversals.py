"""What of a batch was undone: its credits that a reversal has deducted again. Nothing here writes.

A deduction undoes the credit of the same customer and money whose reference its own follows from, wherever the ledger
learned of it: from `reverse`, or from Chargebee's list. Only one that is proven counts; what is pending, failed or in
doubt has undone nothing. The statements `undone` and `report_rows_reversed` say so.
"""

from operator import itemgetter

import orjson

from batch_credits.ledger.database import Database
from batch_credits.model import reversal_reference

PREFIX = reversal_reference("")


def undone_batches(database: Database, batch_id: int) -> list[int]:
    """The batches of the same site whose credits may have been deducted.

    Most sites have none, and a report asks once instead of for each of a million rows.
    """
    return database.all("undone_batches", itemgetter(0), batch=batch_id)


def read_reversal(text: str) -> tuple[str, str]:
    """What undid a row: the key of the batch that deducted, and Chargebee's id of the deduction."""
    key, credit_id = orjson.loads(text)
    return key, credit_id
