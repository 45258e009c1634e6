"""Ways to get the shared budget wrong, each of which somebody would call reasonable: each must be seen."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from batch_credits.gate import session
from batch_credits.gate.budget import SharedBudget
from batch_credits.gate.limiter import RateLimiter
from batch_credits.ledger import Budget, Terms
from batch_credits.ledger.engines.sqlite import database
from batch_credits.ledger.statements import STATEMENTS
from tests.simulation.budget_world import WINDOW, Worker

_resize, _end = RateLimiter.resize, Budget.end


@dataclass(frozen=True)
class Mutant:
    """What is done wrong, where the patches go, what harm it does, and from which seed on it is soon seen."""

    name: str
    patches: tuple[tuple[Any, str, Any], ...]
    harm: str = "over"
    first_seed: int = 0

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The product with this mistake in it."""
        with ExitStack() as stack:
            for where, name, new in self.patches:
                stack.enter_context(patch.object(where, name, new))
            yield


def _asked_otherwise(name: str, old: str, new: str) -> tuple[tuple[Any, str, Any], ...]:
    assert old in STATEMENTS[name], name
    return ((database, "STATEMENTS", {**database.STATEMENTS, name: STATEMENTS[name].replace(old, new)}),)


def _lingering(seconds: Any) -> tuple[tuple[Any, str, Any], ...]:
    def terms(budget: int, linger: float, only_asks: bool) -> Terms:
        return Terms(budget, seconds(linger), only_asks)

    return ((session, "Terms", terms),)


def _says_that_all_beyond_is_free(self: RateLimiter, slots: int) -> int:
    _resize(self, slots)
    return self._share.whole


def _ends_with_all_of_it_free(self: Budget, site: str, terms: Terms, waits: Any) -> None:
    _end(self, site, terms, [])


def _ends_with_what_is_answered_free(self: Budget, site: str, terms: Terms, waits: Any) -> None:
    _end(self, site, terms, [(seconds, slots) for seconds, slots in waits if seconds > WINDOW])


async def _uses_what_it_should_have(self: SharedBudget) -> float:
    keeps = self._limiter.resize(self._uses)
    grant = await self._in_thread(lambda: self._desk.turn(self._site, self._terms, keeps))
    self._uses = grant.fair
    self._limiter.resize(self._uses)
    return 1.0


async def _tells_before_it_uses_less(self: SharedBudget) -> float:
    grant = await self._in_thread(lambda: self._desk.turn(self._site, self._terms, self._uses))
    self._uses = min(grant)
    self._limiter.resize(self._uses)
    return 1.0


MUTANTS = [
    Mutant("slots back at the lease's end", _asked_otherwise("slots_of_site", "+ s.linger_ms", "+ 0")),
    Mutant("without the timeout", _lingering(lambda _linger: WINDOW), first_seed=40),
    Mutant("without the window", _lingering(lambda linger: linger - WINDOW)),
    Mutant("busy slots handed back", ((RateLimiter, "resize", _says_that_all_beyond_is_free),)),
    Mutant("no dead-man timer", ((Worker, "has_dead_man", False),)),
    Mutant("a lease counted from the answer", ((Worker, "lease_from_the_answer", True),), first_seed=370),
    Mutant("busy slots handed back at the end", ((Budget, "end", _ends_with_all_of_it_free),)),
    Mutant("answered slots handed back at the end", ((Budget, "end", _ends_with_what_is_answered_free),)),
    Mutant(
        "what is left behind does not count",
        _asked_otherwise("slots_of_site", "WHERE s.site_id", "WHERE s.back_at = 0 AND s.site_id"),
    ),
    Mutant("uses what it should have, not what it was given", ((SharedBudget, "_turn", _uses_what_it_should_have),)),
    Mutant("gives back before it uses less", ((SharedBudget, "_turn", _tells_before_it_uses_less),)),
    Mutant("what could not be given back is free", ((Budget, "begin", lambda *_: None),), first_seed=90),
    Mutant("the dead keep their slots", _asked_otherwise("slots_of_site", "w.until + s.linger_ms", "9e15"), "lost"),
]
