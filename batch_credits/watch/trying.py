"""One run of a file, and what is to be done after it.

A run is another process. What it came to is its exit code, and what it said: after a kill of the watch nobody has the
code any more, and what it said is all there is.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from batch_credits.children.events import Event, Told, read_told
from batch_credits.children.files import read_document
from batch_credits.children.start import Child, start
from batch_credits.watch.jobs import Desk, Ending, Job
from batch_credits.watch.settings import CHILD_LEDGER_SECONDS, WatchSettings

_SAID_LETTERS = 4_000  # of what a run said that ended without a result
_PROGRESS_SECONDS = 60  # between two of its lines: nobody reads them while they come
_FOR_PROGRAMS = ("--yes", "--log-format=", "--progress-every=", "--wait-for-ledger=")
_REFUSED, _BUSY = 2, 5
_MAY_PASS = ("ledger", "interrupted", "place")  # kinds of what refuses a run without anything against its file
_NO_WORD = "The run ended without a word of how it went"  # such as where the disk is full that it says it to
_NOTHING, _NO_MORE = "Nothing was sent", "Nothing more was sent"
EVENTS, OUT = "events.jsonl", "out.txt"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a run came to. `code` is None where nobody knows it, `summary` and `error` what it said at its end; `said`
    is its result for people, `noise` what it said besides that is no event. `sent_before`: an earlier run of the file
    may have sent something, so nobody may be told that nothing was."""

    code: int | None
    summary: Event | None
    error: Event | None
    said: str
    noise: str
    sent_before: bool = False


@dataclass(frozen=True, slots=True)
class Through:
    """The file is through."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Again:
    """Something that may pass has stopped it; `why` says what. `ending` is where the file goes if it was the last
    try."""

    why: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class Busy:
    """The ledger is in use: nothing was sent."""

    why: str


Verdict = Through | Again | Busy


def options_of(job: Job, desk: Desk, settings: WatchSettings) -> list[str]:
    """The options of a file's run that a person would give, too."""
    words = settings.words
    given = [*words.profile, *words.site, *words.ledger]
    given += [f"--reference={job.reference}"] if job.reference is not None else []
    given += [f"--control={desk.source / job.control}"] if job.control is not None else []
    return given


def begin(job: Job, desk: Desk, settings: WatchSettings, lock: int) -> Child:
    """Start a run; it holds the lock for as long as it lives.

    Raises:
        OSError: it cannot be started.
    """
    into = desk.next()
    given = [*options_of(job, desk, settings), f"--reports={desk.reports}", "--yes", "--refuse-repeat"]
    given += ["--log-format=json"]
    patience = CHILD_LEDGER_SECONDS
    if settings.once and settings.ledger_seconds is not None:
        patience = min(patience, settings.ledger_seconds)
    given += [f"--progress-every={_PROGRESS_SECONDS}", f"--wait-for-ledger={patience}"]
    return start("run", given, [str(desk.source / job.name)], into / OUT, into / EVENTS, lock=lock)


def tried(desk: Desk, code: int | None) -> Tried:
    """What the latest run came to; `code` is that of its process, None: it was another's child."""
    into = desk.latest()
    told = Told() if into is None else read_told(into / EVENTS)
    summary = told.summary
    if summary is None and code == 0:  # a run that was told to be quiet
        summary = _summary_in(desk.reports)
    if code is None:
        last = told.error or told.summary or {}
        code = last.get("exit_code")
    if code is not None and code < 0:  # somebody killed it
        code = None
    said, noise = ("", "") if into is None else (_text(into / OUT), _noise(into / EVENTS))
    return Tried(code, summary, told.error, said, noise, _sent_before(desk))


def _sent_before(desk: Desk) -> bool:
    """Whether a run before the latest may have sent something: each did of which it is not known that it was refused,
    or that the ledger was in use."""
    for into in desk.earlier():
        error = read_told(into / EVENTS).error
        if error is None or error.get("exit_code") not in (_REFUSED, _BUSY):
            return True
    return False


