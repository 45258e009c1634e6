"""The link that works once, the cookie that it becomes, and the token that every form carries."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from batch_credits.web.door.keys import WHOSE
from batch_credits.web.settings import MAX_SESSIONS

SESSION_SECONDS = 12 * 3600  # a working day
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who came in."""

    actor: str
    until: float


class Sessions:
    """Those who are in, in memory alone: a server that begins anew lets everybody in anew. No token is kept, but its
    hash. `token` is that of the link, "" once it was used; then `when_used` is told, which may make another."""

    def __init__(self, actor: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._actor = actor
        self._clock = clock
        self._secret = secrets.token_bytes(_TOKEN_BYTES)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._link = _hashed(self.token)
        self._used: OrderedDict[str, None] = OrderedDict()
        self.when_used: Callable[[], None] = _nothing

    def enter(self, token: str) -> str | None:
        """The value of a cookie for whoever has the link; None: it is another's.

        Raises:
            LinkUsed: it is one that was used.
        """
        hashed = _hashed(token)
        if hashed in self._used:
            raise LinkUsed
        if not hmac.compare_digest(hashed, self._link):
            return None
        self.token = ""
        self._used[hashed] = None
        while len(self._used) > MAX_SESSIONS:
            self._used.popitem(last=False)
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.popitem(last=False)
        self._sessions[_hashed(cookie)] = Session(self._actor, self._clock() + SESSION_SECONDS)
        self.when_used()
        return cookie

    def new_link(self) -> str:
        """The token of another link, for another browser; one before that was not used does not work any more."""
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._link = _hashed(self.token)
        return self.token

    def actor_of(self, cookie: str) -> str | None:
        """Who came in with this cookie; None: nobody, or too long ago."""
        key = _hashed(cookie)
        session = self._sessions.get(key)
        if session is None:
            return None
        if session.until < self._clock():
            del self._sessions[key]
            return None
        return session.actor

    def form_token(self, whose: str) -> str:
        """The token for forms of one session, or of one person whom a proxy names."""
        return hmac.new(self._secret, whose.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, whose: str, token: str) -> bool:
        """Whether a form carries the token of its own session."""
        return hmac.compare_digest(self.form_token(whose).encode(), token.encode())


class LinkUsed(Exception):
    """The link was used before."""


def _nothing() -> None: ...


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


SESSIONS = web.AppKey("sessions", Sessions)


def form_token_of(request: web.Request) -> str:
    """The token that the forms of this answer carry; "" for nobody."""
    whose = request.get(WHOSE)
    return "" if whose is None else request.app[SESSIONS].form_token(whose)


def is_form_token_of(request: web.Request, token: str) -> bool:
    """Whether a form came with the token of whoever sends it."""
    whose = request.get(WHOSE)
    return whose is not None and request.app[SESSIONS].is_form_token(whose, token)
