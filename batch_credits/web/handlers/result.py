"""What became of a batch: from its summary.json, number by number, with what can be done about the rest."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from aiohttp import web

from batch_credits.approval.policy import read_policy
from batch_credits.approval.words import moment_in_words
from batch_credits.errors import UsageError
from batch_credits.explanations import explained
from batch_credits.jobs.approved import why_not_own
from batch_credits.model import BatchRecord, CallKind
from batch_credits.model.amounts import Exponents
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.mending import mending_in_words
from batch_credits.text.counted import rows as count_of
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.children import ORDER
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.jobs import Job
from batch_credits.web.desk.results import FILES, Result
from batch_credits.web.desk.tables import customer_of, page_of
from batch_credits.web.door.downloads import attached, attachment
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import (
    amounts_of,
    page_number,
    show,
)
from batch_credits.web.handlers.check import expired, rejected
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.rest import Rest, rest_of, step_of, totals_of
from batch_credits.web.handlers.wording import outcome_figures
from batch_credits.web.pages import (
    Alert,
    Choice,
    Download,
    Explained,
    Figure,
    Mending,
    MendRow,
    ResultPage,
    ReviewRow,
)

_UNKNOWN_CODE = "Chargebee refused these rows; results.csv has what it said."
_TONES = {0: "good", 1: "warn", 3: "bad", 4: "warn"}


async def result_page(
    request: web.Request, known: Known, alert: Alert | None = None, status: int = 200
) -> web.Response:
    """The page, with what was refused just now."""
    desk = desk_of(request)
    result = await desk.results.of(known)
    page = await _page(request, desk, known, result)
    said = alert or _refused_last(desk, known) or (_said_of_order(desk, known) if page.submit is not None else None)
    return show(request, page, alert=said, status=status)


def _said_of_order(desk: Desk, known: Known) -> Alert | None:
    """Why the order of what is left came to nothing, if there was one."""
    key = known.record.key
    if (alert := rejected(desk, key)) is not None:
        return alert
    submitted = desk.orders.waiting(key)
    return None if submitted is None or submitted.number in known.order_numbers else expired(desk, key)


def _refused_last(desk: Desk, known: Known) -> Alert | None:
    """Why nothing more was sent the last time that somebody said so, if that came to nothing."""
    job = desk.jobs.latest(known.record.key)
    told = None if job is None else job.told()
    if told is None or told.error is None or told.summary is not None:
        return None
    return Alert(plain_words(told.error["message"]), plain_words(told.error["hint"]))


async def _page(request: web.Request, desk: Desk, known: Known, result: Result) -> ResultPage:
    summary, kind, stated = result.summary, known.record.kind, stated_exponents(known.record)
    key, counts = known.record.key, result.summary["counts"]
    is_deduction = kind is CallKind.DEDUCT
    job = desk.jobs.latest(key)
    review: tuple[ReviewRow, ...] = ()
    mending: Mending | None = None
    left: Set[str] | None = None  # the codes of rows that are still to be mended; None: whatever stands there
    if counts.get("review"):
        review = await _review(desk, result, known.record)
    if not is_deduction and (counts.get("failed") or counts.get("rejected")):
        mending, left = await asyncio.to_thread(_mending, key, result, page_number(request))
    can_undo, actor = not is_deduction and bool(counts.get("credited")), actor_of(request)
    is_mended = mending is not None and not mending.in_all  # what was not credited, by later files
    why_no_undo, rest = why_left_to_another(known, actor, "reverse"), rest_of(desk, known, summary, actor)
    return ResultPage(
        key=key,
        file_name=summary["file"],
        headline=summary["headline"],
        tone=_TONES.get(summary["exit_code"], "warn") if summary["in_balance"] else "bad",
        figures=_figures(summary, kind, stated),
        balance=tuple(summary["balance"]),
        is_in_balance=summary["in_balance"],
        stopped=summary["stopped"] or "",
        next_steps=tuple(_steps(known, summary, rest, mending is not None and mending.in_all > 0)),
        explained=tuple(_explained(summary, left)),
        downloads=tuple(_downloads(known, result, is_deduction=is_deduction, is_mended=is_mended)),
        mending=mending if mending is not None and mending.in_all else None,
        review=review,
        more=None if rest is None else rest.send,
        submit=None if rest is None else rest.submit,
        order_href="" if rest is None else rest.order_href,
        undo_href=f"/batches/{key}/undo" if can_undo and not why_no_undo else "",
        batches=tuple(_kin(known, summary)),
        facts=tuple(_facts(summary, job)),
        resolve_href=f"/batches/{key}/resolve",
        is_deduction=is_deduction,
        why_no_undo=why_no_undo if can_undo else "",
        why_no_resolving=why_left_to_another(known, actor, "resolve"),
    )


def why_left_to_another(known: Known, actor: str, command: str) -> str:
    """Why whoever looks must leave it to another person to undo or to settle the batch; "" where they need not. Where
    nobody can tell, the command itself refuses."""
    try:
        return why_not_own(read_policy(), known.behind, actor, command)
    except UsageError as error:
        return error.message


def _downloads(known: Known, result: Result, *, is_deduction: bool, is_mended: bool) -> Iterator[Download]:
    key = known.record.key
    if known.order:
        yield Download(ORDER, f"/batches/{key}/files/{ORDER}", "the order, and who approved it")
    counts = result.summary["counts"]
    for name in result.files():
        what = FILES[name]
        if name.startswith("failed.") and (is_mended or not (counts.get("failed") or counts.get("rejected"))):
            what = "no row: there is none to mend"
        elif is_deduction and name.startswith("failed."):  # which nobody may take for a file to pay
            what = "the rows not taken back, and why; never to be paid"
        yield Download(name, f"/batches/{key}/files/{name}", what)


def _figures(summary: Mapping[str, Any], kind: CallKind, stated: Exponents) -> tuple[Figure, ...]:
    totals = totals_of(summary, stated)
    figures = outcome_figures(kind, summary["counts"], totals)
    if not (undone := summary["reversed"])["count"]:
        return figures
    amounts = amounts_of(undone["totals"], stated)
    return (*figures, Figure("reversed", "Of them taken back", undone["count"], amounts))


def _steps(known: Known, summary: Mapping[str, Any], rest: Rest | None, can_mend: bool) -> list[str]:
    """What to do now, most urgent first."""
    counts, steps = summary["counts"], []
    if not summary["in_balance"]:
        steps.append(
            "The totals do not tie out. Have somebody ask Chargebee what exists before anything is sent again."
        )
    if review := counts.get("review", 0):
        steps.append(f"Settle {count_of(review)} below: look at the customer in Chargebee, and say what you found.")
    if doubt := counts.get("in_doubt", 0):
        steps.append(f"{count_of(doubt)} may have been sent: Chargebee is asked before any of them is sent again.")
    if rest is not None:
        steps.append(step_of(known, rest))
    if can_mend:
        steps.append("Mend the rows that were not credited, below or in failed.csv.")
    return steps or ["Nothing more to do."]


def _explained(summary: Mapping[str, Any], left: Set[str] | None) -> list[Explained]:
    """Why rows were not credited, the most frequent first. Where all of a code are mended, there is nothing to do."""
    found = []
    for codes in summary["reasons"].values():
        for code, rows in codes.items():
            said = explained(code) if code else []
            meaning = plain_words(said[0].happened) if said else _UNKNOWN_CODE
            to_do = plain_words(said[0].to_do) if said else "Mend them as it says."
            found.append(Explained(code or "no code", rows, meaning, to_do if left is None or code in left else ""))
    return sorted(found, key=lambda each: -each.rows)


def _kin(known: Known, summary: Mapping[str, Any]) -> list[Choice]:
    """Other batches of the same payout, and what took credits back."""
    kin = []
    for sentence, mended in zip(
        mending_in_words(known.mending), [*summary["mends"], *summary["mended_in"]], strict=False
    ):
        kin.append(Choice(f"/batches/{mended['batch']}", sentence))
    for key, rows in summary["reversed"]["by"].items():
        kin.append(Choice(f"/batches/{key}", f"{count_of(rows)} taken back by batch {key[:8]}."))
    if summary["reverses"]:
        kin.append(
            Choice(f"/batches/{summary['reverses']}", f"This takes back credits of batch {summary['reverses'][:8]}.")
        )
    return kin


def _facts(summary: Mapping[str, Any], job: Job | None) -> list[tuple[str, str]]:
    facts = [
        ("File", summary["file"]),
        ("Batch", summary["batch"]),
        ("Site", summary["site"]),
        ("Sent by", summary["user"] or "nobody yet"),
        ("Began", summary["started_at"] or "not yet"),
        ("Ended", summary["ended_at"] or "not known"),
        ("Requests", f"{summary['requests']:,}"),
        ("SHA-256 of the file", summary["file_sha256"] or "none"),
    ]
    facts += [("Approved by", f"{each['approver']}, {moment_in_words(each['at'])}") for each in summary["approvals"]]
    if job is not None and job.stopped_by:
        facts.append(("Stopped by", job.stopped_by))
    return facts


async def _review(desk: Desk, result: Result, record: BatchRecord) -> tuple[ReviewRow, ...]:
    """The first rows that a person must settle."""
    found = await asyncio.to_thread(
        page_of, result.folder / "results.csv", 1, lambda ours, _: ours["credit_outcome"] == "review"
    )
    shown = {int((ours := found.table.shown(cells))["credit_row"]): (ours, cells) for _, cells in found.rows}
    amounts = await desk.books.amounts(record, shown)
    rows = []
    for number, (ours, cells) in shown.items():
        rows.append(
            ReviewRow(
                row=number,
                customer=customer_of(record, cells),
                amount=amounts[number],
                reference=ours["credit_reference"],
                why=ours["credit_error"],
                credit_id=ours["credit_id"],
            )
        )
    return tuple(rows)


def _mending(key: str, result: Result, page: int) -> tuple[Mending, Set[str]]:
    """The rows that can be mended here, a page of them, and the codes of all."""
    codes: set[str] = set()

    def noted(ours: Mapping[str, str], _cells: Sequence[str]) -> bool:
        codes.add(ours["credit_error_code"])
        return True

    found = page_of(result.folder / "failed.csv", page, noted)
    rows = []
    for _, cells in found.rows:
        ours = found.table.shown(cells)
        named = ours["credit_error_param"].split("; ")
        wrong = tuple(place for place, header in enumerate(found.table.headers[: found.table.own]) if header in named)
        rows.append(
            MendRow(int(ours["credit_row"]), plain_words(ours["credit_error"]), cells[: found.table.own], wrong)
        )
    mending = Mending(
        href=f"/batches/{key}/mend",
        columns=found.table.headers[: found.table.own],
        rows=tuple(rows),
        page=found.page,
        pages=found.pages,
        in_all=found.in_all,
    )
    return mending, codes


async def file(request: web.Request) -> web.StreamResponse:
    """A report, byte by byte."""
    desk, name = desk_of(request), request.match_info["name"]
    known = await desk.books.batch(request.match_info["key"])
    result = None if known is None else desk.results.written(known)
    if known is not None and known.order and name == ORDER:
        return attached(known.order.encode("ascii"), name)
    if result is None or name not in result.files():
        raise Refused(404, "There is no such file.", "The page of the batch names those that there are.")
    return await attachment(request, result.folder / name, name)
