"""Who somebody is: by the cookie of the link, or by a header of a proxy that is known by its address."""

from ipaddress import ip_address

from aiohttp import web

from batch_credits.web.door.keys import ACTOR, WHOSE
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import SESSIONS
from batch_credits.web.settings import MAX_ACTOR_LETTERS, Proxy, WebSettings

SETTINGS = web.AppKey("settings", WebSettings)


def actor_of(request: web.Request) -> str:
    """Who is in; "" for nobody, which no page but a refusal sees."""
    actor: str = request.get(ACTOR, "")
    return actor


def cookie_name(port: int) -> str:
    """Its name holds the port: cookies of localhost go to every server there, whatever its port."""
    return f"batch-credits-{port}"


def identify(request: web.Request, port: int) -> None:
    """Find out who asks.

    Raises:
        Refused: nobody whom the server knows.
    """
    proxy = request.app[SETTINGS].proxy
    if proxy is not None:
        actor = _named_by(proxy, request)
        if actor is None:
            raise Refused(401, "This server does not know who you are.", "Come through the address with the sign-in.")
        request[ACTOR], request[WHOSE] = actor, f"proxy {actor}"
        return
    cookie = request.cookies.get(cookie_name(port), "")
    actor = request.app[SESSIONS].actor_of(cookie) if cookie else None
    if actor is None:
        hint = "Open the link that batch-credits web printed; it works once, for one browser."
        raise Refused(401, "You are not logged in.", hint)
    request[ACTOR], request[WHOSE] = actor, f"cookie {cookie}"


def _named_by(proxy: Proxy, request: web.Request) -> str | None:
    """Whom the proxy names. What anybody else says in that header is nothing."""
    try:
        peer = ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return None
    said = request.headers.getall(proxy.identity_header, [])
    if len(said) != 1 or not any(peer in network for network in proxy.networks):
        return None
    actor = said[0].strip()
    return actor if actor and actor.isprintable() and len(actor) <= MAX_ACTOR_LETTERS else None
