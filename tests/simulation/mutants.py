"""Ways to get the protocol wrong, each of which somebody would call reasonable.

A check that cannot fail is no check: the storm must catch every one of them. They exist here only, as patches
of the product's functions from outside; the product has no switch for them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest.mock import patch

from batch_credits import reversal
from batch_credits.chargebee import Chargebee, ListedCredit, add_body, client
from batch_credits.ledger import Moment, group_commit, journal
from batch_credits.ledger.group_commit import Journal
from batch_credits.model import CallKind, CreditRequest, OpenAttempt, PlannedCredit, RequestState, reversal_reference
from batch_credits.protocol import (
    AnswerStep,
    Credited,
    HoldInDoubt,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    Verdict,
    Witness,
)
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.worker_pool import pool

_after_answer = pool.after_answer
_idempotency_key = group_commit.idempotency_key
_open_attempts = Journal.open_attempts
_credits_of = Chargebee.credits_of


@dataclass(frozen=True)
class Mutant:
    """What is done wrong, and where the patch goes.

    `first_seed`: from here on the storm finds it soon. `harm`: what it must be caught by, where not by any harm.
    """

    name: str
    patches: tuple[tuple[object, str, Any], ...]
    first_seed: int = 0
    harm: frozenset[str] = frozenset()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The product with this mistake in it."""
        started = [patch.object(where, name, new) for where, name, new in self.patches]
        for each in started:
            each.start()
        try:
            yield
        finally:
            for each in started:
                each.stop()


async def _journal_after_the_send(self: Journal, credits: Sequence[PlannedCredit]) -> list[OpenAttempt]:
    self._check()
    self._openings.extend(credits)
    self._work.set()
    self._urgent.set()
    for credit in credits:
        credit.open_attempts += 1
        credit.attempts += 1
        credit.state = RequestState.IN_FLIGHT
    return [OpenAttempt(credit, group_commit.idempotency_key(self._site, credit)) for credit in credits]


def _a_new_key_per_attempt(site: str, credit: PlannedCredit) -> str:
    return f"{_idempotency_key(site, credit)}-{credit.attempts}"


def _instead(wrong: Callable[[PlannedCredit, Verdict, AnswerStep], AnswerStep | None]) -> Any:
    """An `after_answer` that sometimes knows better."""

    def after_answer(credit: PlannedCredit, verdict: Verdict) -> AnswerStep:
        step = _after_answer(credit, verdict)
        return wrong(credit, verdict, step) or step

    return ((pool, "after_answer", after_answer),)


def _no_answer_is_failure(_credit: PlannedCredit, verdict: Verdict, _step: AnswerStep) -> AnswerStep | None:
    return SettleFailed(Refused("timeout", "no answer", 504)) if isinstance(verdict, NoAnswer) else None


def _no_answer_is_success(_credit: PlannedCredit, verdict: Verdict, _step: AnswerStep) -> AnswerStep | None:
    return SettleCredited(Credited("unproven")) if isinstance(verdict, NoAnswer) else None


def _a_refusal_settles_all(_credit: PlannedCredit, verdict: Verdict, _step: AnswerStep) -> AnswerStep | None:
    return SettleFailed(verdict) if isinstance(verdict, Refused) else None


def _doubt_is_retried(_credit: PlannedCredit, _verdict: Verdict, step: AnswerStep) -> AnswerStep | None:
    return SendAgain(NotSent(step.reason)) if isinstance(step, HoldInDoubt) else None


def _release_without_a_look(self: DoubtSettler, credit: PlannedCredit) -> None:
    self._loop.call_soon(self.pool.release, credit)


def _no_quarantine(self: DoubtSettler, credit: PlannedCredit) -> float:
    return 0.0


def _quarantine_by_the_wall_clock(self: DoubtSettler, credit: PlannedCredit) -> float:
    ledger: Any = self._memory
    row = ledger._db.execute("SELECT max(at) FROM attempt WHERE request_id = ?", (credit.request_id,)).fetchone()
    return float((row[0] or 0) / 1000 + self._settings.quarantine_seconds - journal.now_ms() / 1000)


async def _no_witness(self: DoubtSettler, kind: CallKind, over_since: Moment) -> Witness:
    return Witness.SHOWN


async def _body_rebuilt(self: Journal, credits: Sequence[PlannedCredit]) -> list[OpenAttempt]:
    for credit in credits:
        credit.body = credit.body.replace(b"a+credit", b"a+credit+of+run+%d" % self._run_id)
    return await _open_attempts(self, credits)


async def _looks_among_credits(self: Chargebee, customer_id: str, kind: CallKind) -> list[ListedCredit]:
    return await _credits_of(self, customer_id, CallKind.ADD)


def _named_anew_each_time() -> Callable[[str], str]:
    numbers = count(1)
    return lambda reference: f"{reversal_reference(reference)} {next(numbers)}"


def _without_its_amount(request: CreditRequest) -> bytes:
    return re.sub(rb"&amount=[0-9]+", b"", add_body(request))


_TWICE = frozenset({"double"})
MUTANTS = (
    Mutant("journal after the send", ((Journal, "open_attempts", _journal_after_the_send),), 1055, _TWICE),
    Mutant("a new key per attempt", ((group_commit, "idempotency_key", _a_new_key_per_attempt),), 1002, _TWICE),
    Mutant("timeout taken as failure", _instead(_no_answer_is_failure), 1000),
    Mutant("timeout taken as success", _instead(_no_answer_is_success), 1000),
    Mutant("no quarantine", ((DoubtSettler, "_quarantine_left", _no_quarantine),), 1015, _TWICE),
    Mutant("quarantine by the wall clock", ((DoubtSettler, "_quarantine_left", _quarantine_by_the_wall_clock),), 1206),
    Mutant("absence without a witness", ((DoubtSettler, "_witness", _no_witness),), 1125, _TWICE),
    Mutant("a refusal settling an earlier attempt", _instead(_a_refusal_settles_all), 2148),
    Mutant(
        "retry at once with the same key and never look",
        (*_instead(_doubt_is_retried), (DoubtSettler, "hold", _release_without_a_look)),
        1000,
        _TWICE,
    ),
    Mutant("a deduction looked for among credits", ((Chargebee, "credits_of", _looks_among_credits),), 1000, _TWICE),
    Mutant("a reversal named anew", ((reversal, "reversal_reference", _named_anew_each_time()),), 1000, _TWICE),
    Mutant(
        "a deduction without its amount",
        ((reversal, "deduct_body", _without_its_amount), (client, "has_amount", lambda body: True)),
        1000,
        frozenset({"drained"}),
    ),
    Mutant("body rebuilt instead of frozen", ((Journal, "open_attempts", _body_rebuilt),), 1002),
)
