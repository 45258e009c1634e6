"""Ways to get the protocol wrong, each of which somebody would call reasonable.

A check that cannot fail is no check: the storm must catch every one of them. They exist here only, as patches
of the product's functions from outside; the product has no switch for them.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from batch_credits.chargebee import client, verdicts
from batch_credits.chargebee.answers import Answer, ErrorBody
from batch_credits.chargebee.bodies import add_body
from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import Claims, Moment, Unrecorded, Workers, group_commit, numbering, times
from batch_credits.ledger.engines.sqlite import database
from batch_credits.ledger.group_commit import Journal
from batch_credits.ledger.statements import STATEMENTS
from batch_credits.model import CallKind, OpenAttempt, PlannedCredit, RequestState, reversal_reference
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.planning import reversal
from batch_credits.process import clock
from batch_credits.protocol import (
    AnswerStep,
    Blocked,
    Credited,
    ForAnother,
    FoundNothing,
    HoldInDoubt,
    Look,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Verdict,
    Witness,
)
from batch_credits.reconciler import settler
from batch_credits.reconciler.looks import Known
from batch_credits.reconciler.lost import LostHolders
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.worker_pool import pool
from batch_credits.worker_pool.pool import WorkerPool
from tests.simulation import stories, team

_after_answer = pool.after_answer
_idempotency_key = group_commit.idempotency_key
_open_attempts = Journal.open_attempts
_credits_of = Chargebee.credits_of
_verdict_of, _error_of = client.verdict_of, verdicts.error_of
_what_was_found = settler.what_was_found
tie_out: Any = import_module("batch_credits.reconciler.tie_out")  # its package has a function of this name
_list_entity, _carry_out = tie_out._list_entity, tie_out._carry_out
_get_headers, _post_headers = Chargebee._get_headers, Chargebee._post_headers


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


def _release_without_a_look(self: DoubtSettler, credit: PlannedCredit, pool: WorkerPool) -> None:
    self._loop.call_soon(pool.release, credit)


def _no_quarantine(self: DoubtSettler, credit: PlannedCredit) -> float:
    return 0.0


def _quarantine_by_the_wall_clock(self: DoubtSettler, credit: PlannedCredit) -> float:
    looks: Any = self._memory
    sent = "SELECT max(at) FROM attempt WHERE request_id = ?"
    row = looks._db._connection.execute(sent, (credit.request_id,)).fetchone()
    return float((row[0] or 0) / 1000 + self._settings.quarantine_seconds - times.now_ms() / 1000)


async def _no_witness(self: DoubtSettler, credit: PlannedCredit, over_since: Moment) -> Witness:
    return Witness.SHOWN


async def _body_rebuilt(self: Journal, credits: Sequence[PlannedCredit]) -> list[OpenAttempt]:
    for credit in credits:
        credit.body = credit.body.replace(b"a+credit", b"a+credit+of+run+%d" % (self._run_id or 0))
    return await _open_attempts(self, credits)


async def _looks_among_credits(
    self: Chargebee, customer_id: str, kind: CallKind, call: str | None = None
) -> list[ListedCredit]:
    return await _credits_of(self, customer_id, CallKind.ADD, call)


def _word_by_word(self: ListedCredit, credit: PlannedCredit) -> bool:
    return (self.customer_id, self.reference) == (credit.customer_id, credit.reference)


def _another_is_no_answer(credit: PlannedCredit, answer: Answer) -> Verdict:
    verdict = _verdict_of(credit, answer)
    named = isinstance(verdict, ForAnother | NoAnswer) and answer.status == 200
    return NoAnswer("about another credit", 200, spoils_key=_is_replayed(answer)) if named else verdict


def _is_replayed(answer: Answer) -> bool:
    return answer.headers.get("chargebee-idempotency-replayed") == "true"


def _unattributed_is_absence(credit: PlannedCredit, listed: Any, elsewhere: Any, known: Any) -> Look:
    look = _what_was_found(credit, listed, elsewhere, known)
    return replace(look, unattributed=None) if isinstance(look, FoundNothing) else look


def _a_name_is_a_credit(credit: PlannedCredit, listed: Any, elsewhere: Any, known: Known) -> Look:
    return _what_was_found(credit, listed, elsewhere, replace(known, closed=frozenset()))


def _a_proxys_no_is_proof(credit: PlannedCredit, verdict: Verdict, _step: AnswerStep) -> AnswerStep | None:
    return StopRun(verdict.error, credit.open_attempts - 1) if isinstance(verdict, Blocked) else None


def _any_json_is_chargebees(answer: Answer) -> ErrorBody:
    return _error_of(answer)._replace(is_chargebees=True)


def _under_the_entity_of_the_run(self: Chargebee, call: str | None) -> dict[str, str]:
    return _get_headers(self, None)


def _with_the_headers_of_the_run(self: Chargebee, call: str) -> dict[str, str]:
    return _post_headers(self, self._own_call)


def _by_a_clock_that_sleeps() -> float:
    return asyncio.get_running_loop().time()


def _named_anew_each_time() -> Callable[[str], str]:
    numbers = count(1)
    return lambda reference: f"{reversal_reference(reference)} {next(numbers)}"


def _without_its_amount(request: CreditRequest) -> bytes:
    return re.sub(rb"&amount=[0-9]+", b"", add_body(request))


@dataclass(frozen=True)
class StoryMutant(Mutant):
    """One that a story must catch, which the storm does not play."""

    story: Callable[[Path], set[str]] = stories.a_number_is_of_what_was_paid_under_it


async def _looked_at_all(*arguments: Any) -> int:
    await _list_entity(*arguments)
    return 0


def _told_and_left(journal: Journal, credit: PlannedCredit, found: Unrecorded) -> None:
    if credit.state is not RequestState.FAILED and len(found.same) == 1 and not found.other:
        _carry_out(journal, credit, found)


def _of_all_shards(*names: str) -> dict[str, str]:
    return {name: STATEMENTS[name].replace("s.owner = :worker", "s.owner IS NOT NULL") for name in names}


class TeamMutant(Mutant):
    """One that the team's simulation must catch."""


