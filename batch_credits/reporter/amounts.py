"""Amounts as people read them, with the exponents that the operator stated for their batch."""

import json

from batch_credits.model import BatchRecord
from batch_credits.model.amounts import Exponents, minor_in_digits, minor_in_words, money_in_words, total_in_words

__all__ = ["Exponents", "minor_in_digits", "minor_in_words", "money_in_words", "stated_exponents", "total_in_words"]


def stated_exponents(batch: BatchRecord) -> dict[str, int]:
    """The exponents that the operator gave when the file was read."""
    return dict(json.loads(batch.options_json).get("currency_exponents", ()))
