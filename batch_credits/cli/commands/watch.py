"""`batch-credits watch`: pay the files that are dropped into a folder."""

import hashlib
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from batch_credits.cli.notices_of_run import notices_of_run
from batch_credits.cli.options.children import words_for_children
from batch_credits.cli.options.places import folder_beside, ledger_option, ledger_path
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.options.watching import WatchingChoice, watching_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import say
from batch_credits.errors import UsageError
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.notices.telling import Notices, NoticeSettings
from batch_credits.process.pause import Pause
from batch_credits.process.signals import Signals
from batch_credits.settings import SiteSettings
from batch_credits.watch.folder import Folder
from batch_credits.watch.seams import Seams, Tell
from batch_credits.watch.settings import ONCE_PATIENCE_SECONDS, WatchSettings
from batch_credits.watch.watcher import Watcher


@dataclass(frozen=True, slots=True)
class WatchChoice:
    """What the operator chose of a watch."""

    folder: Path
    watching: WatchingChoice
    site: SiteChoice
    ledger: Place | None
    quiet: bool


@click.command(cls=Sectioned)
@click.argument("folder", type=click.Path(path_type=Path))
@watching_options
@profile_option
@site_options
@ledger_option
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
@chosen_as(WatchChoice, "chosen")
def watch(chosen: WatchChoice) -> int:
    """Pay the files that are dropped into FOLDER, one after another, and put each with its reports into FOLDER/done or
    FOLDER/attention.

    \b
    batch-credits watch /srv/payouts --profile loyalty --reference-template '{name}'
    batch-credits watch /srv/payouts --profile loyalty --once

    Each file is paid by `run --yes` with the profile's settings, once it has stopped growing. Control totals come from
    FILE.control.csv or FILE.control.json beside it. A file of which every row is credited goes to done; any other to
    attention, with a note that says what to do. The same content is never paid twice, whatever it is called.

    Ctrl-C or SIGTERM ends it in order: a run that goes on stops, and the next watch carries on.
    """
    settings = _settings(chosen)
    signals, tell = Signals(), _Teller(quiet=chosen.quiet)
    context = click.get_current_context()
    notify = _Notifier(_told(context), chosen.site.settings(), signals, tell)
    context.with_resource(signals.taken())
    pause = context.with_resource(Pause())
    with signals.doing(pause.wake):
        seams = Seams(
            now=time.monotonic,
            utc=lambda: datetime.now(UTC),
            wait=pause.wait,
            signals=lambda: signals.arrived,
            tell=tell,
            notify=notify,
            patience_seconds=ONCE_PATIENCE_SECONDS if settings.once else None,
        )
        folder = Folder(settings.folder, settings.state, lambda text: seams.tell(text, is_urgent=True))
        try:
            folder.open()
            if not settings.once:
                seams.tell(f"Watching {settings.folder} for {settings.site}; the ledger is {settings.ledger}.")
            return Watcher(folder, settings, seams).watch()
        finally:
            folder.close()


class _Teller:
    """Says each line with its time."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, text: str, *, is_urgent: bool = False) -> None:
        """Say it, unless nobody wants to hear it."""
        if is_urgent or not self._quiet:
            say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {text}")


def _told(context: click.Context) -> NoticeSettings:
    """Whom the runs tell.

    Raises:
        UsageError: they would be refused for it, which no option of this command mends.
    """
    try:
        return notices_of_run(context).settings()
    except click.UsageError as error:
        raise UsageError(error.format_message(), hint="Correct it, or leave it out.") from None
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint) from None


class _Notifier:
    """Tells those whom the runs of this watch tell."""

    def __init__(self, told: NoticeSettings, site: SiteSettings, signals: Signals, tell: Tell) -> None:
        self._told = told
        self._site = site
        self._signals = signals
        self._tell = tell

    def __call__(
        self, code: str, *, file: str | None = None, exit_code: int | None = None, where: Path | None = None
    ) -> None:
        """Tell it, within the seconds that any command has at its end; what did not arrive is said."""
        notices = Notices(self._told, "watch", file=file)
        notices.at(self._site)
        notices.heed(self._signals)
        notices.of_watch(code, exit_code, where)
        for sentence in notices.close(lambda: None):
            self._tell(sentence, is_urgent=True)


def _settings(chosen: WatchChoice) -> WatchSettings:
    """What the watch is told.

    Raises:
        UsageError: something is missing, or makes no sense.
        LedgerError: the ledger cannot be used.
    """
    watching, site = chosen.watching, chosen.site.settings()
    template, ledger = watching.template(), ledger_path(chosen.ledger, site)
    folder = Path(os.path.realpath(chosen.folder))
    done = _absolute(watching.done, folder / "done")
    attention = _absolute(watching.attention, folder / "attention")
    if Ledger.is_at(ledger):
        Ledger.open_for_reading(ledger).close()  # what is wrong with it is said before a file is taken
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    settings = WatchSettings(
        folder=folder,
        done=done,
        attention=attention,
        state=folder_beside(ledger, "watch") / digest,
        site=site.site,
        ledger=ledger,
        words=words_for_children(chosen.site, ledger),
        template=template,
        control_seconds=watching.require_control,
        settle_seconds=watching.settle,
        every_seconds=watching.every,
        tries=watching.tries,
        backoff_seconds=watching.backoff,
        once=watching.once,
        ledger_seconds=watching.wait_for_ledger,
    )
    _refuse_places(settings)
    return settings


def _absolute(chosen: Path | None, usual: Path) -> Path:
    return usual if chosen is None else Path(os.path.realpath(chosen))


def _refuse_places(settings: WatchSettings) -> None:
    """Refuse folders that are one another.

    Raises:
        UsageError: they are.
    """
    places = {"--done": settings.done, "--attention": settings.attention}
    for flag, path in places.items():
        if path == settings.folder or settings.working == path or settings.working in path.parents:
            raise UsageError(
                f"{flag} {path} is where files are taken from.",
                hint="Name another folder.",
                remedies=[((flag, str(settings.folder / flag[2:])),)],
            )
    if settings.done == settings.attention:
        raise UsageError("--done and --attention are one folder.", hint="Nobody could tell what needs a person.")
