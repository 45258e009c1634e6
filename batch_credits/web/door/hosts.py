"""Under which names the server answers, and where a form may come from.

A page of another site can make a browser ask this machine under a name of its own (DNS rebinding, as in MLflow
CVE-2025-14279 and Ollama CVE-2024-28224), and can send a form here (as in Flower CVE-2022-51020).
"""

from aiohttp import web

from batch_credits.web.door.refusals import Refused
from batch_credits.web.settings import WebSettings

MISDIRECTED = 421
_SAME = ("same-origin", "none")  # "none": a person typed the address, or followed a bookmark


def allowed_hosts(settings: WebSettings, port: int) -> frozenset[str]:
    """What may stand in the Host header."""
    here = {f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"}
    named = {name.lower() for name in settings.hosts}
    return frozenset(here | named | {f"{name}:{port}" for name in named})


def refuse_host(request: web.Request, hosts: frozenset[str]) -> None:
    """Refuse a request that was meant for another server.

    Raises:
        Refused: its Host is not one of ours, or there are several.
    """
    said = request.headers.getall("Host", [])
    if len(said) != 1 or said[0].lower() not in hosts:
        raise Refused(MISDIRECTED, "This server does not answer under that name.", "Use the address that it printed.")


def refuse_origin(request: web.Request, schemes: tuple[str, ...]) -> None:
    """Refuse a form that did not come from a page of this server. Browsers say where each comes from.

    Raises:
        Refused: it says something else, or nothing.
    """
    said = request.headers.getall("Origin", [])
    ours = {f"{scheme}://{request.headers['Host'].lower()}" for scheme in schemes}
    fetched = request.headers.getall("Sec-Fetch-Site", ["same-origin"])
    if len(said) != 1 or said[0].lower() not in ours or fetched not in ([name] for name in _SAME):
        said_to_do = "Load the page again, and send it there."
        raise Refused(403, "This form did not come from a page of this server.", said_to_do)
