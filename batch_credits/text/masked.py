"""Addresses in a text that is shown, without what may be a secret in them: a user, a password, a path, a query.

Where a command line could not be read, a word of it may be anything, so also the address that lets in whoever knows it.
"""

import re

_ADDRESS = re.compile(
    r"((?:[a-z]+\+)?(?:https?|smtps?)://)([^\s/?#'\"]*)([^\s'\"]*?)(?=[).,;]*(?:[\s'\"]|$))", re.IGNORECASE
)


def masked(text: str) -> str:
    """The same text with scheme and host alone of every web address and mail server."""
    return _ADDRESS.sub(_host_alone, text)


def _host_alone(found: re.Match[str]) -> str:
    scheme, netloc, rest = found.groups()
    return f"{scheme}{netloc.rpartition('@')[2]}{'/...' if rest.strip('/') else rest}"
