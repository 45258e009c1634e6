"""All that is known when the question of a run, or of a reversal, is asked."""

from dataclasses import dataclass
from pathlib import Path

from batch_credits.cli.picture import Exponents, minutes_at_least
from batch_credits.loader import Source
from batch_credits.model import BatchRecord
from batch_credits.plan import Plan
from batch_credits.reverse import Picture
from batch_credits.settings import RunSettings, SiteSettings


@dataclass(frozen=True, slots=True)
class Before:
    """What is about to be sent, where to, and how fast."""

    source: Source
    plan: Plan
    site: SiteSettings
    settings: RunSettings
    exponents: Exponents
    ledger: Path

    @property
    def requests(self) -> int:
        """How many requests the run needs if nothing goes wrong."""
        questions = self.plan.owed if self.settings.verify_first else 0
        return self.plan.owed + questions + min(self.settings.pilot, self.plan.owed)

    @property
    def minutes(self) -> int | None:
        """Minutes it takes at least; None where there is no limit."""
        return minutes_at_least(self.requests, self.settings)


@dataclass(frozen=True, slots=True)
class BeforeReversal:
    """What of which batch is about to be deducted, where, and how fast."""

    batch: BatchRecord
    picture: Picture
    site: SiteSettings
    settings: RunSettings
    exponents: Exponents

    @property
    def requests(self) -> int:
        """How many requests it needs if nothing goes wrong."""
        owed = self.picture.plan.owed
        return owed * 2 if self.settings.verify_first else owed
