"""What the pages with a passkey show, as values, like those of pages.py."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnrolPage:
    """Who is to approve, up to so much, makes a passkey. `options` are what a browser needs for it, as JSON."""

    name: str
    most: tuple[str, ...]
    options: str = ""
    is_done: bool = False