def _renewed_whoever_holds(self: Workers) -> int | None:
    asked = clock.boottime()
    if self._is_due(self._db.value("lease_left", worker=self._me)):
        self._db.change("renew_lease", worker=self._me)
        self._kept_until = asked + self._lease_ms / 1000
    return self._me


def _lease_from_the_answer(self: Workers) -> None:
    if self._kept_until is not None and self._dead_man is not None:
        self._dead_man.arm(clock.boottime() + self._lease_ms / 1000)
    self._kept_until = None


def _over_at_once(self: LostHolders, credit: PlannedCredit) -> float | None:
    return self._loop.time() if self._concerns(credit) else None


def _no_second_wait(self: LostHolders, credit: PlannedCredit) -> float:
    return 0.0


_TWICE = frozenset({"double"})
TEAM_MUTANTS = (
    TeamMutant("no fence in a team", ((Workers, "fence", _renewed_whoever_holds),), 17, frozenset({"recorded"})),
    TeamMutant(
        "a lease by the worker's clock",
        ((team.TeamDatabase, "now_ms", lambda self: round(clock.boottime() * 1000)),),
        0,
        frozenset({"double", "lost", "outlived"}),
    ),
    TeamMutant(
        "a lease counted from the answer", ((Workers, "kept", _lease_from_the_answer),), 57, frozenset({"outlived"})
    ),
    TeamMutant("no dead man", ((Workers, "kept", lambda self: None),), 2, frozenset({"outlived"})),
    TeamMutant(
        "no quarantine for what a lost worker left",
        ((LostHolders, "over_at", _over_at_once), (LostHolders, "seconds_alone", _no_second_wait)),
        0,
        _TWICE,
    ),
    TeamMutant(
        "a witness of before the lost worker's end", ((LostHolders, "seconds_alone", _no_second_wait),), 710, _TWICE
    ),
)
STORY_MUTANTS = (
    StoryMutant(
        "reconcile says of what it did not see that it ties out",
        ((tie_out, "_list_entity", _looked_at_all),),
        story=stories.a_lost_ledgers_payout_is_not_denied,
    ),
    StoryMutant(
        "reconcile tells a contradiction and leaves the row owed",
        ((tie_out, "_carry_out", _told_and_left),),
        story=stories.a_contradiction_is_not_left_owed,
    ),
    StoryMutant(
        "a new number of a group that has moved",
        ((numbering, "reject_moved", lambda database, batch_id: 0),),
    ),
    StoryMutant(
        "no fence",
        ((Workers, "fence", lambda self: self._me),),
        story=stories.who_slept_pays_nothing_that_another_has_taken_up,
    ),
    StoryMutant(
        "adopting what everybody has in flight",
        ((database, "STATEMENTS", STATEMENTS | _of_all_shards("note_left_in_flight", "doubt_left_in_flight")),),
        story=stories.who_slept_pays_nothing_that_another_has_taken_up,
    ),
)
MUTANTS = (
    Mutant("journal after the send", ((Journal, "open_attempts", _journal_after_the_send),), 1055, _TWICE),
    Mutant("a new key per attempt", ((group_commit, "idempotency_key", _a_new_key_per_attempt),), 1038, _TWICE),
    Mutant("timeout taken as failure", _instead(_no_answer_is_failure), 1000),
    Mutant("timeout taken as success", _instead(_no_answer_is_success), 1000),
    Mutant("no quarantine", ((DoubtSettler, "_quarantine_left", _no_quarantine),), 1015, _TWICE),
    Mutant("quarantine by the wall clock", ((DoubtSettler, "_quarantine_left", _quarantine_by_the_wall_clock),), 1206),
    Mutant("absence without a witness", ((DoubtSettler, "_witness", _no_witness),), 1132, _TWICE),
    Mutant("a refusal settling an earlier attempt", _instead(_a_refusal_settles_all), 2321),
    Mutant(
        "retry at once with the same key and never look",
        (*_instead(_doubt_is_retried), (DoubtSettler, "hold", _release_without_a_look)),
        1000,
        _TWICE,
    ),
    Mutant("a deduction looked for among credits", ((Chargebee, "credits_of", _looks_among_credits),), 1015, _TWICE),
    Mutant("a reversal named anew", ((reversal, "reversal_reference", _named_anew_each_time()),), 1006, _TWICE),
    Mutant(
        "a deduction without its amount",
        ((reversal, "deduct_body", _without_its_amount), (client, "has_amount", lambda body: True)),
        1006,
        frozenset({"drained"}),
    ),
    Mutant("body rebuilt instead of frozen", ((Journal, "open_attempts", _body_rebuilt),), 1002),
    Mutant(
        "texts held against each other word by word",
        ((ListedCredit, "is_named_as", _word_by_word), (client, "verdict_of", _another_is_no_answer),
         (settler, "what_was_found", _unattributed_is_absence)),
        1016,
        _TWICE,
    ),
    Mutant(
        "a credit that a cut reference hides taken for absence",
        ((client, "verdict_of", _another_is_no_answer), (settler, "what_was_found", _unattributed_is_absence)),
        1016,
        _TWICE,
    ),
    Mutant(
        "what bears the text of a row that was never sent taken for that row's",
        ((settler, "what_was_found", _a_name_is_a_credit),),
        120_003_346,
        _TWICE,
    ),
    Mutant(
        "another business entity by another file",
        ((Claims, "check_entity", lambda self, batch_id, entity, is_new=False: None),
         (Chargebee, "_get_headers", _under_the_entity_of_the_run)),
        1518,
        _TWICE,
    ),
    Mutant("a proxy's refusal of the key is proof", _instead(_a_proxys_no_is_proof), 1352, _TWICE),
    Mutant("any JSON with a code is Chargebee's", ((verdicts, "error_of", _any_json_is_chargebees),), 996),
    Mutant(
        "headers of the run instead of those frozen",
        ((Chargebee, "_post_headers", _with_the_headers_of_the_run),),
        1129,
        frozenset({"payload"}),
    ),
    Mutant(
        "a key's age by a clock that sleeps",
        ((client, "clock", SimpleNamespace(boottime=_by_a_clock_that_sleeps)),),
        1036,
        _TWICE,
    ),
)
