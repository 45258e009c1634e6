"""What all parts of one run share."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord
from batch_credits.progress.observers import Progress
from batch_credits.settings import RunSettings


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run of a batch: where it is remembered, how it is carried out, and who watches it.

    `chance` gives random numbers in [0, 1), for the length of pauses; a test hands in its own. `is_pilot_alone`: the
    pilot is sent and judged, and nothing else.
    """

    ledger: Ledger
    batch: BatchRecord
    run_id: int
    settings: RunSettings
    progress: Progress
    chance: Callable[[], float] = random.random
    is_pilot_alone: bool = False
