"""The door around the routes: what a request passes before anybody looks at it, and what becomes of a refusal."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http import HttpProcessingError

from batch_credits.web.door.forms import FULL, MAX_FORM_BYTES, is_full
from batch_credits.web.door.headers import add_headers
from batch_credits.web.door.hosts import allowed_hosts, refuse_host, refuse_origin
from batch_credits.web.door.identity import SETTINGS, actor_of, cookie_name, identify
from batch_credits.web.door.quiet import keep_details
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import SESSION_SECONDS, SESSIONS, LinkUsed, Sessions, form_token_of
from batch_credits.web.pages import Alert, Frame, RefusedPage
from batch_credits.web.rendering import render, script, stylesheet
from batch_credits.web.settings import WebSettings

if TYPE_CHECKING:
    from batch_credits.web.routes import Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_METHODS = ("GET", "HEAD", "POST")
_SCRIPTS = ("live.js", "passkey.js")
_OPEN = ("/healthz", "/static/style.css", *(f"/static/{name}" for name in _SCRIPTS))  # to whoever reaches the server
_STATUS = {
    404: ("There is no such page.", "Go to the list of batches."),
    405: ("This address does not take that.", "Load the page again."),
    413: ("The form is too large.", "Send less at once."),
}
_ON_A_PAGE = "Go back, and load the page again."
_UNREADABLE = "The request cannot be read to its end."


def make_app(settings: WebSettings, port: int, routes: "Iterable[Route]") -> web.Application:
    """The application for a server that listens on `port`."""
    door = _Door(settings, port)
    app = web.Application(middlewares=[door.refusals, door.guard], client_max_size=MAX_FORM_BYTES)
    app[SESSIONS], app[SETTINGS] = door.sessions, settings
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/healthz", _healthy)
    app.router.add_get("/static/style.css", _style)
    for name in _SCRIPTS:
        app.router.add_get(f"/static/{name}", _script)
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
    return app


class _Door:
    """What every request passes."""

    def __init__(self, settings: WebSettings, port: int) -> None:
        self.sessions = Sessions(settings.actor)
        self._settings = settings
        self._port = port
        self._hosts = allowed_hosts(settings, port)
        self._schemes = ("https",) if settings.tls else ("https", "http") if settings.proxy else ("http",)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse whoever has no business here."""
        if request.version not in (HttpVersion10, HttpVersion11):
            raise Refused(400, "This server speaks HTTP/1.1.", "Open its address with a browser.")
        refuse_host(request, self._hosts)
        if request.method not in _METHODS:
            raise Refused(405, *_STATUS[405])
        if request.method == "POST":
            refuse_origin(request, self._schemes)
            if "Content-Encoding" in request.headers:  # no browser packs a form, and what is packed may be a bomb
                raise Refused(415, "The form comes in an encoding that no browser uses.", _ON_A_PAGE)
        if request.path in _OPEN:
            return await handler(request)
        if self._settings.proxy is None and request.method == "GET" and "token" in request.query:
            return self._enter(request)
        identify(request, self._port)
        return await handler(request)

    def _enter(self, request: web.Request) -> web.Response:
        """Let in who has the link; the token is gone from the address after that."""
        try:
            cookie = self.sessions.enter(request.query["token"])
        except LinkUsed:
            raise Refused(
                410, "This link was used before: it works once.", "Open the one that the server printed last."
            ) from None
        if cookie is None:
            raise Refused(403, "This link is not one of this server's.", "Open the one that it printed last.")
        response = web.Response(status=303, headers={"Location": "/"})
        is_secure = self._settings.tls is not None
        response.set_cookie(
            cookie_name(self._port),
            cookie,
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=is_secure,
        )
        return response

    @web.middleware
    async def refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Make a page of whatever is refused, or failed."""
        try:
            return await handler(request)
        except Refused as refused:
            page = self._page(request, refused.status, refused.message, refused.hint)
            if refused.status == 401 and _came_by_a_link_elsewhere(request):
                page.headers["Refresh"] = "0; url=/"
            return page
        except web.HTTPException as error:
            if error.status < 400:
                raise
            message, hint = _STATUS.get(error.status, ("This request is refused.", _ON_A_PAGE))
            return self._page(request, error.status, message, hint)
        except (HttpProcessingError, web.RequestPayloadError):  # of a body: that of the head is answered before
            return self._page(request, 400, _UNREADABLE, _ON_A_PAGE)
        except (ConnectionError, TimeoutError):  # whoever asked has gone away
            raise
        except Exception as error:
            if is_full(error):
                return self._page(request, 507, *FULL)
            keep_details(error)
            message = "Something failed, and this page cannot be shown. What is being sent goes on."
            return self._page(request, 500, message, "Whoever started the server finds the details in its terminal.")

    def _page(self, request: web.Request, status: int, message: str, hint: str) -> web.Response:
        if not _reads_pages(request):
            return web.Response(text=f"{message} {hint}".strip() + "\n", status=status)
        site = self._settings.site
        frame = Frame(site.name, site.is_live, actor_of(request), form_token_of(request))
        text = render(RefusedPage(status, Alert(message, hint)), frame)
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)


def _reads_pages(request: web.Request) -> bool:
    """Whether a page is of use to whoever asks: not to a script that follows a run."""
    accepted = request.headers.get("Accept", "")
    return "html" in accepted or not any(kind in accepted for kind in ("text/event-stream", "application/json"))


def _came_by_a_link_elsewhere(request: web.Request) -> bool:
    """Whether a person came here from a mail or a chat that is open in the same browser. It leaves a strict cookie out
    then, also that of the login that led here just now; once this page asks for the list itself, the cookie comes."""
    is_elsewhere = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
    is_person = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    return is_elsewhere and is_person and request.path == "/"


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _style(_request: web.Request) -> web.Response:
    return web.Response(body=stylesheet(), content_type="text/css", charset="utf-8")


async def _script(request: web.Request) -> web.Response:
    content = script(request.path.rpartition("/")[2])
    return web.Response(body=content, content_type="text/javascript", charset="utf-8")
