"""Where a run remembers and reports, and how it is followed."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import platformdirs

from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.cli.values import LedgerPlace, Number
from batch_credits.errors import LedgerBusy, UsageError
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.progress.observers import LINE_SECONDS

ASK_AGAIN_SECONDS = 0.2

ledger_option = option(
    "--ledger",
    type=LedgerPlace(),
    help="The ledger's file, or a team's database.  [default: in the user's data directory]",
)

wait_option = option(
    "--wait-for-ledger", type=Number(0, 86_400), metavar="SECONDS",
    help="Wait so long for a ledger that is in use; else the exit code is 5 at once.",
)  # fmt: skip

reports_option = option(
    "--reports", type=click.Path(file_okay=False, path_type=Path), default=Path("reports"), show_default=True,
    help="Where reports are written.",
)  # fmt: skip

xlsx_option = option("--xlsx", is_flag=True, help="Write results.xlsx and failed.xlsx too: the tables as workbooks.")


@dataclass(frozen=True, slots=True)
class OutputChoice:
    """Where a run remembers and reports, and how it is followed."""

    reports: Path
    xlsx: bool
    ledger: Place | None
    wait_for_ledger: float | None
    no_progress: bool
    progress_every: float
    log_format: str


output_options = apply(
    chosen_as(OutputChoice, "output"),
    reports_option,
    xlsx_option,
    ledger_option,
    wait_option,
    option("--no-progress", is_flag=True, help="Show no progress."),
    option("--progress-every", type=Number(0.2, 3600), default=LINE_SECONDS, show_default=True, metavar="SECONDS",
           help="Between two lines or events, where progress is not drawn on a terminal."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
           help="Progress as lines for people, or one JSON event a line."),
)  # fmt: skip


def ledger_path(chosen: Place | None) -> Place:
    """The ledger's place: chosen, or a file in the user's data directory, so that every working directory shares it.

    Raises:
        UsageError: the user has no such directory.
    """
    if chosen is not None:
        return chosen
    folder = Path(platformdirs.user_data_dir("batch-credits", appauthor=False))
    if not folder.is_absolute():
        raise UsageError(
            f"There is no home to keep the ledger in: {folder} would be another place in each working directory.",
            hint="Name the ledger with --ledger or BATCH_CREDITS_LEDGER, or set HOME.",
            remedies=[(("--ledger", "FILE"),)],
        )
    return folder / "ledger.sqlite3"


def folder_beside(ledger: Place, kind: str) -> Path:
    """Where a server of this kind keeps what it knows: all of one ledger use one folder, so they know of each other."""
    if isinstance(ledger, Path):
        path = Path(os.path.realpath(ledger))
        return path.with_name(f"{path.name}.{kind}")
    digest = hashlib.sha256(str(ledger).encode()).hexdigest()[:16]
    return Path(platformdirs.user_data_dir("batch-credits", appauthor=False)) / f"{kind}-{digest}"


def open_ledger(path: Place, wait_seconds: float | None, say: Callable[[str], None]) -> Ledger:
    """Open the ledger, for as long waited for as was said; that it is waited for is said once.

    Raises:
        LedgerBusy: it is in use, still.
        LedgerError: it cannot be opened or trusted.
    """
    until = time.monotonic() + (wait_seconds or 0.0)
    was_said = False
    while True:
        try:
            return Ledger.open(path)
        except LedgerBusy as busy:
            left = until - time.monotonic()
            if left <= 0:
                raise _still_busy(busy, wait_seconds) from None
            if not was_said:
                say(f"{busy.message} Waiting until it is free, {wait_seconds:.0f} s at most.")
                was_said = True
            time.sleep(min(ASK_AGAIN_SECONDS, left))


def _still_busy(busy: LedgerBusy, wait_seconds: float | None) -> LedgerBusy:
    if wait_seconds is None:
        return LedgerBusy(busy.message, hint=busy.hint, remedies=[(("--wait-for-ledger", "SECONDS"),)])
    return LedgerBusy(busy.message, hint=f"It was waited for {wait_seconds:.0f} s. {busy.hint}")


def refuse_file(where: Place, what: str) -> Place:
    """The ledger's place, where a team can share it. `what` needs that.

    Raises:
        UsageError: it is a file.
    """
    if isinstance(where, Path):
        raise UsageError(
            f"{what} needs a ledger that a team shares, and {where} is a file, which one machine alone can use.",
            hint="Name the team's database: --ledger postgresql://USER@HOST/BASE.",
            remedies=[(("--ledger", "postgresql://USER@HOST/BASE"),)],
        )
    return where
