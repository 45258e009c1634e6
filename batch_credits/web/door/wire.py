"""What is no request of HTTP gets an answer of ours, too: aiohttp's would name itself, repeat what it was sent, and
tell a browser nothing of what not to do."""

from typing import Any

from aiohttp import web

from batch_credits.web.door.headers import HEADERS
from batch_credits.web.door.quiet import keep_details

_MALFORMED = "This is no request that the server understands. Open the address that it printed.\n"
_FAILED = "Something failed, and there is no answer. What is being sent goes on.\n"
_LEAST_OF_SERVER = 500


class Protocol(web.RequestHandler):  # type: ignore[type-arg, unused-ignore]  # of what: newer ones say
    """One connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = _LEAST_OF_SERVER,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what the door never sees, or to what failed around it; the connection ends with it."""
        if isinstance(exc, UnicodeEncodeError) and "Expect" in request.headers:
            status = 417  # aiohttp repeats an expectation that it does not know, and fails where that is no text
        has_failed = status >= _LEAST_OF_SERVER
        if has_failed and exc is not None:
            keep_details(exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = web.Response(status=status, text=_FAILED if has_failed else _MALFORMED, headers=HEADERS)
        response.force_close()
        return response


class Runner(web.AppRunner):
    """Serves an application over such connections."""

    @property
    def server(self) -> Any:
        """What makes the protocol of a connection; None before `setup`."""
        made: Any = super().server
        return None if made is None else lambda: _ours(made())


def _ours(protocol: Any) -> Any:
    """The connection with answers of ours: aiohttp takes no class of another's for it."""
    protocol.__class__ = Protocol
    return protocol
