"""What the tree of errors says to programs: exit codes, kinds, and what may pass by itself."""


from batch_credits import errors
from batch_credits.cli.telling.speech import exit_code_of, kind_of
from batch_credits.errors import BatchCreditsError, RunStopped
from tests.each import each


@each(
    "error, kind, code",
    [
        (errors.UnclearFile("x"), "unclear", 2),
        (errors.InputError("x"), "input", 2),
        (errors.ControlError("x"), "control", 2),
        (errors.UsageError("x"), "usage", 2),
        (errors.NoPlace("x"), "place", 2),
        (errors.LedgerError("x"), "ledger", 2),
        (errors.LedgerBusy("x"), "ledger", 5),
        (errors.FolderBusy("x"), "other", 5),
        (errors.NotConfirmed("x"), "other", 2),
        (errors.NotBegun("x"), "interrupted", 2),
        (errors.ReportsNotWritten("x"), "other", 4),
        (errors.Outage("x"), "other", 4),
        (errors.DoubleCreditAlarm("x"), "other", 3),
    ],
)
def test_kinds_and_exit_codes(error: BatchCreditsError, kind: str, code: int) -> None:
    assert (kind_of(error), exit_code_of(error)) == (kind, code)


# A new error that stops a run belongs into one of them: whoever tries again unseen goes by it.
PASSES = {"KeyRefused", "SiteBlocked", "Outage", "ShardDied", "Interrupted", "JournalFailed"}
STAYS = {
    "TooManyFailures", "PilotNotAgreed", "NotApproved", "AmountMissing", "PersonNeeded",
    "DoubleCreditAlarm", "AnsweredForAnother",
    "DeadlineNear",
}  # fmt: skip


def test_of_whatever_stops_a_run_it_is_decided_whether_it_may_pass() -> None:
    found = {
        name: each.may_pass
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, RunStopped) and each is not RunStopped
    }
    assert found == dict.fromkeys(PASSES, True) | dict.fromkeys(STAYS, False)


def test_a_single_refusal_is_one_row() -> None:
    assert "more than 1 row (" in str(errors.TooManyFailures.beyond(1))
    assert "more than 2 rows (" in str(errors.TooManyFailures.beyond(2))
