"""What the pages with a passkey show, as values, like those of pages.py."""

from dataclasses import dataclass

from batch_credits.web.parts import Amount, Download, Figure


@dataclass(frozen=True, slots=True)
class EnrolPage:
    """Who is to approve, up to so much, makes a passkey. `options` are what a browser needs for it, as JSON."""

    name: str
    most: tuple[str, ...]
    options: str = ""
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class ApproveForm:
    """What a person signs with their passkey: `options` are what the browser needs for it, as JSON, `at` the time that
    is signed."""

    href: str
    options: str
    at: str


@dataclass(frozen=True, slots=True)
class ApprovePage:
    """An order, for another person: what it comes to, computed anew from its file. `given` are those who approved it,
    in words; `missing` how many more must. `why_not` says why whoever looks may not approve it; then `form` is None.
    `is_checking`: the file is being read. `before` is what is known from earlier batches. `begin_href` is where whoever
    looks has it paid, where enough people have approved it and its run did not begin or was refused. `is_rest`: it is
    of what is left of a batch."""

    file_name: str
    maker: str
    expires: str
    is_checking: bool
    figures: tuple[Figure, ...] = ()
    facts: tuple[str, ...] = ()
    largest: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    missing: int = 0
    why_not: str = ""
    form: ApproveForm | None = None
    reject_href: str = ""
    begin_href: str = ""
    downloads: tuple[Download, ...] = ()
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class SubmitForm:
    """What another person would be asked to approve; `approvers` is how many must, 0 where that is not known yet.
    `why_not` says why whoever looks does not ask them."""

    href: str
    number: int
    amounts: tuple[Amount, ...]
    site: str
    is_live: bool
    approvers: int
    why_not: str = ""
