"""All that is known when the question of a run, or of a reversal, is asked."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from batch_credits.cli.telling.picture import Exponents, Line, minutes_at_least
from batch_credits.jobs.reverse import Picture
from batch_credits.ledger import Ledger
from batch_credits.loader import Source
from batch_credits.model import BatchRecord
from batch_credits.planning.plan import Plan
from batch_credits.settings import Origin, RunSettings, SiteSettings


@dataclass(frozen=True, slots=True)
class Memory:
    """The ledger that remembers: its file, where that name comes from if nobody typed it, and how many batches it
    knows, of the site and of others."""

    path: Path
    source: str | None
    batches: int
    of_others: int

    @classmethod
    def of(cls, ledger: Ledger, site: str, source: str | None) -> Self:
        """That of an open ledger."""
        sites = Counter(batch.site for batch in ledger.batches.all())
        return cls(ledger.path, source, sites[site], sites.total() - sites[site])


@dataclass(frozen=True, slots=True)
class Before:
    """What is about to be sent, where to, and how fast."""

    source: Source
    plan: Plan
    site: SiteSettings
    settings: RunSettings
    exponents: Exponents
    memory: Memory
    origins: tuple[Origin, ...] = ()

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
    memory: Memory
    origins: tuple[Origin, ...] = ()

    @property
    def requests(self) -> int:
        """How many requests it needs if nothing goes wrong."""
        owed = self.picture.plan.owed
        return owed * 2 if self.settings.verify_first else owed


def memory_lines(memory: Memory, site: SiteSettings) -> list[Line]:
    """Which ledger it is, and whether it is the one that a person thinks of."""
    where = [f"from {memory.source}"] if memory.source else []
    if memory.batches:
        what = f"knows {_batches(memory.batches)} of {site.site}"
    elif memory.of_others:
        what = f"NEW to {site.site}: of what was paid there it knows nothing, of others {_batches(memory.of_others)}"
    else:
        what = "NEW: it knows of nothing that was paid before"
    return [("Ledger", str(memory.path)), ("", "; ".join([*where, what]))]


def _batches(number: int) -> str:
    return "1 batch" if number == 1 else f"{number:,} batches"
