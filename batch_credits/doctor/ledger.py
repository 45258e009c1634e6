"""The ledger, without holding it or changing it: is it there, sound, free, and the one of this site?"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from batch_credits.doctor.places import folder_signs, network_system, space_signs
from batch_credits.doctor.signs import Mark, Sign, bad, good, sign_of, warning
from batch_credits.errors import LedgerError, LedgerVersion, UsageError
from batch_credits.explanations.site_traits import differences
from batch_credits.ledger import Ledger, OpenProbe, in_doubt, standing
from batch_credits.ledger.keeping import what_mends
from batch_credits.model.address import Place
from batch_credits.process.writable import write_trouble
from batch_credits.settings import SiteSettings

WHOLE_BYTES = 100_000_000  # of a larger ledger not all is read, which would take long
_ANOTHER = ((("--ledger", "FILE"),),)


def ledger_signs(place: Place, site: SiteSettings | None, *, is_same_site: bool) -> Iterator[Sign]:
    """The ledger at a place, and what it knows of a site."""
    version = Ledger.version_at(place)
    if isinstance(place, Path):
        yield from _file_signs(place, is_there=version is not None)
    if version is None:
        yield good("ledger", f"{place}: NEW, there is none yet; the first run makes it")
        return
    try:
        opened = Ledger.open_for_reading(place)
    except LedgerVersion as error:
        yield sign_of("ledger", error, Mark.WARNING)
        return
    with opened:
        yield from _inner_signs(opened, place, version)
        if site is not None:
            yield from _site_signs(opened, site, is_same_site=is_same_site)
    if isinstance(place, Path) and (holder := Ledger.holder_at(place)) is not None:
        who = f"process {holder}" if holder.isdigit() else holder
        yield Sign(
            "ledger",
            Mark.WARNING,
            f"in use by another batch-credits ({who}): a run ends with 5 until it is free",
            "Wait until it has finished; or let a run wait (--wait-for-ledger SECONDS).",
        )


def _file_signs(path: Path, *, is_there: bool) -> Iterator[Sign]:
    folder = path.parent
    if (kind := network_system(path if is_there else _first_there(folder))) is not None:
        yield Sign(
            "ledger disk",
            Mark.BAD,
            f"{path} lies on a network file system ({kind}), whose locks and durable writes cannot be relied on",
            "Name a file on a disk of this machine, or a team's database:",
            (*_ANOTHER, (("--ledger", "postgresql://USER@HOST/BASE"),)),
        )
        return
    if not is_there:
        yield from folder_signs("ledger disk", folder, "--ledger")
        return
    status = path.stat()
    if not os.access(path, os.W_OK):
        yield bad("ledger disk", f"{path} may not be written by this user", "Give it to whoever runs this.")
    elif (trouble := write_trouble(folder)) is not None:
        yield bad(
            "ledger disk",
            f"{folder}, where the newest entries are kept, cannot be written: {trouble}",
            "Mend that: a run writes there before it sends.",
        )
    else:
        yield from space_signs("ledger disk", folder, f"on {folder}", "--ledger")
    if stat.S_IMODE(status.st_mode) & 0o077:
        yield warning(
            "ledger disk",
            f"{path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):04o})",
            "Let nobody but yourself read it.",
        )


def _first_there(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _inner_signs(ledger: Ledger, place: Place, version: int) -> Iterator[Sign]:
    keeping = ledger.keeping
    about, counts = keeping.about(), keeping.counts()
    held = f"{counts['batches']:,} batches, {counts['requests']:,} requests"
    size = int(about.get("bytes", 0))
    said = f"{place}: version {version}, {about.get('engine')}, {held}"
    if size > WHOLE_BYTES:
        yield Sign("ledger", Mark.GOOD, f"{said}; too large to be read whole here", instead=(("ledger", "check"),))
    elif harms := keeping.harms():
        what = "; ".join(f"{harm.what}{f' ({harm.times:,})' if harm.times > 1 else ''}" for harm in harms)
        yield Sign(
            "ledger",
            Mark.BAD,
            f"{said}; HARMED: {what}",
            "Pay nothing from it: bring back a copy for safety.",
            instead=(("ledger", "check"),),
        )
    else:
        yield good("ledger", f"{said}; whole")
    for right in keeping.not_allowed():
        yield bad("ledger", right, "Let the owner of the database give that right to the role.")
    if (moved := keeping.moved_to()) is not None:
        yield Sign(
            "ledger",
            Mark.BAD,
            f"it was copied to {moved[0]} ({moved[1]}), from which it is paid on",
            "Name that one:",
            ((("--ledger", moved[0]),),),
        )
    if (restored := keeping.restored()) is not None:
        yield warning(
            "ledger",
            f"it may have forgotten what was paid: {restored[0]} (noticed {restored[1]})",
            f"Each row is looked up before it is sent, until {what_mends(restored[0])}.",
        )


def _site_signs(ledger: Ledger, site: SiteSettings, *, is_same_site: bool) -> Iterator[Sign]:
    try:
        ledger.sites.check_address(site.site, site.address, is_same_site=is_same_site)
    except UsageError as error:
        yield sign_of("site", error)
    except LedgerError as error:
        yield sign_of("ledger", error)
        return
    facts = ledger.site_facts(site.site)
    if facts is not None:
        yield good("facts", f"measured on {facts.site} on {facts.measured_on}")
        for sentence in differences(facts):
            yield warning("facts", sentence)
    elif not site.is_live:
        yield good(
            "facts",
            f"what Chargebee documents nowhere was never measured on {site.site} (`doctor --probe CUSTOMER` does)",
        )
    for probe in ledger.probes.left(site.site):
        yield _left_sign(ledger, probe)


def _left_sign(ledger: Ledger, probe: OpenProbe) -> Sign:
    calls = ledger.probes.calls(probe.probe_id)
    there, doubt = standing(calls), in_doubt(calls)
    parts = []
    if there:
        total = sum(call.amount_minor for call in there)
        parts.append(f"{len(there)} credit{'s' * (len(there) > 1)} of {total} minor unit{'s' * (total > 1)}")
    if doubt:
        parts.append(f"{len(doubt)} call{'s' * (len(doubt) > 1)} of which nobody knows what came")
    said = " and ".join(parts) or "perhaps nothing"
    found = (
        f"{probe.name} ({probe.started_at}) was not finished, and has left with customer {probe.customer_id}: {said}"
    )
    return Sign(
        "probe",
        Mark.WARNING,
        found,
        "The next probe takes that back first:",
        ((("--probe", probe.customer_id), ("--yes", "")),),
    )


