"""Why a person has to look, in sentences that are known beforehand.

An error's own message is never told: it may name a row's customer, or quote what a site answered. Whoever gets the
notice finds it in the job's log.
"""

from collections.abc import Mapping

from batch_credits.errors import (
    AmountMissing,
    AnsweredForAnother,
    BatchCreditsError,
    ControlError,
    DeadlineNear,
    DoubleCreditAlarm,
    FolderBusy,
    InputError,
    Interrupted,
    JournalFailed,
    KeyRefused,
    LeaseLost,
    LedgerBusy,
    LedgerError,
    LedgerVersion,
    NoPlace,
    NotApproved,
    NotBegun,
    NotConfirmed,
    Outage,
    PersonNeeded,
    PilotNotAgreed,
    ReportsNotWritten,
    RunStopped,
    ShardDied,
    SiteBlocked,
    TooManyFailures,
    UnclearFile,
    UnknownBatch,
    UsageError,
)
from batch_credits.model import Outcome
from batch_credits.notices.notice import Reason
from batch_credits.text.counted import rows

_LOG = "The log of the job says why, and which command would do what was meant."
_AGAIN = "Run the same command again: it carries on."
_FIRST_LOOK = "Find out why before anything else is sent: the log of the job names the row."

# The nearest class of an error counts, so that a new kind of error has its parent's sentence.
OF_ERRORS: Mapping[type[BatchCreditsError], Reason] = {
    BatchCreditsError: Reason("failed", "The command failed", _LOG),
    UsageError: Reason("usage", "Nothing was sent: the command or its settings were refused", _LOG),
    NoPlace: Reason(
        "no_place",
        "Nothing was sent: a folder that it needs cannot be written",
        f"Make room, or mend the folder's rights. {_LOG}",
    ),
    InputError: Reason("input", "Nothing was sent: the file cannot be read, or was refused as a whole", _LOG),
    UnclearFile: Reason("unclear_file", "Nothing was sent: it is not clear how the file is to be read", _LOG),
    ControlError: Reason("control", "Nothing was sent: a limit or control total does not hold", _LOG),
    NotConfirmed: Reason("not_confirmed", "Nothing was sent: nobody said yes", _LOG),
    NotBegun: Reason("not_begun", "Nothing was sent: a signal ended it before it had begun", _AGAIN),
    FolderBusy: Reason("folder_busy", "Another process watches the folder", _LOG),
    LedgerError: Reason("ledger", "The ledger cannot be read, written or trusted", _LOG),
    LedgerBusy: Reason(
        "ledger_busy", "Nothing was sent: the ledger is in use", "Run it again later, or with --wait-for-ledger."
    ),
    LedgerVersion: Reason("ledger_version", "The ledger was written by another version of this program", _LOG),
    LeaseLost: Reason("lease_lost", "Another process has taken over what this one was to send", _AGAIN),
    UnknownBatch: Reason("unknown_batch", "Nothing was sent: the ledger knows no such batch", _LOG),
    ReportsNotWritten: Reason(
        "reports_not_written",
        "The run is over, and its reports cannot be written",
        "The ledger has it all. Mend the folder of the reports, then: batch-credits report BATCH",
    ),
    RunStopped: Reason("stopped", "Sending stopped before the end", _AGAIN),
    KeyRefused: Reason("key_refused", "Chargebee does not accept the API key", f"Give the right key. {_AGAIN}"),
    SiteBlocked: Reason("site_blocked", "The site, or the way to it, is not the one meant", _LOG),
    Outage: Reason("outage", "Chargebee did not answer for too long", _AGAIN),
    TooManyFailures: Reason(
        "too_many_failures", "Chargebee refused more rows than --max-failures allows", f"See failed.csv. {_AGAIN}"
    ),
    ShardDied: Reason("process_died", "A process of the run ended by itself", _AGAIN),
    NotApproved: Reason("not_approved", "Another person must approve it by now: the rest was not sent", _LOG),
    PilotNotAgreed: Reason("pilot_not_agreed", "The pilot was not agreed to: the rest was not sent", _LOG),
    Interrupted: Reason("interrupted", "A person or the system ended the run", _AGAIN),
    DeadlineNear: Reason("deadline", "The deadline came near: the rest was not sent", _AGAIN),
    JournalFailed: Reason("journal_failed", "The ledger could not be written while the run went on", _LOG),
    AmountMissing: Reason("amount_missing", "A deduction named no amount, and was not sent", _LOG),
    PersonNeeded: Reason("person_needed", "What Chargebee says cannot be true", _FIRST_LOOK),
    DoubleCreditAlarm: Reason(
        "double_credit", "ALARM: Chargebee lists more than one credit for one reference", _FIRST_LOOK
    ),
    AnsweredForAnother: Reason(
        "answered_for_another", "Chargebee answered a request with another's credit", _FIRST_LOOK
    ),
}
_NOTE = "NOTE.txt beside it says why, and what to do."
# What a watched folder has against a file, by itself: no run of it told anybody.
OF_WATCH: Mapping[str, Reason] = {
    each.code: each
    for each in (
        Reason("repeat", "Nothing was sent: the file's content or its name came before", _NOTE),
        Reason("no_control", "Nothing was sent: the file has no control file of its own", _NOTE),
        Reason("unreadable", "Nothing was sent: the file in the watched folder cannot be read", _NOTE),
        Reason("no_word", "The run of a file ended without a word of how it went", _NOTE),
        Reason(
            "unknown_file",
            "What became of a file that the watch took is not known",
            "A file that the ledger does not know was not paid: batch-credits status.",
        ),
        Reason(
            "left_alone",
            "A file in the watched folder is not taken: it is a link or the like, or belongs to no other file",
            "Put in the file itself, with its control file beside it; or take it away.",
        ),
        Reason(
            "another_ledger",
            "A file in the watched folder was taken by a watch with another ledger or site",
            "That ledger alone knows what was paid of it: start a watch with it once more.",
        ),
        Reason("in_the_way", "A watched folder does not go on: a disk, a share or the ledger is in the way", _LOG),
    )
}
BUG = Reason("bug", "The program failed", f"The log of the job names a file with the details. {_AGAIN}")
NOT_IN_BALANCE = Reason("not_in_balance", "The totals do not tie out", "Ask Chargebee: batch-credits reconcile BATCH")
NOT_TIED_OUT = Reason(
    "not_tied_out", "File, ledger and Chargebee do not tie out", "The log of the job names the rows that differ."
)


