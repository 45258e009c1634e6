"""One page for one person and one order: they approve it with their passkey. `batch-credits approve` serves it."""

import asyncio
from pathlib import Path

from aiohttp import web

from batch_credits.approval.giving import may_approve, with_approval
from batch_credits.approval.judging import approvers_needed
from batch_credits.approval.order import Sealed
from batch_credits.approval.policy import Approver, Policy
from batch_credits.approval.words import facts_of, given_in_words
from batch_credits.errors import NotConfirmed
from batch_credits.settings import names_live_money
from batch_credits.web.approval_pages import ApprovePage
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import form_token_of
from batch_credits.web.pages import Alert, Frame
from batch_credits.web.rendering import render
from batch_credits.web.routes import Route
from batch_credits.web.server import Listening, serve_until
from batch_credits.web.settings import WebSettings
from batch_credits.web.signing_form import ANSWER, approve_form, figures_of

_UNPROCESSABLE = 422


class Approving:
    """Waits for one person's word."""

    def __init__(self, sealed: Sealed, file_name: str, policy: Policy, approver: Approver) -> None:
        self._sealed, self._file_name, self._policy, self._approver = sealed, file_name, policy, approver
        self.approved: asyncio.Future[Sealed] = asyncio.get_running_loop().create_future()

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [Route("GET", "/", self._show), Route("POST", "/approve", self._approve)]

    async def _show(self, request: web.Request) -> web.Response:
        return self._page(request)

    async def _approve(self, request: web.Request) -> web.Response:
        fields = await read_fields(request, ANSWER.__contains__)
        if self.approved.done():
            raise Refused(410, "This order was approved by you a moment ago.")
        try:
            may_approve(self._sealed, self._policy, self._approver.name)
            sealed = with_approval(self._sealed, self._approver, fields.get("at", ""), fields.get("answer", ""))
        except NotConfirmed as refusal:
            return self._page(request, Alert(refusal.message, refusal.hint), _UNPROCESSABLE)
        self._sealed = sealed
        self.approved.set_result(sealed)
        return self._page(request)

    def _page(self, request: web.Request, alert: Alert | None = None, status: int = 200) -> web.Response:
        order, is_done = self._sealed.order, self.approved.done()
        given = given_in_words(self._sealed)
        page = ApprovePage(
            self._file_name,
            order.maker,
            order.expires,
            is_checking=False,
            figures=figures_of(order),
            facts=facts_of(order),
            given=given,
            missing=max(0, approvers_needed(order, self._policy) - len(given)),
            why_not="You have approved this order. You can close this page." if is_done else "",
            form=None if is_done else approve_form("/approve", self._sealed, self._approver),
        )
        is_live = names_live_money(order.site)
        frame = Frame(site="", is_live=is_live, actor="", token=form_token_of(request), alert=alert)
        return web.Response(text=render(page, frame), content_type="text/html", charset="utf-8", status=status)


async def approve_one(
    settings: WebSettings, sealed: Sealed, path: Path, people: tuple[Policy, Approver], on_listening: Listening,
    seconds: float,
) -> Sealed | None:  # fmt: skip
    """Serve the page to this approver until they have approved the order that lies at `path`: returns it with their
    approval. None: they did not in so many seconds, or SIGINT or SIGTERM ended it.

    Raises:
        UsageError: the address or the certificate cannot be used.
    """
    approving = Approving(sealed, sealed.order.file or path.name, *people)
    return await serve_until(approving.approved, settings, approving.routes(), on_listening, seconds)
