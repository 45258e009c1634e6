"""One page for one person: they make the passkey with which they approve from then on.

It is served by whoever administers the machine, not by the page for finance: who serves that page must not be able to
say who may approve.
"""

import asyncio
import json
from collections.abc import Sequence

from aiohttp import web

from batch_credits.approval.signing import NotSigned, Passkey, passkey_of, registration_options
from batch_credits.web.approval_pages import EnrolPage
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import form_token_of
from batch_credits.web.pages import Frame
from batch_credits.web.rendering import render
from batch_credits.web.routes import Route
from batch_credits.web.server import Listening, serve_until
from batch_credits.web.settings import WebSettings


class Enrolment:
    """Waits for the passkey of one person."""

    def __init__(self, name: str, most: tuple[str, ...], rp_id: str, known: Sequence[Passkey]) -> None:
        self._name, self._most, self._rp_id = name, most, rp_id
        self._challenge, self._options = registration_options(name, rp_id, known)
        self.passkey: asyncio.Future[Passkey] = asyncio.get_running_loop().create_future()

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [Route("GET", "/", self._show), Route("POST", "/enrol", self._enrol)]

    async def _show(self, request: web.Request) -> web.Response:
        return self._page(request)

    async def _enrol(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, "answer".__eq__)
        if self.passkey.done():
            raise Refused(410, "This link was used before: it enrols one passkey.")
        try:
            answer = json.loads(fields.get("answer", ""))
            passkey = passkey_of(answer, self._challenge, self._rp_id)
        except (ValueError, RecursionError, NotSigned) as why:
            said = str(why) if isinstance(why, NotSigned) else "the form holds no passkey"
            raise Refused(422, f"Nobody was enrolled: {said}.", "Load the page again, and try once more.") from None
        self.passkey.set_result(passkey)
        return self._page(request)

    def _page(self, request: web.Request) -> web.Response:
        page = EnrolPage(self._name, self._most, self._options, is_done=self.passkey.done())
        frame = Frame(site="", is_live=False, actor="", token=form_token_of(request))
        return web.Response(text=render(page, frame), content_type="text/html", charset="utf-8")


async def enrol(
    settings: WebSettings, most: tuple[str, ...], rp_id: str, known: Sequence[Passkey], on_listening: Listening,
    seconds: float,
) -> Passkey | None:  # fmt: skip
    """Serve the page to whom the settings name until they have made their passkey; None: they did not in so many
    seconds, or SIGINT or SIGTERM ended it.

    Raises:
        UsageError: the address or the certificate cannot be used.
    """
    enrolment = Enrolment(settings.actor, most, rp_id, known)
    return await serve_until(enrolment.passkey, settings, enrolment.routes(), on_listening, seconds)
