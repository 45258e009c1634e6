"""Where a run remembers and reports, and how it is followed."""

from dataclasses import dataclass
from pathlib import Path

import click
import platformdirs

from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.errors import UsageError

ledger_option = option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The ledger's file.  [default: in the user's data directory]",
)

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
    ledger: Path | None
    no_progress: bool
    log_format: str


output_options = apply(
    chosen_as(OutputChoice, "output"),
    reports_option,
    xlsx_option,
    ledger_option,
    option("--no-progress", is_flag=True, help="Show no progress."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
           help="Progress as lines for people, or one JSON event a line."),
)  # fmt: skip


def ledger_path(chosen: Path | None) -> Path:
    """The ledger's file: chosen, or in the user's data directory, so that every working directory shares it.

    Raises:
        UsageError: the user has no such directory.
    """
    if chosen is not None:
        return chosen.expanduser()
    folder = Path(platformdirs.user_data_dir("batch-credits", appauthor=False))
    if not folder.is_absolute():
        raise UsageError(
            f"There is no home to keep the ledger in: {folder} would be another place in each working directory.",
            hint="Name the ledger with --ledger or BATCH_CREDITS_LEDGER, or set HOME.",
            remedies=[(("--ledger", "FILE"),)],
        )
    return folder / "ledger.sqlite3"


def refuse_file(where: Path, what: str) -> Path:
    """The ledger's place, where hosts can share it.

    Raises:
        UsageError: it is a file, which one machine alone has.
    """
    return where
