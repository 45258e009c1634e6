"""What a probe of a test site sent, and what it learned: durable before its first byte leaves, as all that moves money.

A probe holds the whole site, as a run in one process does: nobody else sends to it meanwhile, on whatever host.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

import orjson

from batch_credits import __version__
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.keeping import stay_here
from batch_credits.ledger.sites import site_id_of
from batch_credits.ledger.workers import RENEWALS, Part, Workers
from batch_credits.model import CallKind
from batch_credits.model.site_facts import SiteFacts
from batch_credits.process.user import user_name


class CallState(Enum):
    """How a call of a probe stands: nobody knows what came of it; it made a credit, or a deduction; it made none."""

    OPEN = "open"
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"


class OpenProbe(NamedTuple):
    """A probe of which something may be left. `started_at` is in words (UTC)."""

    probe_id: int
    name: str
    customer_id: str
    currency: str | None
    started_at: str


class ProbeCall(NamedTuple):
    """One call; `call` is its headers, as `call_of` makes them. `takes_back`: of a deduction, the credit's id."""

    number: int
    kind: CallKind
    reference: str
    amount_minor: int
    body: bytes
    key: str
    call: str
    takes_back: str | None = None
    state: CallState = CallState.OPEN
    credit_id: str | None = None
    reason: str | None = None


class Probes:
    """The desk for probes."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._db = database
        self._workers = workers

    def hold(self, site: str, lease_seconds: float, timeout_seconds: float) -> None:
        """Hold all of a site. `timeout_seconds`: how long what is sent may be on its way. What somebody else has left
        in flight there is in doubt from here on.

        Raises:
            LedgerBusy: somebody else holds some of it.
            LedgerError: the ledger was copied to another place.
        """
        self._workers.anew()
        self._db.idle_ms = max(1, round(lease_seconds * 1000) // (2 * RENEWALS))
        with self._db.transaction():
            stay_here(self._db)
            site_id = site_id_of(self._db, site)
            worker = self._workers.hold(site_id, None, Part(), lease_seconds, timeout_seconds)
            self._db.change("note_left_in_flight", site=site_id, worker=worker, now=self._db.now())
            self._db.change("doubt_left_in_flight", site=site_id, worker=worker)
        self._workers.kept()

    def stay(self) -> None:
        """Say that this process goes on to hold what it holds.

        Raises:
            LeaseLost: it does not.
        """
        with self._db.transaction():
            self._workers.fence()
        self._workers.kept()

    def begin(self, name: str, site: str, customer_id: str, currency: str | None) -> int:
        """A probe begins. Returns its number."""
        with self._db.transaction():
            self._workers.fence()
            probe_id = self._db.value(
                "begin_probe", name=name, site=site_id_of(self._db, site), customer=customer_id, currency=currency,
                user=user_name(), version=__version__, now=self._db.now(),
            )  # fmt: skip
        self._workers.kept()
        return int(probe_id)

    def send(self, probe_id: int, *calls: ProbeCall) -> None:
        """These calls are about to leave.

        Raises:
            LeaseLost: somebody else may send now. Nothing may leave.
            LedgerError: it was not written; or what one of them takes back is taken back already.
        """
        with self._db.transaction():
            self._workers.fence()
            for call in calls:
                self._send(probe_id, call)
        self._workers.kept()

    def settle(
        self, probe_id: int, number: int, state: CallState, credit_id: str | None = None, reason: str | None = None
    ) -> None:
        """What came of a call that was open."""
        with self._db.transaction():
            self._workers.fence()
            self._settle(probe_id, number, state, credit_id, reason)
        self._workers.kept()

    def found(self, probe_id: int, call: ProbeCall, credit_id: str) -> None:
        """A credit of the probe's is listed that no call is known of: it is to be taken back like the others."""
        with self._db.transaction():
            self._workers.fence()
            self._send(probe_id, call)
            self._settle(probe_id, call.number, CallState.APPLIED, credit_id, None)
        self._workers.kept()

    def learn(self, probe_id: int, facts: SiteFacts) -> None:
        """Keep what the probe learned of its site."""
        with self._db.transaction():
            self._workers.fence()
            self._db.change("note_facts", probe=probe_id, facts=orjson.dumps(facts.as_document()).decode())
        self._workers.kept()

    def end(self, probe_id: int) -> None:
        """Nothing of the probe is left."""
        with self._db.transaction():
            self._workers.fence()
            self._db.change("end_probe", probe=probe_id, now=self._db.now())
        self._workers.kept()

    def left(self, site: str) -> list[OpenProbe]:
        """The probes of a site of which something may be left, the oldest first."""
        return self._db.all("open_probes", _open_probe, site=site)

    def calls(self, probe_id: int) -> list[ProbeCall]:
        """What a probe has sent, in order."""
        return self._db.all("probe_calls", _call, probe=probe_id)

    def facts(self, site: str) -> SiteFacts | None:
        """What the last probe of a site learned; None: there was none."""
        return self._db.first("facts_of_site", lambda row: SiteFacts.of_document(orjson.loads(row[0])), site=site)

    def _send(self, probe_id: int, call: ProbeCall) -> None:
        self._db.change(
            "send_probe_call", probe=probe_id, number=call.number, kind=call.kind.value, reference=call.reference,
            amount=call.amount_minor, body=call.body.decode("ascii"), key=call.key, call=call.call,
            takes_back=call.takes_back, now=self._db.now(),
        )  # fmt: skip

    def _settle(self, probe_id: int, number: int, state: CallState, credit_id: str | None, reason: str | None) -> None:
        self._db.change(
            "settle_probe_call", probe=probe_id, number=number, state=state.value, credit=credit_id, reason=reason
        )


def standing(calls: Sequence[ProbeCall]) -> list[ProbeCall]:
    """Of what a probe has sent, the credits that are there and are not known to be taken back."""
    back = {call.takes_back for call in calls if call.takes_back and call.state is CallState.APPLIED}
    return [
        call for call in calls
        if call.kind is CallKind.ADD and call.state is CallState.APPLIED and call.credit_id not in back
    ]  # fmt: skip


def in_doubt(calls: Sequence[ProbeCall]) -> list[ProbeCall]:
    """Those calls of which nobody knows what came of them."""
    return [call for call in calls if call.state is CallState.OPEN]


def _open_probe(row: Row) -> OpenProbe:
    probe_id, name, customer_id, currency, started_at = row
    started = datetime.fromtimestamp(started_at / 1000, UTC)
    return OpenProbe(probe_id, name, customer_id, currency, started.strftime("%Y-%m-%d %H:%M UTC"))


def _call(row: Row) -> ProbeCall:
    number, kind, reference, amount, body, key, call, takes_back, state, credit_id, reason = row
    return ProbeCall(
        number, CallKind(kind), reference, amount, body.encode("ascii"), key, call, takes_back, CallState(state),
        credit_id, reason,
    )  # fmt: skip
