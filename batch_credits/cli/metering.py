"""A command with its metrics: from before anything is sent until it has ended, however it ends."""

from collections.abc import Callable
from contextlib import suppress

import click

from batch_credits.addresses import SANDBOX_SITE
from batch_credits.cli.options.metrics import MetricsChoice
from batch_credits.cli.options.places import ledger_path
from batch_credits.cli.options.site import SiteChoice
from batch_credits.cli.profiles import profile_taken
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, EXIT_STOPPED, exit_code_of
from batch_credits.errors import BatchCreditsError, LedgerError, UsageError
from batch_credits.ledger import Ledger
from batch_credits.metrics.meter import Meter
from batch_credits.metrics.reading import Whose
from batch_credits.model import RequestState
from batch_credits.model.address import Address, Place
from batch_credits.settings import SiteSettings


def metered(
    choice: MetricsChoice,
    site: SiteChoice,
    ledger: Place | None,
    act: Callable[[Meter], int],
    *,
    is_sandbox: bool = False,
) -> int:
    """Do what the current command does, which is told the meter, and returns its exit code.

    Raises:
        UsageError: the file or the port cannot be had, or what it takes is not installed. Nothing was done then.
        And whatever `act` does.
    """
    context = click.get_current_context()
    whose = Whose(
        SANDBOX_SITE if is_sandbox else _name_of(site), context.command.name or "", profile_taken(context) or ""
    )
    meter = Meter(whose, is_on=choice.is_asked)
    if not choice.is_asked:
        return act(meter)
    try:
        from batch_credits.metrics.keeper import kept
    except ImportError as error:
        raise UsageError(
            f"Metrics take more than is installed ({error}). Nothing was sent.",
            hint="Install it: pip install 'batch-credits[metrics]'",
        ) from None
    at = None if choice.metrics_port is None else (choice.metrics_host, choice.metrics_port)
    # A file only while this process has no other way to it: to close one would give up the other's locks.
    is_shared = isinstance(ledger, Address)
    ledger = _place(ledger, site, is_sandbox=is_sandbox)
    _look(meter, ledger)
    with kept(meter, choice.metrics_file, at, (lambda: _open_requests(meter, ledger)) if is_shared else None):
        try:
            code = act(meter)
        except BaseException as error:
            if not isinstance(error, LedgerError):  # one that is gone would be waited for once more
                _look(meter, ledger)
            meter.ended(_code_of(error))
            raise
        _look(meter, ledger)
        meter.ended(code)
    return code


def _name_of(site: SiteChoice) -> str:
    """The site's name, as far as it can be known; "" else: the command says what is wrong."""
    with suppress(BatchCreditsError):
        settings = site.settings_if_named()
        return "" if settings is None else settings.site
    return ""


def _place(ledger: Place | None, site: SiteChoice, *, is_sandbox: bool) -> Place | None:
    """The ledger, that of the site where none is named, as far as it can be known."""
    if ledger is not None:
        return ledger
    with suppress(BatchCreditsError):
        sandbox = SiteSettings(SANDBOX_SITE, "http://127.0.0.1", "none", is_in_process=True)
        settings = sandbox if is_sandbox else site.settings_if_named()
        if settings is not None:
            return ledger_path(None, settings)
    return None


def _look(meter: Meter, ledger: Place | None) -> None:
    """Read what the ledger says of the site, if there is any."""
    with suppress(BatchCreditsError):
        meter.owes(_open_requests(meter, ledger))


def _open_requests(meter: Meter, ledger: Place | None) -> dict[RequestState, int]:
    with Ledger.open_for_reading(ledger_path(ledger)) as opened:
        return opened.sites.open_requests(meter.reading.whose.site)


def _code_of(error: BaseException) -> int:
    """What the process says to scripts when this ends it."""
    if isinstance(error, BatchCreditsError):
        return exit_code_of(error)
    if isinstance(error, click.Abort) and not isinstance(error.__cause__, KeyboardInterrupt):
        return EXIT_NOTHING_SENT
    return EXIT_STOPPED
