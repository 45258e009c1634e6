"""The list of all batches, and of files that came and were not sent."""

from dataclasses import replace
from urllib.parse import urlencode

from aiohttp import web

from batch_credits.approval.giving import may_approve
from batch_credits.approval.judging import is_approved
from batch_credits.approval.policy import Policy
from batch_credits.errors import NotConfirmed
from batch_credits.model import CallKind, Outcome
from batch_credits.views.batches import BatchView
from batch_credits.views.listed import pages_of
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.identity import actor_of
from batch_credits.web.handlers.answers import amounts_in, amounts_of, page_number, show, stated_in
from batch_credits.web.handlers.approve import has_a_say, known_policy
from batch_credits.web.pages import Amount, BatchEntry, BatchesPage, Filter, State

ENTRIES_A_PAGE = 50
WAITING_FOR_YOU = "waiting for you"  # of all states those in which this person has to do something
_WAITS_FOR_A_PERSON = (
    State.UNCLEAR, State.CHECKED, State.REJECTED, State.STOPPED, State.ATTENTION
)  # fmt: skip


async def batches(request: web.Request) -> web.Response:
    """All that is known, newest first, narrowed to what was asked for."""
    desk = desk_of(request)
    narrowed = Filter(request.query.get("text", "").strip(), request.query.get("state", ""), page_number(request))
    entries = await _entries(desk, actor_of(request))
    found = [entry for entry in entries if _is_meant(entry, narrowed)]
    waiting = sum(entry.needs_person for entry in entries)
    first = (narrowed.page - 1) * ENTRIES_A_PAGE
    page = BatchesPage(
        entries=tuple(found[first : first + ENTRIES_A_PAGE]),
        narrowed=narrowed,
        states=(*(state.value for state in State), WAITING_FOR_YOU),
        pages=pages_of(len(found), ENTRIES_A_PAGE),
        in_all=len(found),
        waiting_href=f"/?{urlencode({'state': WAITING_FOR_YOU})}" if waiting else "",
    )
    is_moving = any(entry.state in (State.CHECKING, State.WAITING, State.RUNNING) for entry in page.entries)
    return show(request, page, waiting=waiting, refresh_seconds=5 if is_moving else 0)


async def _entries(desk: Desk, actor: str) -> list[BatchEntry]:
    policy, views = known_policy(), await desk.books.batches()
    known = [_of_batch(desk, view, is_sent=is_sent) for view, is_sent in views]
    known = [await _with_order(desk, entry, policy, actor) for entry in known]
    keys, uploads = {entry.key for entry in known}, []
    for upload in sorted(desk.uploads.all(), key=lambda upload: upload.at, reverse=True):
        entry = _of_upload(desk, upload, policy, actor)
        if not entry.key or entry.key not in keys:
            uploads.append(entry)
            keys.add(entry.key)
    return sorted([*known, *uploads], key=lambda entry: entry.at, reverse=True)


def _is_meant(entry: BatchEntry, narrowed: Filter) -> bool:
    if narrowed.state == WAITING_FOR_YOU:
        if not entry.needs_person:
            return False
    elif narrowed.state and entry.state != narrowed.state:
        return False
    text = narrowed.text.casefold()
    found_in = (entry.file_name.casefold(), entry.actor.casefold())
    return not text or entry.key.startswith(text) or any(text in each for each in found_in)


def _of_batch(desk: Desk, view: BatchView, *, is_sent: bool) -> BatchEntry:
    job = desk.jobs.latest(view.key)
    is_running = is_sent or desk.jobs.is_running(view.key)
    state = State.RUNNING if is_running else _state_of(view)
    credited = [view.outcomes.get(outcome, ()) for outcome in (Outcome.CREDITED, Outcome.ALREADY_CREDITED)]
    rows = sum(total.rows for totals in credited for total in totals)
    done = "taken back" if view.kind is CallKind.DEDUCT else "credited"
    return BatchEntry(
        key=view.key,
        href=f"/batches/{view.key}",
        file_name=view.file_name if job is None else job.file_name,
        state=state,
        rows=view.rows,
        totals=amounts_in(view.asked),
        credited_words=f"{rows:,} of {view.rows:,} {done}",
        actor=job.actor if job is not None else view.run.user if view.run is not None else "",
        at=view.created_at,
        payout=" ".join(view.kin),
        is_reversal=view.kind is CallKind.DEDUCT,
        needs_person=state in _WAITS_FOR_A_PERSON,
        at_least=Outcome.REJECTED in view.outcomes,
    )


