"""`batch-credits status`: what the ledger knows, also while another process runs a batch."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from batch_credits.addresses import site_name
from batch_credits.cli.options.places import ledger_of_batch, ledger_option, ledger_path, ledger_paths
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.following import Drawn, Followed, JsonLines, Lines, Shower, follow
from batch_credits.cli.telling.speech import say
from batch_credits.cli.telling.standing import batch_json, batch_lines, restored_line, worker_lines
from batch_credits.cli.values import BatchId, Number
from batch_credits.errors import LedgerError
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, Outcome
from batch_credits.model.address import Place
from batch_credits.views.batches import UNFINISHED, Wanted, chosen_view, records_of, views_of
from batch_credits.views.workers import workers_view

UNFINISHED_NAME = "unfinished"
_OUTCOMES = [*(outcome.value for outcome in Outcome), UNFINISHED_NAME]


@dataclass(frozen=True, slots=True)
class StatusChoice:
    """Which batches, and whether they are followed."""

    batch: str | None
    of_site: str | None
    since: datetime | None
    outcomes: tuple[str, ...]
    of_file: str
    last: bool
    follow: bool
    every: float
    as_json: bool

    def wanted(self) -> Wanted:
        """The same for the ledger.

        Raises:
            UsageError: what is no name of a site was given.
        """
        named = {Outcome(name) for name in self.outcomes if name != UNFINISHED_NAME}
        return Wanted(
            self.batch,
            None if self.of_site is None else site_name(self.of_site),
            "" if self.since is None else self.since.date().isoformat(),
            self.of_file,
            frozenset(named.union(UNFINISHED if UNFINISHED_NAME in self.outcomes else ())),
            self.last,
        )


@click.command()
@click.argument("batch", required=False, type=BatchId(fewest=1))
@click.option("--last", is_flag=True, help="Only the newest of them.")
@click.option("--site", "of_site", metavar="NAME", help="Only those of this site.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="Only those admitted or run since this day (UTC).")
@click.option("--outcome", "outcomes", type=click.Choice(_OUTCOMES), multiple=True,
              help="Only those with rows of this outcome; unfinished: in doubt, in review or pending.")
@click.option("--file", "of_file", default="", metavar="TEXT", help="Only those whose file names have this in them.")
@click.option("--follow", "-f", is_flag=True, help="Show how they go on, until they have ended; Ctrl-C ends it sooner.")
@option("--every", type=Number(0.2, 3600), default=1.0, show_default=True, metavar="SECONDS",
        help="With --follow, between two looks at the ledger.")
@option("--json", "as_json", is_flag=True, help="Print a JSON list of the batches; with --follow, one a line.")
@profile_option
@ledger_option
@chosen_as(StatusChoice, "chosen")
def status(chosen: StatusChoice, ledger: Place | None) -> int:
    """Batches in the ledger: when, from which file, counts and totals by outcome, where their reports are. And who
    works on them now.

    It only reads, also beside a run. All times are UTC. With --follow and neither BATCH nor --last, all batches that
    are being sent: drawn anew on a terminal, else a line whenever one of them stands otherwise than before.

    Without --ledger, those of all sites that have a ledger in the user's data directory.

    \b
    batch-credits status
    batch-credits status 3f9a2b1c
    batch-credits status --since 2026-11-01 --outcome unfinished
    batch-credits status --follow
    """  # fmt: skip
    wanted = chosen.wanted()
    if not chosen.follow:
        return _show_all(ledger, wanted, as_json=chosen.as_json)
    place = ledger_path(ledger) if wanted.prefix is None else ledger_of_batch(ledger, wanted.prefix)
    with Ledger.open_for_reading(place) as opened:
        shower = _shower(as_json=chosen.as_json)
        try:
            follow(opened, Followed(opened, wanted, _named(opened, wanted)), shower, chosen.every)
        except KeyboardInterrupt:
            shower.end()
    return 0


def _show_all(ledger: Place | None, wanted: Wanted, *, as_json: bool) -> int:
    """Show what is wanted of the ledger that was named, or of all of the user's.

    Raises:
        LedgerError: one cannot be read. What could be read was shown.
    """
    places = ledger_paths(ledger) if wanted.prefix is None else [ledger_of_batch(ledger, wanted.prefix)]
    unread: list[LedgerError] = []
    documents: list[dict[str, Any]] = []
    texts: list[tuple[str, str]] = []
    for place in places:
        try:
            with Ledger.open_for_reading(place) as opened:
                if as_json:
                    documents += _documents(opened, wanted)
                else:
                    texts.append(_text(opened, wanted, f"Ledger {place}" if len(places) > 1 else ""))
        except LedgerError as error:
            if len(places) == 1:
                raise
            unread.append(error)
    if as_json:
        last = max(documents, key=lambda each: str(each["created_at"]), default=None) if wanted.only_last else None
        say(json.dumps(documents if last is None else [last], ensure_ascii=False))
    for _, text in [max(texts)] if texts and wanted.only_last else texts:
        say(text)
    if unread:
        raise unread[0]
    return 0


def _documents(ledger: Ledger, wanted: Wanted) -> list[dict[str, Any]]:
    restored, idle = ledger.keeping.restored(), [worker for worker in workers_view(ledger) if worker.batch is None]
    views = chosen_view(ledger, wanted)
    return [{**batch_json(view, restored, idle), "ledger": str(ledger.path)} for view in views]


def _text(ledger: Ledger, wanted: Wanted, heading: str) -> tuple[str, str]:
    """When the newest of what is wanted of a ledger was admitted, "" if there is none; and what is said of it."""
    lines, newest, shown = [heading] if heading else [], "", set()
    for view in chosen_view(ledger, wanted):
        lines += batch_lines(view)
        newest = max(newest, view.created_at)
        shown.add(view.key)
    if not shown:
        lines.append("The ledger holds no batch." if wanted == Wanted() else "The ledger holds no such batch.")
    for worker in workers_view(ledger):
        if worker.batch in shown or worker.batch is None:
            lines += worker_lines(worker)
    if (restored := ledger.keeping.restored()) is not None:
        lines.append(restored_line(restored))
    return newest, "\n".join(lines)


def _named(ledger: Ledger, wanted: Wanted) -> list[BatchRecord] | None:
    """The batches that are followed to their end; None: all that are sent."""
    if wanted.prefix is None and not wanted.only_last:
        return None
    records = records_of(ledger, wanted)
    if wanted.outcomes:
        views = zip(records, views_of(ledger, records), strict=True)
        records = [record for record, view in views if wanted.outcomes & view.outcomes.keys()]
    return records[-1:]


def _shower(*, as_json: bool) -> Shower:
    if as_json:
        return JsonLines(say)
    if sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return Drawn(sys.stdout)
    return Lines(say)


