"""A batch while it is sent: its page, the events that keep it fresh, and the word to stop."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from batch_credits.children.events import Told
from batch_credits.model import CallKind, Outcome
from batch_credits.model.amounts import Exponents
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.progress.words import left_in_words, span_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.text.counted import rows as rows_in_words
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.jobs import Job
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import amounts_in, amounts_of, go_to, show, stated_in
from batch_credits.web.handlers.result import result_page
from batch_credits.web.handlers.wording import outcome_figures
from batch_credits.web.pages import Amount, Figure, PilotQuestion, PilotRow, RunPage

EVENT_SECONDS = 1.0
_ASKED = "?pilot=1"  # of a page that asks after the pilot
_SAID = ("yes", "no")
_OF_OTHERS_SECONDS = 3.0  # between looks into the ledger at a batch that was not begun here


async def batch(request: web.Request) -> web.Response:
    """The page of a batch: how it is sent, or what became of it."""
    desk, key = desk_of(request), key_of(request)
    known = await desk.books.batch(key)
    if is_sent(desk, key, known):
        return show(request, run_page(desk, key, known), refresh_seconds=3)
    if known is None:
        return _not_sent(desk, key)
    return await result_page(request, known)


def key_of(request: web.Request) -> str:
    """The id of the batch in the address.

    Raises:
        Refused: it is no id.
    """
    key = request.match_info["key"]
    if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
        raise Refused(404, "There is no such batch.", "Look for it in the list of batches.")
    return key


def is_sent(desk: Desk, key: str, known: Known | None) -> bool:
    """Whether somebody sends the batch now: a run that was begun here, or whoever else the ledger knows of."""
    return desk.jobs.is_running(key) or (known is not None and bool(known.senders))


def _not_sent(desk: Desk, key: str) -> web.Response:
    """Where a run was refused before anything was owed, its file is there still, and its order, if it has one."""
    if desk.orders.waiting(key) is not None:
        return go_to(f"/orders/{key}")
    job = desk.jobs.latest(key)
    if job is None or not job.upload_id:
        raise Refused(404, "There is no such batch.", "Look for it in the list of batches.")
    return go_to(f"/uploads/{job.upload_id}")


def run_page(desk: Desk, key: str, known: Known | None) -> RunPage:
    """How it goes."""
    is_ours, job = desk.jobs.is_running(key), desk.jobs.latest(key)
    told = job.told() if is_ours and job is not None else None
    kind = known.record.kind if known is not None else CallKind.ADD
    if told is not None and told.plan is not None and told.plan.get("reverses"):
        kind = CallKind.DEDUCT
    progress = (told.progress if told is not None else None) or {}
    stated = _stated(desk, job, known)
    if progress:
        figures, percent = _figures_of(progress, kind, stated), int(progress["percent"])
    elif known is not None:
        figures, percent = _figures_in_books(known, kind)
    else:
        figures, percent = outcome_figures(kind, _planned(desk, job, told), {}), 0
    pilot = _pilot(key, job, told, stated)
    name = job.file_name if is_ours and job is not None else "" if known is None else known.record.file_name
    return RunPage(
        key=key,
        file_name=name,
        figures=figures,
        percent=percent,
        pace=_pace(progress, known),
        left=left_in_words(progress.get("seconds_left")),
        waits=_waits(desk, key, progress, is_ours=is_ours, has_begun=bool(progress)),
        notes=tuple(told.notes) if told is not None else (),
        can_stop=is_ours and job is not None and not job.stopped_by,
        is_deduction=kind is CallKind.DEDUCT,
        events_href=f"/batches/{key}/events{'' if pilot is None else _ASKED}",
        stop_href=f"/batches/{key}/stop",
        pilot=pilot,
    )


def _stated(desk: Desk, job: Job | None, known: Known | None) -> Exponents:
    """The decimals of currencies that were stated: by the ledger, or by the check of what is being sent."""
    if known is not None:
        return stated_exponents(known.record)
    return stated_in(_checked_of(desk, job))


def _checked_of(desk: Desk, job: Job | None) -> Mapping[str, Any]:
    """What the check of a run's file said; nothing where that is not known."""
    upload = desk.uploads.known(job.upload_id) if job is not None else None
    checked = desk.checks.known(upload) if upload is not None else None
    return {} if checked is None else checked.content


def _pilot(key: str, job: Job | None, told: Told | None, stated: Exponents) -> PilotQuestion | None:
    """What is asked after the first rows; None: nothing is, or it was answered."""
    if job is None or told is None or told.pilot is None or not told.pilot["agrees"] or job.is_answered:
        return None
    left = told.pilot["rows_left"]
    rows = tuple(PilotRow(row["row"], row["customer_id"], _money(row["listed"], stated)) for row in told.pilot["rows"])
    href = f"/batches/{key}/pilot?of={job.folder.name}"  # of this run: the next one has a pilot of its own
    return PilotQuestion(href, rows, left) if left and not job.stopped_by else None


def _money(said: Mapping[str, Any], stated: Exponents) -> str:
    return amounts_of({said["currency_code"] or SITE_CURRENCY: said}, stated)[0].words


