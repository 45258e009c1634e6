"""`batch-credits web`: the page for finance."""

import hashlib
import os
import sys
import webbrowser
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

import click
import platformdirs

from batch_credits.addresses import LOOPBACK_HOSTS
from batch_credits.cli.config import input_profiles
from batch_credits.cli.options.input import confirm_option
from batch_credits.cli.options.places import ledger_option, ledger_path, reports_option
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option, profile_taken
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import COUNT
from batch_credits.errors import UsageError
from batch_credits.model.address import Place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.user import user_name
from batch_credits.views.terms import site_view
from batch_credits.web.settings import (
    DEFAULT_MAX_DISK_BYTES,
    DEFAULT_MAX_UPLOAD_BYTES,
    Proxy,
    Tls,
    WebSettings,
    Words,
)

DEFAULT_PORT = 8910
LOCALHOST = "localhost"


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
@option("--max-upload", type=COUNT, default=DEFAULT_MAX_UPLOAD_BYTES, show_default=True, metavar="BYTES",
        help="The largest file that is taken.")
@option("--max-disk", type=COUNT, default=DEFAULT_MAX_DISK_BYTES, show_default=True, metavar="BYTES",
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

    The link that is printed logs one browser in. What is being sent goes on when the server ends.

    \b
    batch-credits web
    batch-credits web --port 8910 --no-browser --actor "Ada Lovelace"
    """
    from batch_credits.web.server import serve

    settings = _settings(chosen)

    def on_listening(port: int, token: str) -> None:
        scheme, name = "https" if settings.tls else "http", chosen.hosts[0] if chosen.hosts else LOCALHOST
        link = f"{scheme}://{name}:{port}/"
        link += "" if settings.proxy else f"?token={token}"
        click.echo(f"web listening on {link}")  # whole, for whoever reads it: `say` would make it visible, not short
        if not chosen.no_browser and sys.stdout is not None and sys.stdout.isatty() and not settings.proxy:
            webbrowser.open(link)

    run_in_loop(serve(settings, on_listening))
    say("The server has ended. What is being sent goes on.", err=True)
    return 0


def _settings(chosen: WebChoice) -> WebSettings:
    """What the server is told.

    Raises:
        UsageError: the site is not named, or the server could be reached by whoever likes.
    """
    site, ledger = chosen.site.settings(), ledger_path(chosen.ledger)
    proxy, tls, words = _proxy(chosen), _tls(chosen), _words(chosen, ledger)
    _refuse_open(chosen, proxy, tls)
    return WebSettings(
        listen=chosen.listen,
        port=chosen.port,
        hosts=frozenset(chosen.hosts),
        actor=(chosen.actor or user_name()).strip(),
        site=site_view(site),
        ledger=ledger,
        reports=chosen.reports.absolute(),
        folder=_folder(chosen, ledger),
        words=words,
        proxy=proxy,
        tls=tls,
        profiles=() if words.profile else input_profiles(),
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
    return Proxy(tuple(map(_network, chosen.trusted_proxy)), chosen.identity_header)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise UsageError(
            f"--trusted-proxy takes an address or a network: {error}.", remedies=[(("--trusted-proxy", "ADDRESS"),)]
        ) from None


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
    if chosen.uploads is not None:
        return chosen.uploads.absolute()
    if isinstance(ledger, Path):
        path = Path(os.path.realpath(ledger))
        return path.with_name(f"{path.name}.web")
    digest = hashlib.sha256(str(ledger).encode()).hexdigest()[:16]
    return Path(platformdirs.user_data_dir("batch-credits", appauthor=False)) / f"web-{digest}"


def _words(chosen: WebChoice, ledger: Place) -> Words:
    """The options of this command line, as the commands are given them that the page starts. What comes from the
    environment and the settings files they find there themselves."""
    profile = profile_taken(click.get_current_context())
    site, of_site = chosen.site, []
    for flag, value in (("site", site.site), ("base-url", site.base_url)):
        of_site += [f"--{flag}={value}"] if value else []
    of_site += [f"--api-key-file={site.api_key_file.absolute()}"] if site.api_key_file else []
    of_site += ["--same-site"] if site.same_site else []
    where = ledger.absolute() if isinstance(ledger, Path) else ledger
    return Words(
        profile=(f"--profile={profile}",) if profile else (),
        site=tuple(of_site),
        ledger=(f"--ledger={where}",),
        reports=(f"--reports={chosen.reports.absolute()}",),
    )
