"""Who ran what, when, how it was set, and what was agreed to before anything was sent: from the ledger's run records.

What was recorded may come from another version of this program: a name that is not there is not told.
"""

import json
from dataclasses import dataclass
from typing import Any

from batch_credits.ledger.runs import History
from batch_credits.model import RunRecord
from batch_credits.reporter.display import MAX_WORD_LETTERS, clip, readable_time, took
from batch_credits.reporter.mending import mend_in_words, parent_in_words
from batch_credits.reporter.summary import Summary
from batch_credits.settings import PLAN_RATES_PER_MINUTE, SiteSettings, names_live_money

MAX_CONTROLS_SHOWN = 60
MAX_ORIGINS_SHOWN = 60

Fact = tuple[str, str]
_Stated = tuple[str, str, int | None, str]  # (currency, option, rows, amount) of a control total


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in the table of runs."""

    started: str
    took: str
    user: str
    hosts: str  # where there are several; else ""
    version: str
    requests: str
    throttled: str
    retries: str
    end: str
    pace: str
    confirmation: str


@dataclass(frozen=True, slots=True)
class ControlLineShown:
    """A control total that held when a run began, as it was stated. `currency` is "" for all rows."""

    currency: str
    option: str
    rows: int | None
    amount: str
    by: str


def batch_facts(summary: Summary) -> list[Fact]:
    """Which file this is, and how it was read."""
    batch = summary.batch
    facts = [
        ("Site", clip(batch.site)),
        ("File", clip(batch.file_name)),
        ("SHA-256 of the file", batch.file_sha256 or "none: no file, but Chargebee's own list"),
        ("Rows", f"{summary.rows:,}"),
        ("Batch", batch.key),
        ("Admitted", readable_time(batch.created_at)),
    ]
    if batch.reverses is not None:
        facts.append(("Reverses batch", batch.reverses))
    facts += [("Mends", clip(parent_in_words(parent))) for parent in summary.mending.parents]
    facts += [("Mended since", clip(mend_in_words(mend))) for mend in summary.mending.mends]
    if options := json.loads(batch.options_json):
        facts.append(("Read with", clip(", ".join(f"{name} {_plain(value)}" for name, value in options.items()))))
    return facts


def _plain(value: object) -> str:
    """An option's value without Python's punctuation: pairs become `a=b`."""
    if isinstance(value, list):
        return " ".join("=".join(str(part) for part in pair) for pair in value)
    return "yes" if value is True else str(value)


def run_lines(history: History) -> list[RunLine]:
    """The newest runs, newest first."""
    return [_run_line(run) for run in history.runs]


def _run_line(run: RunRecord) -> RunLine:
    record = recorded(run)
    return RunLine(
        started=readable_time(run.started_at),
        took=took(run.started_at, run.ended_at) if run.ended_at else "not known",
        user=clip(run.user, MAX_WORD_LETTERS),
        hosts=clip(", ".join(run.hosts), MAX_WORD_LETTERS) if len(run.hosts) > 1 else "",
        version=clip(run.version, MAX_WORD_LETTERS),
        requests=f"{run.requests:,}" if run.ended_at else "not known",
        throttled=f"{run.throttled:,}" if run.ended_at else "not known",
        retries=f"{run.retries:,}" if run.ended_at else "not known",
        end=_end(run),
        pace=_pace(record.get("settings", {})),
        confirmation=clip(str(record.get("confirmation") or "not recorded"), MAX_WORD_LETTERS),
    )


def _end(run: RunRecord) -> str:
    if run.ended_at is None:
        return "broken off: the process ended without a word, or is still running"
    return f"stopped: {clip(run.stopped)}" if run.stopped else "finished"


def recorded(run: RunRecord) -> dict[str, Any]:
    """What the ledger recorded of a run's settings; nothing of a run by version 1 of the ledger."""
    record: dict[str, Any] = json.loads(run.settings_json)
    return record


def its_ledger(run: RunRecord | None) -> list[str]:
    """The option that names the ledger of a run, for a command on a page: whoever pastes it there would else pay with
    another, which knows nothing of what was paid. None of a run that did not record it."""
    where = None if run is None else recorded(run).get("ledger")
    return ["--ledger", where] if where else []


def site_is_live(site: str, history: History) -> bool:
    """Whether credits of this site are real: judged by where it was called, or, before any run, by its name."""
    addresses = [recorded(run).get("address") for run in history.runs]
    if address := next(filter(None, addresses), None):
        return SiteSettings(site, address, "").is_live
    return names_live_money(site)


