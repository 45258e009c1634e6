"""`batch-credits web`: the page for finance."""

import re
import sys
import webbrowser
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

import click

from batch_credits.addresses import LOOPBACK_HOSTS
from batch_credits.cli.config import input_profiles
from batch_credits.cli.options.children import words_for_children
from batch_credits.cli.options.input import confirm_option
from batch_credits.cli.options.places import folder_beside, ledger_option, ledger_path, reports_option
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option, profile_taken
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import MAX_COUNT
from batch_credits.errors import UsageError
from batch_credits.model.address import Place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.user import user_name
from batch_credits.views.terms import site_view
from batch_credits.web.settings import (
    DEFAULT_MAX_DISK_BYTES,
    DEFAULT_MAX_UPLOAD_BYTES,
    MAX_ACTOR_LETTERS,
    Proxy,
    Tls,
    WebSettings,
)

DEFAULT_PORT = 8910
LOCALHOST = "localhost"
_BYTES = click.IntRange(1, MAX_COUNT)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_AN_IDENTITY = ("cookie", "host", "origin", "authorization", "content-type", "content-length", "connection")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class WebChoice:
    """What the operator chose of the server."""

    port: int
    no_browser: bool
    actor: str | None
    listen: str
    hosts: tuple[str, ...]
    trusted_proxy: tuple[str, ...]
    identity_header: str | None
    tls_cert: Path | None
    tls_key: Path | None
    max_upload: int
    max_disk: int
    uploads: Path | None
    confirm_total: tuple[tuple[str, str], ...]
    site: SiteChoice
    reports: Path
    ledger: Place | None


@click.command(cls=Sectioned)
@option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True,
        envvar="BATCH_CREDITS_WEB_PORT", help="Port to listen on; 0: any that is free.")
@option("--no-browser", is_flag=True, help="Open no browser; the link is printed either way.")
@option("--actor", metavar="NAME", help="Whom the link logs in.  [default: the user who starts it]")
@option("--listen", metavar="ADDRESS", default=LOCALHOST, show_default=True,
        help="Address to listen on; another than this machine's own needs a sign-in before it.")
@option("--host", "hosts", multiple=True, metavar="NAME", help="Another name under which the server answers.")
@option("--trusted-proxy", multiple=True, metavar="ADDRESS",
        help="Whose --identity-header is believed: an address or a network.")