def judge(what: Tried, carry_on: Sequence[str]) -> Verdict:
    """What is to be done after a run. `carry_on` are lines to paste that go on with the file by hand."""
    summary, error = what.summary or {}, what.error or {}
    ending = Ending("attention", 4, "", said=what.said, batch=summary.get("batch"))
    match what.code:
        case 0 if what.summary is not None and summary.get("exit_code") == 0:
            return Through(Ending("done", 0, _headline(summary), said=what.said, batch=summary.get("batch")))
        case 0:
            why = "The run ended well, but did not say that every row is credited"
            hint = "Is `detach` or `sandbox` among the settings? See what the ledger knows:"
            return Through(_with(ending, 3, why, hint, ["batch-credits status"]))
        case 1 | 3 if what.summary is not None:
            hint = "Put the mended failed.csv into the folder again, or do what follows." if what.code == 1 else ""
            return Through(_with(ending, what.code, _headline(summary), hint, []))
        case 3:
            return Through(_with(_of_watch(ending, error), 3, *_refusal(error, what.noise or _NO_WORD)))
        case 2 if error.get("kind") not in _MAY_PASS and (error or what.noise):
            why, hint, commands = _refusal(error, what.noise)
            if what.sent_before:
                return Through(_with(ending, 4, why.replace(_NOTHING, _NO_MORE), _after_others(hint), commands))
            sent = "" if _NOTHING in f"{why} {hint}" else "Nothing was sent. "
            hint = f"{sent}{hint} Or mend the file, and put it into the folder again."
            return Through(_with(ending, 2, why, hint, commands))
        case 5:
            return Busy(str(error.get("message", "The ledger is in use.")))
        case _:
            return _stopped(what, ending, carry_on)


def _stopped(what: Tried, ending: Ending, carry_on: Sequence[str]) -> Verdict:
    summary, error = what.summary or {}, what.error or {}
    code = 2 if what.code == 2 and not what.sent_before else 4  # nothing was sent, or nobody knows
    if what.error is not None and what.code is not None:
        why, hint, _ = _refusal(error, what.noise)
    elif what.summary is not None and what.code is not None:
        why, hint = f"{_headline(summary)}: {summary.get('stopped')}", str(summary.get("hint") or "")
    else:
        last = f": {what.noise}" if what.noise else ""
        why, hint = f"{_NO_WORD}{last}", "The ledger knows what was sent."
        ending = _of_watch(ending, {})
    if what.sent_before:
        why, hint = why.replace(_NOTHING, _NO_MORE), hint.replace(_NOTHING, _NO_MORE)
    last_try = _with(ending, code, why, f"{hint} To carry on:".strip(), [*carry_on])
    if summary.get("may_pass") is False:
        return Through(last_try)
    return Again(why, last_try)


def _after_others(hint: str) -> str:
    """What to do about a refusal, where an earlier run may have paid some rows of the file: what is mended must keep
    their references, so nobody is told to mend it."""
    told = "Earlier runs may have paid some of its rows, which the ledger knows; the last one sent nothing."
    return f"{told} {hint.replace(_NOTHING, _NO_MORE)}".strip()


def _with(ending: Ending, code: int, what: str, hint: str, commands: Sequence[str]) -> Ending:
    return Ending(ending.to, code, what, hint, [*commands], ending.said, ending.batch, of_watch=ending.of_watch)


def _of_watch(ending: Ending, error: Event) -> Ending:
    """The ending; of a run that could say nothing nobody was told."""
    return ending if error else replace(ending, of_watch="no_word")


def _headline(summary: Event) -> str:
    return str(summary.get("headline", ""))


def _refusal(error: Event, noise: str) -> tuple[str, str, list[str]]:
    """What it is, what to do, and lines to paste."""
    commands = error.get("commands")
    lines = [_for_people(str(each)) for each in commands] if isinstance(commands, list) else []
    return str(error.get("message") or noise or "It was refused"), str(error.get("hint") or ""), lines


def _for_people(line: str) -> str:
    """A line to paste without what was said for the watch alone: a person is asked, and sees how it goes."""
    return shlex.join([word for word in shlex.split(line) if not word.startswith(_FOR_PROGRAMS)])


def _summary_in(reports: Path) -> dict[str, Any] | None:
    """What the run wrote down; there is one batch of a file."""
    found = [document for path in reports.glob("*/summary.json") if (document := read_document(path)) is not None]
    return found[0] if len(found) == 1 else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _noise(path: Path) -> str:
    """The end of what is no event: of a process that failed before it could say one, or that was killed."""
    lines = [line for line in _text(path)[-4 * _SAID_LETTERS :].splitlines() if not line.startswith("{")]
    return "\n".join(lines)[-_SAID_LETTERS:].strip()
