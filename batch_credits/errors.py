"""Everything that can be wrong with the world, as one tree; a bad row is a value, not one of these.

    BatchCreditsError
    +-- UsageError          the command, its settings or its options make no sense
    |   +-- NoPlace         a folder that it needs cannot be written
    +-- InputError          the source file cannot be read, or is refused as a whole
    |   +-- UnclearFile     an option has to say how it is to be read
    +-- ControlError        a limit or control total does not hold
    +-- NotConfirmed        nobody said yes
    |   +-- NotBegun        a signal ended it before it had begun to send
    +-- LedgerError         the ledger cannot be trusted or written: nothing more may be sent
    |   +-- LedgerBusy      another process holds it
    |   +-- LedgerVersion   written by a version this one does not know
    |   +-- LeaseLost       another process has claimed what this one sends
    |   +-- UnknownBatch    no such batch, or more than one
    +-- FolderBusy          another process watches the folder
    +-- ReportsNotWritten   the disk refused them; the ledger has it all
    +-- RunStopped          sending stopped before the end; running again carries on
        +-- KeyRefused      the API key is not accepted
        +-- SiteBlocked     the site, or the way to it, is not the one meant
        +-- Outage          the site did not come back in time
        +-- TooManyFailures more refusals than --max-failures allows
        +-- ShardDied       a process of a run in several ended by itself
        +-- PilotNotAgreed  the pilot differs from the file, or nobody said yes to go on after it
        +-- NotApproved     another person must approve by now what was begun before anybody had to
        +-- Interrupted     a person or the system ended the run
        |   +-- DeadlineNear    it must be over by a time that comes near
        +-- JournalFailed   the ledger could not be written while the run went on
        +-- AmountMissing   a deduction names no amount, and would take everything
        +-- PersonNeeded    what Chargebee says cannot be true: nothing more is sent before a person has looked
            +-- DoubleCreditAlarm   it lists two credits for one reference
            +-- AnsweredForAnother  it answered one request with a credit that is another's
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

Remedy = tuple[tuple[str, str], ...]  # options with their values, to be given together; "" is the value of a flag
LEFT_OUT = "\0"  # in the place of a value: without the option. No word of a command line holds it


class Suggestion(NamedTuple):
    """An option that a refused command seems to need, and why. Where only a person can know its value, `is_open` says
    so, and the value is a word in capitals to replace."""

    option: str
    value: str
    reason: str
    is_open: bool = False


class BatchCreditsError(Exception):
    """An error for a person: what happened, and (`hint`) what to do about it now.

    With each of the `remedies` in its place the same command would do what was meant; `instead` are other commands, as
    their words. A word in capitals stands for what only the person can know.
    """

    def __init__(
        self, message: str, *, hint: str = "", remedies: Sequence[Remedy] = (), instead: Sequence[Sequence[str]] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.remedies = tuple(remedies)
        self.instead = tuple(map(tuple, instead))


class UsageError(BatchCreditsError):
    """The command, its settings or its options make no sense. Nothing was sent."""


class NoPlace(UsageError):
    """A folder that the command needs cannot be written, as where the disk is full. Nothing was sent; it may pass."""


class InputError(BatchCreditsError):
    """The source file cannot be read, or is refused as a whole. Nothing was sent."""


class UnclearFile(InputError):
    """How the source file is to be read is not clear: an option can say it, and the file may be what it should be.

    `suggestions` are the options that it seems to need, all of them; empty where nothing is known. `still` says what
    would be wrong with it if they were taken.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        remedies: Sequence[Remedy] = (),
        suggestions: Sequence[Suggestion] = (),
        still: str = "",
    ) -> None:
        super().__init__(message, hint=hint, remedies=remedies)
        self.suggestions = tuple(suggestions)
        self.still = still


class ControlError(BatchCreditsError):
    """A limit or control total that the operator set does not hold. Nothing was sent."""


class NotConfirmed(BatchCreditsError):
    """Nobody said yes. Nothing was sent."""