@option("--identity-header", metavar="NAME", help="Header in which the trusted proxy names who has signed in.")
@option("--tls-cert", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Certificate, PEM.")
@option("--tls-key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Its key, PEM.")
@option("--max-upload", type=_BYTES, default=DEFAULT_MAX_UPLOAD_BYTES, show_default=True, metavar="BYTES",
        help="The largest file that is taken.")
@option("--max-disk", type=_BYTES, default=DEFAULT_MAX_DISK_BYTES, show_default=True, metavar="BYTES",
        help="How much room all uploads may take.")
@option("--uploads", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
        help="Where uploads are kept.  [default: beside the ledger]")
@confirm_option
@profile_option
@site_options
@reports_option
@ledger_option
@chosen_as(WebChoice, "chosen")
def web(chosen: WebChoice) -> int:
    """Serve the page for finance: upload, check, send, mend and undo in a browser.

    The link that is printed logs one browser in; on a terminal another one follows then. What is being sent goes on
    when the server ends.

    \b
    batch-credits web
    batch-credits web --port 8910 --no-browser --actor "Ada Lovelace"
    """
    from batch_credits.web.server import serve

    settings = _settings(chosen)
    links = _Links(chosen, settings)
    try:
        run_in_loop(serve(settings, links.first, links.another if links.are_for_a_terminal else None))
    finally:
        links.close()
    say("The server has ended. What is being sent goes on.", err=True)
    return 0


class _Links:
    """Tells of the links that let people in, and opens the first in a browser where there is a terminal."""

    def __init__(self, chosen: WebChoice, settings: WebSettings) -> None:
        self._settings = settings
        self._name = chosen.hosts[0] if chosen.hosts else LOCALHOST
        self.are_for_a_terminal = settings.proxy is None and sys.stdout is not None and sys.stdout.isatty()
        self._opens = self.are_for_a_terminal and not chosen.no_browser
        self._way_in: Path | None = None

    def first(self, port: int, token: str) -> None:
        """The server answers."""
        link = self._link(port, token)
        click.echo(f"web listening on {link}")  # whole, for whoever reads it: `say` would make it visible, not short
        if self._opens:
            from batch_credits.web.door.way_in import write_way_in

            self._way_in = write_way_in(self._settings.folder, link)
            webbrowser.open(self._way_in.as_uri())

    def another(self, port: int, token: str) -> None:
        """The link before was used. Whoever has the terminal may let in another browser, or this one again."""
        self.close()
        click.echo(f"web: another link, for another browser: {self._link(port, token)}")

    def close(self) -> None:
        """Leave no link behind."""
        if self._way_in is not None:
            self._way_in.unlink(missing_ok=True)

    def _link(self, port: int, token: str) -> str:
        scheme = "https" if self._settings.tls else "http"
        return f"{scheme}://{self._name}:{port}/" + ("" if self._settings.proxy else f"?token={token}")


def _settings(chosen: WebChoice) -> WebSettings:
    """What the server is told.

    Raises:
        UsageError: the site is not named, or the server could be reached by whoever likes.
    """
    site = chosen.site.settings()
    ledger = ledger_path(chosen.ledger, site)
    proxy, tls, words = _proxy(chosen), _tls(chosen), words_for_children(chosen.site, ledger, chosen.reports)
    _refuse_open(chosen, proxy, tls)
    return WebSettings(
        listen=chosen.listen,
        port=chosen.port,
        hosts=frozenset(map(_host, chosen.hosts)),
        actor=_actor(chosen.actor),
        site=site_view(site),
        ledger=ledger,
        reports=chosen.reports.absolute(),
        folder=_folder(chosen, ledger),
        words=words,
        proxy=proxy,
        tls=tls,
        profiles=() if profile_taken(click.get_current_context()) else input_profiles(),
        confirm_total=chosen.confirm_total,
        max_upload_bytes=chosen.max_upload,
        max_disk_bytes=chosen.max_disk,
    )


def _refuse_open(chosen: WebChoice, proxy: Proxy | None, tls: Tls | None) -> None:
    """Refuse to be reached from elsewhere without a sign-in.

    Raises:
        UsageError: so it would be.
    """
    is_local = chosen.listen in LOOPBACK_HOSTS or chosen.listen == LOCALHOST
    if not is_local:
        try:
            is_local = ip_address(chosen.listen).is_loopback
        except ValueError:
            raise UsageError(
                f"--listen takes an address, and {chosen.listen!r} is none.", remedies=[(("--listen", LOCALHOST),)]
            ) from None
    if not is_local and (proxy is None or not (tls or chosen.trusted_proxy)):
        raise UsageError(
            f"On {chosen.listen} others could reach the server, and nobody would know who they are.",
            hint="Put a proxy with a sign-in before it, and say which header of it names the person:",
            remedies=[
                (("--listen", LOCALHOST),),
                (("--trusted-proxy", "ADDRESS"), ("--identity-header", "X-Forwarded-Email"), ("--host", "NAME")),
            ],
        )


def _proxy(chosen: WebChoice) -> Proxy | None:
    """The proxy that names people.

    Raises:
        UsageError: it is half said.
    """
    if not chosen.trusted_proxy and chosen.identity_header is None:
        return None
    if not chosen.trusted_proxy or chosen.identity_header is None:
        raise UsageError(
            "--trusted-proxy and --identity-header go together.",
            hint="A header is believed from named addresses alone.",
            remedies=[(("--trusted-proxy", "ADDRESS"), ("--identity-header", "X-Forwarded-Email"))],
        )
    return Proxy(tuple(map(_network, chosen.trusted_proxy)), _header(chosen.identity_header))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise UsageError(
            f"--trusted-proxy takes an address or a network: {error}.", remedies=[(("--trusted-proxy", "ADDRESS"),)]
        ) from None
    if network.prefixlen == 0:
        raise UsageError(
            f"--trusted-proxy {text.strip()} is everybody: anyone could say who they are.",
            hint="Name the proxy's own address, or its network:",
            remedies=[(("--trusted-proxy", "ADDRESS"),)],
        )
    return network


def _header(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _NOT_AN_IDENTITY:
        raise UsageError(
            f"--identity-header takes the name of a header that the proxy adds, and {name!r} is none.",
            remedies=[(("--identity-header", "X-Forwarded-Email"),)],
        )
    return name


def _host(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise UsageError(
            f"--host takes a name, and perhaps a port, as browsers say it, and {name!r} is none.",
            remedies=[(("--host", "pay.example.com"),)],
        )
    return name


def _actor(name: str | None) -> str:
    actor = (user_name() if name is None else name).strip()
    if not actor or not actor.isprintable() or len(actor) > MAX_ACTOR_LETTERS:
        raise UsageError(
            f"--actor takes a name of at most {MAX_ACTOR_LETTERS} letters that can be shown.",
            remedies=[(("--actor", "NAME"),)],
        )
    return actor


def _tls(chosen: WebChoice) -> Tls | None:
    if chosen.tls_cert is None and chosen.tls_key is None:
        return None
    if chosen.tls_cert is None or chosen.tls_key is None:
        raise UsageError(
            "--tls-cert and --tls-key go together.", remedies=[(("--tls-cert", "FILE"), ("--tls-key", "FILE"))]
        )
    return Tls(chosen.tls_cert, chosen.tls_key)


def _folder(chosen: WebChoice, ledger: Place) -> Path:
    """Where uploads lie: all servers of one ledger use one folder, so that they know of each other's."""
    return chosen.uploads.absolute() if chosen.uploads is not None else folder_beside(ledger, "web")
