"""Where a run remembers and reports, and how it is followed."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from batch_credits.addresses import SANDBOX_SITE, of_another_site
from batch_credits.cli.options.site import SiteChoice
from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.cli.values import LedgerPlace, Number
from batch_credits.errors import BatchCreditsError, LedgerBusy, LedgerError, UnknownBatch, UsageError
from batch_credits.ledger import Ledger, Shelf, default_root
from batch_credits.model.address import Place
from batch_credits.settings import LINE_SECONDS, SiteSettings

T = TypeVar("T")

ASK_AGAIN_SECONDS = 0.2

ledger_option = option(
    "--ledger",
    type=LedgerPlace(),
    help="The ledger's file, or a team's database.  [default: the site's, in the user's data directory]",
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


def ledger_path(chosen: Place | None, site: SiteSettings | None = None) -> Place:
    """The ledger's place: chosen, or that of the site in the user's data directory, so that every working directory
    shares it. Where no site is named, the only one that is there.

    Raises:
        UsageError: the user has no such directory, several ledgers may be meant, or two know the site.
        LedgerError: a ledger cannot be read, and might know the site.
    """
    if chosen is not None:
        return chosen
    shelf = Shelf(default_root())
    if site is not None:
        return shelf.place_for(site.site, site.address)
    first, *others = shelf.places() or [shelf.first]
    if others:
        raise UsageError(
            f"There are {1 + len(others)} ledgers, one for each site: {first} and {', '.join(map(str, others))}.",
            hint="Name the one that is meant with --ledger.",
            remedies=[(("--ledger", str(each)),) for each in (first, *others)],
        )
    return first


def ledger_paths(chosen: Place | None) -> list[Place]:
    """The ledger that was chosen, or all in the user's data directory; where there is none, the place of the first.

    Raises:
        UsageError: the user has no such directory.
    """
    if chosen is not None:
        return [chosen]
    shelf = Shelf(default_root())
    return [*(shelf.places() or [shelf.first])]


def site_of_batch(choice: SiteChoice, ledger: Place | None, batch: str) -> SiteSettings:
    """The site that is named, with its key, for a command on the batch whose id begins so.

    Raises:
        UsageError: something is missing; or the batch was paid in a sandbox, of which nothing could be asked.
    """
    try:
        return choice.settings()
    except UsageError:
        key = site = ""
        with suppress(BatchCreditsError), Ledger.open_for_reading(ledger_of_batch(ledger, batch)) as opened:
            record = opened.batches.one(batch)
            key, site = record.key, record.site
        if site == SANDBOX_SITE:
            raise of_another_site(key, site, None) from None
        raise


def ledger_of_batch(chosen: Place | None, batch: str, site: SiteSettings | None = None) -> Place:
    """The ledger that was chosen, or the one in the user's data directory that holds the batch whose id begins so;
    where none does, that of the site.

    Raises:
        UnknownBatch: no ledger holds it, or several do.
        UsageError, LedgerError: see `ledger_path`; where a ledger cannot be read, that is said if no other holds it.
    """
    places, holding, unreadable = ledger_paths(chosen), [], list[LedgerError]()
    if len(places) == 1 and site is None:
        return places[0]
    if chosen is None:
        for place in places:
            try:
                if Ledger.is_at(place) and _holds(place, batch):
                    holding.append(place)
            except LedgerError as error:
                unreadable.append(error)
    if len(holding) == 1:
        return holding[0]
    if site is not None:
        return ledger_path(chosen, site)
    if holding:
        said = f"{len(holding)} ledgers hold batches that begin with {batch!r}: {', '.join(map(str, holding))}."
        raise UnknownBatch(
            said, hint="Give more of the id, or name one.", remedies=[(("--ledger", str(each)),) for each in holding]
        )
    if unreadable:
        raise unreadable[0]
    raise UnknownBatch(
        f"None of the {len(places)} ledgers holds a batch {batch!r}.",
        hint="`batch-credits status` lists them.",
        instead=[("status",)],
    )


def _holds(place: Place, batch: str) -> bool:
    with Ledger.open_for_reading(place) as opened:
        return any(record.key.startswith(batch) for record in opened.batches.all())


def folder_beside(ledger: Place, kind: str) -> Path:
    """Where a server of this kind keeps what it knows: all of one ledger use one folder, so they know of each other."""
    if isinstance(ledger, Path):
        path = Path(os.path.realpath(ledger))
        return path.with_name(f"{path.name}.{kind}")
    digest = hashlib.sha256(str(ledger).encode()).hexdigest()[:16]
    return default_root() / f"{kind}-{digest}"


def open_ledger(path: Place, wait_seconds: float | None, say: Callable[[str], None]) -> Ledger:
    """Open the ledger, for as long waited for as was said.

    Raises:
        LedgerBusy: it is in use, still.
        LedgerError: it cannot be opened or trusted.
    """
    return when_free(lambda: Ledger.open(path), wait_seconds, say)


def when_free(do: Callable[[], T], wait_seconds: float | None, say: Callable[[str], None]) -> T:
    """Do what needs something of the ledger for itself, for as long waited for as was said; that it is waited for is
    said once. A ledger that a team shares can be opened by everybody, and somebody may have in hand what is wanted.

    Raises:
        LedgerBusy: it is in use, still.
        LedgerError: whatever is done raises it.
    """
    until = time.monotonic() + (wait_seconds or 0.0)
    was_said = False
    while True:
        try:
            return do()
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


def refuse_file(chosen: Place | None, what: str) -> Place:
    """The ledger's place, where a team can share it. `what` needs that.

    Raises:
        UsageError: it is a file, as one is that nobody chose.
    """
    where = Shelf(default_root()).first if chosen is None else chosen
    if isinstance(where, Path):
        raise UsageError(
            f"{what} needs a ledger that a team shares, and {where} is a file, which one machine alone can use.",
            hint="Name the team's database: --ledger postgresql://USER@HOST/BASE.",
            remedies=[(("--ledger", "postgresql://USER@HOST/BASE"),)],
        )
    return where