class NotBegun(NotConfirmed):
    """A signal ended the command before it had begun to send."""


class LedgerError(BatchCreditsError):
    """The ledger cannot be read, written or trusted, so nothing more may be sent."""


class LedgerBusy(LedgerError):
    """Another process holds the ledger."""


class LedgerVersion(LedgerError):
    """The ledger was written by a version of this program that this one does not know."""


class LeaseLost(LedgerError):
    """Another process has claimed the customers to whom this one sends, so it may neither send nor record any more."""


class UnknownBatch(LedgerError):
    """The ledger holds no batch of that name, or more than one."""


class FolderBusy(BatchCreditsError):
    """Another process watches the folder."""


class ReportsNotWritten(BatchCreditsError):
    """The reports cannot be written; the ledger is not concerned, and has it all."""


class RunStopped(BatchCreditsError):
    """Sending stopped before the end; rows not sent stay pending, and running again carries on.

    `may_pass`: what stopped it may be over in a while, so that the same command can carry on without anybody's doing.
    """

    may_pass: ClassVar[bool] = True


class KeyRefused(RunStopped):
    """Chargebee does not accept the API key, or the key may not add credits."""


class SiteBlocked(RunStopped):
    """The site does not exist, blocks us, redirects, or its certificate does not verify."""


class Outage(RunStopped):
    """The site did not answer usefully for longer than the bound."""

    @classmethod
    def from_the_first(cls, seconds: float, trouble: str) -> "Outage":
        """The error for a site of which nothing came in so many seconds, since the first call."""
        return cls(
            f"Chargebee has not answered once in {seconds:.0f} s: {trouble}.",
            hint="Check the site's name (--site, CHARGEBEE_SITE), its address (--base-url) and this machine's network;"
            " then run the same command again.",
        )


class TooManyFailures(RunStopped):
    """More rows were refused than `--max-failures` allows."""

    may_pass = False

    @classmethod
    def beyond(cls, bound: int) -> "TooManyFailures":
        """The error for more refusals than this."""
        return cls(
            f"Chargebee refused more than {bound} row{'' if bound == 1 else 's'} (--max-failures).",
            hint="See failed.csv for the reasons; run again to carry on.",
        )


class ShardDied(RunStopped):
    """A process of a run in several ended without saying how it went."""


class PilotNotAgreed(RunStopped):
    """The pilot was not read back as the file has it, or nobody said yes to go on after it."""

    may_pass = False


class NotApproved(RunStopped):
    """Another person must approve by now what a run began to send before anybody had to."""

    may_pass = False


class Interrupted(RunStopped):
    """A person or the system ended the run; what was on its way was recorded."""


class DeadlineNear(Interrupted):
    """The run must be over by a time, and what is sent now might be answered later. Whoever set that wants no more of
    it now, so nobody tries again unseen."""

    may_pass = False

    @classmethod
    def at(cls, said: str) -> "DeadlineNear":
        """The error for a deadline, as it was said."""
        hint = "The rest is pending: run the same command again to carry on."
        return cls(f"the deadline ({said}) is near", hint=hint)


class JournalFailed(RunStopped):
    """The ledger could not be written while the run went on, so nothing more was sent."""


class AmountMissing(RunStopped):
    """A deduction that names no amount was about to be sent: Chargebee would have taken the whole balance."""

    may_pass = False


class PersonNeeded(RunStopped):
    """What Chargebee says cannot be true: a person must look before anything else is sent."""

    may_pass = False


class DoubleCreditAlarm(PersonNeeded):
    """Chargebee lists more than one credit for one reference."""


class AnsweredForAnother(PersonNeeded):
    """A request was answered with a credit that is not the one it asked for."""


def weightier(first: RunStopped | None, later: RunStopped | None) -> RunStopped | None:
    """Which of two reasons ended a run, as far as people are told: the first, unless only the later needs a person."""
    if first is None or (isinstance(later, PersonNeeded) and not isinstance(first, PersonNeeded)):
        return later
    return first
