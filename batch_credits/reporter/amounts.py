"""The exponents that the operator stated for a batch, with which its amounts are read."""

import json

from batch_credits.model import BatchRecord


def stated_exponents(batch: BatchRecord) -> dict[str, int]:
    """The exponents that the operator gave when the file was read."""
    return dict(json.loads(batch.options_json).get("currency_exponents", ()))