def _figures_of(progress: Mapping[str, Any], kind: CallKind, stated: Exponents) -> tuple[Figure, ...]:
    """Of a run that says how it goes. What is on its way, or not tried yet, is pending."""
    counts = {kind.name_of(outcome): progress[kind.name_of(outcome)] for outcome in Outcome}
    credited = kind.name_of(Outcome.CREDITED)
    return outcome_figures(kind, counts, {credited: amounts_of(progress[f"{credited}_totals"], stated)})


def _planned(desk: Desk, job: Job | None, told: Told | None) -> Mapping[str, int]:
    """How many rows wait to be sent, by what the run says that it will do, or by what was agreed to."""
    plan = None if told is None else told.plan
    counts: Mapping[str, int] = (plan or _checked_of(desk, job)).get("counts", {})
    return counts


def _figures_in_books(known: Known, kind: CallKind) -> tuple[tuple[Figure, ...], int]:
    """Of a batch of which the ledger alone tells; and how many percent of it are done."""
    counts, totals = dict[str, int](), dict[str, tuple[Amount, ...]]()
    for outcome, found in known.view.outcomes.items():
        name = kind.name_of(outcome)
        counts[name] = sum(total.rows for total in found)
        totals[name] = amounts_in(found if outcome in known.view.summed else ())
    open_rows = sum(counts.get(name, 0) for name in ("pending", "in_doubt"))
    done = known.view.rows - open_rows
    return outcome_figures(kind, counts, totals), 100 * done // max(1, known.view.rows)


def _pace(progress: Mapping[str, Any], known: Known | None) -> str:
    if progress:
        pace, limit = (
            round(progress["rows_per_minute"]),
            progress.get("slowed_to_per_minute", progress["budget_per_minute"]),
        )
        of = f" of the {limit:,} requests a minute that the site's limit leaves" if limit else ""
        return f"{rows_in_words(pace)} a minute{of}"
    senders = known.senders if known is not None else ()
    if not senders:
        return ""
    pace = sum(sender.rows_per_minute for sender in senders)
    who = ", ".join(sorted({f"{sender.user} on {sender.host}" for sender in senders}))
    return f"{rows_in_words(pace)} a minute; sent by {who}"


def _waits(desk: Desk, key: str, progress: Mapping[str, Any], *, is_ours: bool, has_begun: bool) -> str:
    if is_ours and not has_begun:
        others = [job.file_name for other, job in desk.jobs.running() if other != key and job.told().progress]
        return f"Waiting for {others[0]}, which is being sent." if others else "It is about to begin."
    what, seconds = progress.get("waits_for"), progress.get("waits_seconds")
    if not what:
        return ""
    return f"It waits: {what}." if seconds is None else f"It waits: {what}, {span_in_words(seconds)} at most."


async def events(request: web.Request) -> web.StreamResponse:
    """How it goes, once a second, as server-sent events; ends once nobody sends it."""
    desk, key = desk_of(request), key_of(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    said, is_asked = "", "pilot" in request.query
    while True:
        known = None
        is_ours = desk.jobs.is_running(key)
        if not is_ours or not _has_begun(desk, key):
            known = await desk.books.batch(key)
        is_over = not is_sent(desk, key, known)
        state = json.dumps({"page": "result"} if is_over else _state(run_page(desk, key, known), is_asked=is_asked))
        await response.write(f"event: state\ndata: {state}\n\n".encode() if state != said else b": still\n\n")
        if is_over:
            return response
        said = state
        await asyncio.sleep(EVENT_SECONDS if is_ours else _OF_OTHERS_SECONDS)


def _has_begun(desk: Desk, key: str) -> bool:
    job: Job | None = desk.jobs.latest(key)
    return job is not None and job.told().progress is not None


def _state(page: RunPage, *, is_asked: bool) -> dict[str, Any]:
    """How it goes, for a page that asks after the pilot or does not: where it should be the other, it loads again."""
    if (page.pilot is not None) is not is_asked:
        return {"page": "other"}
    totals = {
        figure.name: {amount.currency: {"minor": amount.minor, "words": amount.words} for amount in figure.total}
        for figure in page.figures
    }
    state = {
        name: value for name, value in asdict(page).items() if name in ("percent", "pace", "left", "waits", "notes")
    }
    counts = {figure.name: figure.rows for figure in page.figures}
    return {"page": "run", "counts": counts, "totals": totals, "can_stop": page.can_stop, **state}


async def stop(request: web.Request) -> web.Response:
    """Let a run that was begun here end in order."""
    desk, key = desk_of(request), key_of(request)
    await read_fields(request, lambda name: False)
    if not desk.jobs.stop(key, actor_of(request)) and is_sent(desk, key, await desk.books.batch(key)):
        raise Refused(
            409, "This batch is not sent from this page, so it cannot be stopped here.", "Whoever runs it can stop it."
        )
    return go_to(f"/batches/{key}")


async def pilot(request: web.Request) -> web.Response:
    """Say whether the rest is sent after the pilot."""
    desk, key = desk_of(request), key_of(request)
    fields = await read_fields(request, lambda name: name == "answer")
    if fields.get("answer") not in _SAID:
        raise Refused(400, "The form has an answer that was not among its choices.", "Load the page again.")
    job = desk.jobs.latest(key)
    asked = None if job is None else _pilot(key, job, job.told(), {})
    if job is not None and asked is not None:
        if request.path_qs != asked.href:
            raise Refused(409, "This page asked about the first rows of an earlier run.", "Answer where it asks now.")
        job.answer(fields["answer"])
    return go_to(f"/batches/{key}")
