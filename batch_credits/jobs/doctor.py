"""Look at everything that a first run could fail on: settings, key, site, rights, limit, clock, ledger, disk, machine.

Nothing is sent, held or changed: the ledger is read, folders are tried by a file that is gone at once, and the site is
asked two questions. Whatever is broken is a sign among the others.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.doctor.key import key_signs
from batch_credits.doctor.ledger import ledger_signs
from batch_credits.doctor.limits import limit_signs
from batch_credits.doctor.machine import (
    extras_signs,
    open_files_signs,
    program_signs,
    terminal_signs,
    time_zone_signs,
)
from batch_credits.doctor.places import folder_signs, temporary_signs
from batch_credits.doctor.signs import Mark, Sign, good, looked_at
from batch_credits.doctor.site import site_signs
from batch_credits.errors import BatchCreditsError
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.settings import RunSettings, SiteSettings

RunInLoop = Callable[[Coroutine[Any, Any, list[Sign]]], list[Sign]]


@dataclass(frozen=True, slots=True)
class Examined:
    """What is looked at. `site` is None where none can be called, `ledger` where none can be named: that is a sign of
    its own already. `is_rate_said`: somebody named a rate or a plan."""

    site: SiteSettings | None
    key_file: Path | None
    settings: RunSettings
    is_rate_said: bool
    ledger: Place | None
    reports: Path
    is_same_site: bool


def examine(about: Examined, run_in_loop: RunInLoop) -> list[Sign]:
    """Every sign, in the order in which a run would meet what is wrong."""
    site, ledger = about.site, about.ledger
    of_key = looked_at("key", lambda: key_signs(about.key_file))
    signs = [*of_key]
    if site is not None:
        signs += looked_at("site", lambda: [_site_sign(site)])
        signs += looked_at("limit", lambda: limit_signs(site, about.settings, is_said=about.is_rate_said))
    of_ledger = [] if ledger is None else looked_at(
        "ledger", lambda: ledger_signs(ledger, site, is_same_site=about.is_same_site)
    )  # fmt: skip
    if site is not None and not is_bad(of_key):
        known = _readable(ledger)
        signs += looked_at("answers", lambda: run_in_loop(site_signs(site, about.settings, known)))
    signs += of_ledger
    signs += looked_at("reports", lambda: folder_signs("reports", about.reports, "--reports"))
    signs += looked_at("temporary", temporary_signs)
    signs += looked_at("open files", lambda: open_files_signs(about.settings))
    for about_machine, look in (("terminal", terminal_signs), ("time zone", time_zone_signs), ("extras", extras_signs)):
        signs += looked_at(about_machine, look)
    return signs + looked_at("program", lambda: program_signs(about.settings))


def is_bad(signs: list[Sign]) -> bool:
    """Whether a run would fail."""
    return any(sign.mark is Mark.BAD for sign in signs)


def _site_sign(site: SiteSettings) -> Sign:
    kind = "LIVE site" if site.is_live else "this machine" if site.is_loopback else "test site"
    return good("site", f"{site.site} at {site.base_url}, {kind}")


def _readable(ledger: Place | None) -> Place | None:
    """The ledger, if it can be read: for what it remembers of the site's last minute."""
    if ledger is None:
        return None
    try:
        if not Ledger.is_at(ledger):
            return None
        Ledger.open_for_reading(ledger).close()
    except (BatchCreditsError, OSError):
        return None  # which is a sign of its own
    return ledger
