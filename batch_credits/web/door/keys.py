"""Under which keys a request holds what the door found out: newer releases of aiohttp warn of texts, older ones have
nothing else."""

from typing import Any

from aiohttp import web


def request_key(name: str) -> Any:
    """A key for a text that a request holds."""
    made: Any = getattr(web, "RequestKey", None)
    return f"batch_credits.{name}" if made is None else made(name, str)


ACTOR = request_key("actor")
WHOSE = request_key("whose")  # the session, or the person whom a proxy names: what form tokens are made for
