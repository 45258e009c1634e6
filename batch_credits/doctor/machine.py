"""The program, this machine and its terminal."""

import os
import re
import resource
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from batch_credits import __version__
from batch_credits.chargebee.transport.choice import way_in_words
from batch_credits.doctor.signs import Sign, bad, good, warning
from batch_credits.settings import RunSettings

OTHER_FILES = 64  # that a run has open beside its calls: the ledger, the reports, libraries
_UNSAID_EXTRAS = ("dev", "docs", "bench", "recipes")  # for work on the program itself
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def program_signs(settings: RunSettings) -> Iterator[Sign]:
    """Which program this is, and how it would send."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield good("program", f"batch-credits {__version__}, Python {python}")
    loop = (
        "uvloop" if find_spec("uvloop") else "Python's own event loop (uvloop is not installed: about a third slower)"
    )
    yield good("transport", f"{way_in_words(settings)}; {loop}")


def extras_signs() -> Iterator[Sign]:
    """Which optional parts are installed."""
    try:
        wanted = metadata.requires("batch-credits") or []
    except metadata.PackageNotFoundError:
        yield good("extras", "not known: the program was not installed as a package")
        return
    missing: dict[str, list[str]] = {}
    for requirement in wanted:
        extra, name = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra is None or name is None or extra[1] in _UNSAID_EXTRAS:
            continue
        lacking = missing.setdefault(extra[1], [])
        try:
            metadata.version(name[0])
        except metadata.PackageNotFoundError:
            lacking.append(name[0])
    said = [
        f"{extra} {'without ' + ', '.join(lacking) if lacking else 'installed'}"
        for extra, lacking in sorted(missing.items())
    ]
    lacking = [extra for extra, names in sorted(missing.items()) if names]
    how = f" (pip install 'batch-credits[{','.join(lacking)}]', if you need it)" if lacking else ""
    yield good("extras", f"{'; '.join(said) or 'there are none'}{how}")


def open_files_signs(settings: RunSettings) -> Iterator[Sign]:
    """Whether so many calls at once can be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.concurrency + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        yield good(
            "open files", f"{'no limit' if soft == resource.RLIM_INFINITY else f'{soft:,} allowed'}, {needed:,} needed"
        )
        return
    may_raise = hard == resource.RLIM_INFINITY or hard >= needed
    do = f"Allow {needed:,}, or let fewer calls go at once (--concurrency)."
    yield bad(
        "open files",
        f"{soft:,} allowed, and {settings.concurrency} calls at once need {needed:,}",
        do,
        programs=[f"ulimit -n {needed}"] if may_raise else [],
    )


def terminal_signs() -> Iterator[Sign]:
    """Whether every name can be shown."""
    stream = sys.stdout
    encoding = "utf-8" if stream is None else (stream.encoding or "ascii")
    about = "a terminal" if stream is not None and stream.isatty() else "no terminal"
    set_by = next((name for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), None)
    said = f"{about}, {encoding}" + (f", by {set_by}={os.environ[set_by]}" if set_by else "")
    if encoding.lower().replace("-", "") == "utf8":
        yield good("terminal", said)
        return
    yield warning(
        "terminal",
        f"{said}: what it cannot show is written as \\u escapes; the reports are not concerned",
        "Set a locale of UTF-8:",
        programs=["export LC_ALL=C.UTF-8"],
    )


def time_zone_signs() -> Iterator[Sign]:
    """In which time zone this machine is. Reports are in UTC."""
    named, now = os.environ.get("TZ"), datetime.now().astimezone()
    offset = now.strftime("%z")
    if named and not re.search(r"\d", named):
        try:
            ZoneInfo(named.removeprefix(":"))
        except Exception:  # whatever a name may be that is none
            yield warning(
                "time zone",
                f"TZ={named} is no time zone that this machine knows, so it is taken for UTC",
                "Name one that it knows, or none:",
                programs=["unset TZ"],
            )
            return
    yield good(
        "time zone",
        f"{time.tzname[bool(time.localtime().tm_isdst)]} (UTC{offset[:3]}:{offset[3:]});"
        " reports and the ledger say UTC",
    )