async def _with_order(desk: Desk, entry: BatchEntry, policy: Policy | None, actor: str) -> BatchEntry:
    """A batch of which something is left, as the order of that has it, where one waits."""
    if entry.state not in (State.STOPPED, State.FOR_A_WORKER, State.ATTENTION) or desk.orders.open(entry.key) is None:
        return entry
    record = await desk.books.batch(entry.key)
    submitted = None if record is None else desk.order_of_rest(record)
    if submitted is None:
        return entry
    state = State.APPROVED if is_approved(submitted.sealed, policy) else State.SUBMITTED
    needs_person = _waits_for(desk, entry.key, state, policy, actor)
    return replace(entry, state=state, href=f"/orders/{entry.key}", needs_person=needs_person)


def _state_of(view: BatchView) -> State:
    if Outcome.REVIEW in view.outcomes or Outcome.IN_DOUBT in view.outcomes:
        return State.ATTENTION
    if Outcome.PENDING in view.outcomes and view.is_on:
        return State.FOR_A_WORKER
    if Outcome.PENDING in view.outcomes or view.stopped:
        return State.STOPPED
    if Outcome.FAILED in view.outcomes or Outcome.REJECTED in view.outcomes:
        return State.PARTLY
    return State.DONE


def _state_of_order(desk: Desk, key: str, policy: Policy | None) -> State:
    """How far a file is that was checked: nobody has asked for more, or others are to approve it, or it begins."""
    if desk.jobs.is_running(key):
        return State.WAITING
    if (submitted := desk.orders.open(key)) is not None:
        return State.APPROVED if is_approved(submitted.sealed, policy) else State.SUBMITTED
    return State.CHECKED if desk.orders.rejection(key) is None else State.REJECTED


def _of_upload(desk: Desk, upload: Upload, policy: Policy | None, actor: str) -> BatchEntry:
    checked = desk.checks.known(upload)
    key, rows = "", 0
    totals: tuple[Amount, ...] = ()
    unread = False
    if checked is None:
        state = State.CHECKING
    elif checked.error is not None:
        state = State.UNCLEAR if checked.asks else State.REFUSED
    else:
        found = checked.content
        key, rows = found["batch"], found["rows"]
        state = _state_of_order(desk, key, policy)
        totals, unread = amounts_of(found["totals"], stated_in(found)), bool(found["unreadable_amounts"])
    hrefs = {State.WAITING: f"/batches/{key}", State.SUBMITTED: f"/orders/{key}", State.APPROVED: f"/orders/{key}"}
    return BatchEntry(
        key=key,
        href=hrefs.get(state, f"/uploads/{upload.upload_id}"),
        file_name=upload.file_name,
        state=state,
        rows=rows,
        totals=totals,
        credited_words="",
        actor=upload.actor,
        at=upload.at,
        payout="mends rows of an earlier file" if upload.mends else "",
        is_reversal=False,
        needs_person=state in _WAITS_FOR_A_PERSON or _waits_for(desk, key, state, policy, actor),
        at_least=unread,
    )


def _waits_for(desk: Desk, key: str, state: State, policy: Policy | None, actor: str) -> bool:
    """Whether it is an order that this person can approve now, or have paid."""
    submitted = desk.orders.waiting(key) if state in (State.SUBMITTED, State.APPROVED) else None
    if submitted is None or policy is None:
        return False
    if state is State.APPROVED:
        return has_a_say(submitted.sealed, actor)
    try:
        may_approve(submitted.sealed, policy, actor)
    except NotConfirmed:
        return False
    return True
