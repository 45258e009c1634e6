"""The nouns: what flows from the loader through the ledger to the reports. Values only, no effects.

Those of which a run makes a million are tuples: a frozen dataclass takes three times as long to make.
"""

from batch_credits.model.batches import (
    BatchRecord,
    NewBatch,
    RunRecord,
)
from batch_credits.model.mending import Ending, Mend, Mended, Mending, Parent
from batch_credits.model.money import (
    DECIMAL_DIGITS,
    ControlTotal,
    Money,
    sum_totals,
)
from batch_credits.model.requests import (
    REVERSED,
    CallKind,
    Finding,
    Learned,
    OpenAttempt,
    Outcome,
    PlannedCredit,
    RequestState,
    idempotency_key,
    is_of_reversal,
    reversal_reference,
)
from batch_credits.model.rows import (
    AMOUNT_UNIT,
    BATCH_COLUMN,
    CREDIT_TYPES,
    FIELDS,
    LOOKS_LIKE_TOTAL,
    MAX_DESCRIPTION,
    MAX_REFERENCE,
    NOTHING_TO_CREDIT,
    RECOGNISED,
    RESULT_COLUMNS,
    CreditType,
    LoadedRow,
    Problem,
    ReportRow,
    bare,
    in_one_line,
)
from batch_credits.model.totals import (
    FileTotal,
    UnequalTotal,
)

__all__ = [
    "AMOUNT_UNIT",
    "BATCH_COLUMN",
    "CREDIT_TYPES",
    "DECIMAL_DIGITS",
    "FIELDS",
    "LOOKS_LIKE_TOTAL",
    "MAX_DESCRIPTION",
    "MAX_REFERENCE",
    "NOTHING_TO_CREDIT",
    "RECOGNISED",
    "RESULT_COLUMNS",
    "REVERSED",
    "BatchRecord",
    "CallKind",
    "ControlTotal",
    "CreditType",
    "Ending",
    "FileTotal",
    "Finding",
    "Learned",
    "LoadedRow",
    "Mend",
    "Mended",
    "Mending",
    "Money",
    "NewBatch",
    "OpenAttempt",
    "Outcome",
    "Parent",
    "PlannedCredit",
    "Problem",
    "ReportRow",
    "RequestState",
    "RunRecord",
    "UnequalTotal",
    "bare",
    "idempotency_key",
    "in_one_line",
    "is_of_reversal",
    "reversal_reference",
    "sum_totals",
]