def settings_facts(run: RunRecord) -> list[Fact]:
    """How a run was set, in words; empty if that was not recorded."""
    record = recorded(run)
    settings, limits = record.get("settings"), record.get("limits", {})
    if not settings:
        return []
    facts = [(name.capitalize(), clip(record[name])) for name in ("address", "ledger") if record.get(name)]
    facts += _order_facts(record["order"]) if record.get("order") else []
    facts.append(("Pace", _pace(settings)))
    for label, name, unit in (
        ("Calls at once", "concurrency", ""),
        ("Processes", "processes", ""),
        ("Waits for an answer", "timeout_seconds", " s"),
        ("Quarantine", "quarantine_seconds", " s before a row in doubt may be sent again"),
    ):
        if name in settings:
            facts.append((label, f"{settings[name]:g}{unit}"))
    if silenced := settings.get("silence"):
        facts.append(("Silenced", ", ".join(silenced)))
    if entity := settings.get("business_entity_id"):
        facts.append(("Business entity", clip(entity)))
    origin = [(name, settings.get(f"origin_{name}")) for name in ("user", "device", "ip")]
    if words := [f"{name} {value}" for name, value in origin if value]:
        facts.append(("Origin that Chargebee is told", clip(", ".join(words))))
    chosen = [
        ("--verify-first", settings.get("verify_first")),
        ("--retry-failed", settings.get("retry_failed")),
        ("--no-wait", settings.get("wait") is False),
        ("--strict", limits.get("strict")),
    ]
    bounds = [f"--max-amount {name}={text}" for name, text in limits.get("max_amount", ())]
    bounds += [f"--max-total {name}={text}" for name, text in limits.get("max_total", ())]
    if settings.get("max_failures") is not None:
        bounds.append(f"--max-failures {settings['max_failures']}")
    if settings.get("pilot"):
        bounds.append(f"--pilot {settings['pilot']}")
    if words := [name for name, is_set in chosen if is_set] + bounds:
        facts.append(("Limits and choices", clip(", ".join(words))))
    for set_by in record.get("origins", ())[:MAX_ORIGINS_SHOWN]:
        facts.append((f"From {clip(set_by['source'])}", clip(f"{set_by['option']} {set_by['value']}".rstrip())))
    return facts


def _order_facts(order: dict[str, Any]) -> list[Fact]:
    """Who asked for what a run carried out, and who approved it."""
    made = ("Ordered by", clip(f"{order['maker']}, {readable_time(order['made'])}"))
    return [
        made,
        *(("Approved by", clip(f"{each['approver']}, {readable_time(each['at'])}")) for each in order["approvals"]),
    ]


def _pace(settings: dict[str, Any]) -> str:
    rate = settings.get("rate_per_minute")
    if rate is None:
        return "not recorded"
    if rate == 0:
        return "no limit"
    named = settings.get("plan")
    plan = f" ({named} plan)" if named and PLAN_RATES_PER_MINUTE.get(named) == rate else ""
    even = ", spread evenly" if settings.get("even_pacing") else ""
    return f"{settings.get('share', 1):.0%} of {rate:,} requests a minute{plan}{even}"


def agreed_controls(history: History) -> list[ControlLineShown]:
    """The control totals that runs were given, each once, by the newest run that was given it."""
    found: dict[_Stated, ControlLineShown] = {}
    for run in history.runs:
        by = f"{clip(run.user, MAX_WORD_LETTERS)}, {readable_time(run.started_at)}"
        for stated in _stated(recorded(run).get("limits", {})):
            found.setdefault(stated, ControlLineShown(*stated, by))
    return sorted(found.values(), key=lambda line: (line.currency, line.option))[:MAX_CONTROLS_SHOWN]


def _stated(limits: dict[str, Any]) -> list[_Stated]:
    stated: list[_Stated] = []
    if limits.get("expect_rows") is not None:
        stated.append(("", "--expect-rows", limits["expect_rows"], ""))
    stated += [(currency, "--expect-total", None, clip(text)) for currency, text in limits.get("expect_total", ())]
    control = limits.get("control") or {}
    if control.get("rows") is not None:
        stated.append(("", "--control", control["rows"], ""))
    for line in control.get("lines", ()):
        stated.append((line["currency"], "--control", line["rows"], clip(line["total"] or "")))
    return stated
