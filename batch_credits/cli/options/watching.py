"""What a watch over a folder is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.cli.values import Number
from batch_credits.errors import LEFT_OUT, UsageError
from batch_credits.watch.names import NAME

_FOLDER: dict[str, Any] = {"type": click.Path(file_okay=False, path_type=Path), "metavar": "DIRECTORY"}
_LEAST_SECONDS, _MOST_SECONDS, _MOST_TRIES = 0.1, 86_400, 1000


@dataclass(frozen=True, slots=True)
class WatchingChoice:
    """How files are taken, and where they go. `reference` is what other commands take for all rows: it is
    refused, unless a template goes before it."""

    once: bool
    reference_template: str | None
    reference: str | None
    require_control: float | None
    settle: float
    every: float
    tries: int
    backoff: float
    wait_for_ledger: float | None
    done: Path | None
    attention: Path | None

    def template(self) -> str | None:
        """What makes a reference of a file's name.

        Raises:
            UsageError: it would make one for all files, or something else makes one.
        """
        text = self.reference_template
        if self.reference is not None and text is None:
            raise UsageError(
                f"--reference {self.reference!r} would be that of every file: whoever is in two of them would seem to"
                " be paid by the first, and get nothing of the second.",
                hint="Let the file's name be a part of it, or give the rows references of their own:",
                remedies=[(("--reference", LEFT_OUT), ("--reference-template", f"{self.reference}-{NAME}"))],
            )
        if text is not None and NAME not in text:
            raise UsageError(
                f"--reference-template {text!r} makes one reference for all files: it must hold {NAME}, the file's"
                " name without its suffix.",
                remedies=[(("--reference-template", f"{text}-{NAME}"),)],
            )
        return text


watching_options = apply(
    chosen_as(WatchingChoice, "watching"),
    option("--once", is_flag=True, help="Take what is there and end; the exit code is the worst of them."),
    option("--reference-template", metavar="TEMPLATE",
           help=f"Reference of rows that have none, made of the file's name: loyalty-{NAME}."),
    option("--reference", metavar="TEXT", hidden=True, help="Refused: it would be that of every file."),
    option("--require-control", type=Number(0, _MOST_SECONDS), metavar="SECONDS",
           help="Pay nothing without a control file beside it, FILE.control.csv or .json; wait so long for it."),
    option("--settle", type=Number(_LEAST_SECONDS, _MOST_SECONDS), default=10.0, show_default=True, metavar="SECONDS",
           help="A file is taken when its size and time have not changed for so long."),
    option("--every", type=Number(_LEAST_SECONDS, 3600), default=5.0, show_default=True, metavar="SECONDS",
           help="Between two looks into the folder."),
    option("--tries", type=click.IntRange(1, _MOST_TRIES), default=5, show_default=True, metavar="N",
           help="Runs of a file that stop before the end (exit code 4), before it goes to attention."),
    option("--backoff", type=Number(_LEAST_SECONDS, 3600), default=60.0, show_default=True, metavar="SECONDS",
           help="Before the second try; doubled before each other one, up to half an hour."),
    option("--wait-for-ledger", type=Number(0, _MOST_SECONDS), metavar="SECONDS",
           help="With --once, wait so long for a ledger in use, then end with 5.  [default: as long as it takes]"),
    option("--done", **_FOLDER, help="Where files go of which every row is credited.  [default: FOLDER/done]"),
    option("--attention", **_FOLDER, help="Where files go that need a person.  [default: FOLDER/attention]"),
)  # fmt: skip