def reason_of(error: BaseException) -> Reason:
    """The reason that an error is."""
    for kind in type(error).__mro__:
        if issubclass(kind, BatchCreditsError):
            found = OF_ERRORS.get(kind)
            if found is not None:
                return found
    return OF_ERRORS[Interrupted] if isinstance(error, KeyboardInterrupt) else BUG


def reasons_of_rows(counts: Mapping[Outcome, int]) -> list[Reason]:
    """The reasons that rows are which a person has to look at."""
    found = []
    if number := counts.get(Outcome.REVIEW, 0):
        found.append(Reason("review", f"{_need(number)} review", "See summary.html; then batch-credits resolve BATCH"))
    if number := counts.get(Outcome.IN_DOUBT, 0):
        found.append(Reason("in_doubt", f"{_are(number)} in doubt: sent, and not proven either way", _SETTLES))
    return found


_SETTLES = "Run the same command again: it settles them before it sends. Or: batch-credits reconcile BATCH"


def reason_of_pending(number: int) -> Reason:
    """The reason that rows are which wait for another run, where nothing stopped this one."""
    return Reason("pending", f"{_are(number)} still to be sent", _AGAIN)


def _need(number: int) -> str:
    return f"{rows(number)} {'needs' if number == 1 else 'need'}"


def _are(number: int) -> str:
    return f"{rows(number)} {'is' if number == 1 else 'are'}"
