"""What the operator of the server chose. Nothing of it ever comes from a browser."""

import os
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from batch_credits.children.start import Words
from batch_credits.model.address import Place
from batch_credits.views.terms import SiteView

DEFAULT_MAX_UPLOAD_BYTES = 256 * 1024**2  # more than a million rows of CSV
DEFAULT_MAX_DISK_BYTES = 8 * 1024**3  # of all uploads together
CHECKS_AT_ONCE = 2
MAX_SESSIONS = 200
MAX_ACTOR_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's own certificate, and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Proxy:
    """What stands before the server and says who somebody is: from these addresses alone, in this header."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    identity_header: str


@dataclass(frozen=True, slots=True)
class WebSettings:
    """All that the server is told. `hosts` are the names under which it answers, `actor` whom the login link logs in,
    `folder` where uploads are kept; `profiles` are names that only say how a file is read."""

    listen: str
    port: int
    hosts: frozenset[str]
    actor: str
    site: SiteView
    ledger: Place
    reports: Path
    folder: Path
    words: Words
    proxy: Proxy | None = None
    tls: Tls | None = None
    profiles: tuple[str, ...] = ()
    confirm_total: tuple[tuple[str, str], ...] = ()  # on a live site a total above this must be typed, too
    max_upload_bytes: int = DEFAULT_MAX_UPLOAD_BYTES
    max_disk_bytes: int = DEFAULT_MAX_DISK_BYTES


def door_settings(listen: str, port: int, host: str, actor: str, tls: Tls | None) -> WebSettings:
    """For a server with a door and no site: all that the door is told, and nothing else."""
    nowhere = Path(os.devnull)
    site = SiteView(name="", base_url="", is_live=False, is_loopback=True, posts_at_once=None)
    return WebSettings(listen, port, frozenset([host]), actor, site, nowhere, nowhere, nowhere, Words(), tls=tls)
