"""What sites are called, and where they answer: one site must never have two identities."""

import ipaddress
import re
import unicodedata
from urllib.parse import urlsplit

from batch_credits.errors import Remedy, UsageError

CHARGEBEE = ".chargebee.com"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
MAX_SITE_LETTERS = 63  # of a name in a host name
SANDBOX_SITE = "sandbox"  # the one that `run --sandbox` starts
_SITE = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
_IN_ADDRESS = re.compile(rf"({_SITE.pattern}){re.escape(CHARGEBEE)}")
_HOST = r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
_HOST_AND_PORT = re.compile(rf"{_HOST}(?::[0-9]+)?")
_ANOTHER_ADDRESS: list[Remedy] = [(("--base-url", "https://HOST"),)]


def site_name(text: str, *, is_alone: bool = False) -> str:
    """The one form of a site's name: two spellings would be two sites, and everything would be paid twice.

    Behind a base URL a site may also be called by host and port; without one (`is_alone`) the name makes the address.

    Raises:
        UsageError: it is no name.
    """
    name = _trimmed(text)
    if name.isascii():  # lower() would make letters of ours out of some foreign ones
        name = name.lower()
    if _SITE.fullmatch(name) and len(name) <= MAX_SITE_LETTERS:
        return name
    is_host = not is_alone and not name.endswith(CHARGEBEE) and ("." in name or ":" in name)
    if is_host and _HOST_AND_PORT.fullmatch(name):
        return name
    hint, meant = "Give the name alone: acme for https://acme.chargebee.com.", "SITE"
    if _SITE.fullmatch(hyphens := name.replace("_", "-")):
        hint, meant = f"Chargebee's names have hyphens, not underscores: is it {hyphens}?", hyphens
    elif (within := _IN_ADDRESS.search(name)) is not None:
        meant = within[1]
    raise UsageError(
        f"The site (CHARGEBEE_SITE, --site) is {text!a}, which is no site name.",
        hint=hint,
        remedies=[(("--site", meant),)],
    )


def of_another_site(key: str, site: str, asked: str | None) -> UsageError:
    """The error of a batch of this site where another one was named (`asked`), or none."""
    if site == SANDBOX_SITE:
        return UsageError(
            f"Batch {key[:8]} belongs to site {site}, which ended with its run: what was paid there is gone with it.",
            hint="To try this, serve a sandbox that stays, and run the file there.",
            instead=[("sandbox",)],
        )
    remedy: Remedy = (("--site", site),) if _SITE.fullmatch(site) else (("--base-url", f"http://{site}"),)
    return UsageError(f"Batch {key[:8]} belongs to site {site}, not to {asked}.", remedies=[remedy])


def _trimmed(text: str) -> str:
    """Without what is invisible at its edges: blanks of any kind, line ends, control characters and marks."""
    visible = [at for at, letter in enumerate(text) if unicodedata.category(letter)[0] not in "ZC"]
    return text[visible[0] : visible[-1] + 1] if visible else ""


def parts_of(base_url: str) -> tuple[str, str, int | None]:
    """Scheme, host in its one form, and port, if one is given.

    Raises:
        UsageError: it is not scheme and host only, or not encrypted.
    """
    if "@" in base_url:
        hint = "Take it out: the key has a place of its own."
        raise UsageError("The base URL (--base-url) holds a user or a key.", hint=hint, remedies=_ANOTHER_ADDRESS)
    try:
        parts = urlsplit(_trimmed(base_url))
        host, port = (parts.hostname or "").removesuffix("."), parts.port
        if ":" in host:
            host = f"[{ipaddress.IPv6Address(host).compressed}]"
    except ValueError as error:
        said = f"The base URL (--base-url) {base_url!r} is not an address: {error}."
        raise UsageError(said, remedies=_ANOTHER_ADDRESS) from None
    more_than_host = parts.path not in ("", "/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host) or more_than_host:
        raise UsageError(
            f"The base URL (--base-url) {base_url!r} must be scheme and host only.",
            hint="For example http://127.0.0.1:8900.",
            remedies=_ANOTHER_ADDRESS,
        )
    if parts.scheme == "http" and host.strip("[]") not in LOOPBACK_HOSTS:
        raise UsageError(
            f"The base URL (--base-url) {base_url!r} would send the API key unencrypted.",
            hint="Use https, or a loopback address.",
            remedies=[(("--base-url", f"https{base_url.strip()[4:]}"),)],
        )
    return parts.scheme, host, port
