"""What the operator chose, frozen and read once. Every bound of the program has its name here.

Times are seconds unless the name says otherwise. The API key never shows in a repr.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from batch_credits.addresses import CHARGEBEE, LOOPBACK_HOSTS, parts_of, site_name
from batch_credits.errors import LedgerVersion, UsageError
from batch_credits.model import FileTotal
from batch_credits.model.address import Place

TEST_SITE_RATE_PER_MINUTE = 150  # Chargebee API docs: test sites, and live ones on the Starter plan
LINE_SECONDS = 10.0  # between two lines of progress where there is no terminal
WINDOW_SECONDS = 60.0  # in which a site counts its requests, rolling (Chargebee API docs: "per minute")
PLAN_RATES_PER_MINUTE = {"starter": 150, "performance": 1000, "enterprise": 3500}  # of live sites
MAX_GETS_AT_ONCE = 50  # of every site (Chargebee API docs); of POST:
TEST_SITE_POSTS_AT_ONCE, LIVE_SITE_POSTS_AT_ONCE = 50, 100
_DEFAULT_PORTS = {"http": 80, "https": 443}
THIS_MACHINE = "this machine"  # the address of whatever answers here
THIS_PROCESS = "the sandbox within a run"  # the address of the one that `run --sandbox` starts, and ends


def names_live_money(site: str) -> bool:
    """Whether credits of this site are real ones, by its name alone: neither a test site nor this machine."""
    return not (_is_test_site(site) or site.startswith(("127.0.0.1", "localhost", "[::1]")))


def _is_test_site(site: str) -> bool:
    return site.endswith("-test")  # Chargebee names them so


@dataclass(frozen=True)
class SiteSettings:
    """Which Chargebee account, where it answers, and the key that opens it."""

    site: str
    base_url: str
    api_key: str = field(repr=False)
    is_in_process: bool = False  # a sandbox that ends with this process, and forgets

    @property
    def is_live(self) -> bool:
        """Whether credits added here are real ones: a `-test` site and a loopback address are not."""
        return not (_is_test_site(self.site) or self.is_loopback)

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this machine: a sandbox, or a proxy."""
        return urlsplit(self.base_url).hostname in LOOPBACK_HOSTS

    @property
    def posts_at_once(self) -> int | None:
        """How many credits Chargebee documents to take at one instant; None for an address that is not its own."""
        if not (urlsplit(self.base_url).hostname or "").endswith(CHARGEBEE):
            return None
        return LIVE_SITE_POSTS_AT_ONCE if self.is_live else TEST_SITE_POSTS_AT_ONCE

    @property
    def address(self) -> str:
        """What tells two Chargebees of one name apart, and shows one that has two names: the base URL; or just "this
        machine", whatever the port, since the same tunnel may come back on another one."""
        if self.is_in_process:
            return THIS_PROCESS
        return THIS_MACHINE if self.is_loopback else self.base_url


MAX_HEADER_ROW = 1_000  # what has more lines above its headers is another kind of file


@dataclass(frozen=True)
class InputOptions:
    """How to read a source file. All of it decides what the rows mean, so all of it is part of the batch id."""

    reference: str | None = None
    currency: str | None = None
    description: str | None = None
    credit_type: str | None = None
    amount_unit: str = "minor"
    header_map: tuple[tuple[str, str], ...] = ()  # (field, header)
    header_row: int | None = None  # as a spreadsheet counts: lines above it are titles; None: the first that is filled
    sheet: str | None = None
    hidden_rows: str | None = None  # of a sheet: "pay" or "skip"; None: a sheet that has some is refused
    delimiter: str | None = None
    encoding: str | None = None
    number_duplicates: bool = False
    currency_exponents: tuple[tuple[str, int], ...] = ()  # stated by the operator, e.g. ("CLP", 0)
    locale: str | None = None  # whose separators amounts are written with
    failed_csv: bool = False  # it says itself how it is read, so no other is set beside this one

    def as_json(self) -> str:
        """A canonical text of what differs from the defaults."""
        chosen = {k: v for k, v in asdict(self).items() if v != getattr(DEFAULT_INPUT, k)}
        return json.dumps(chosen, sort_keys=True, separators=(",", ":"))

    def as_written(self) -> "InputOptions":
        """Without those that say how the text of a source is laid out: a failed.csv is always laid out one way."""
        return replace(self, encoding=None, delimiter=None, sheet=None, header_row=None, hidden_rows=None)

    @classmethod
    def from_json(cls, text: str) -> "InputOptions":
        """The options of which `as_json` made this text."""
        chosen: dict[str, Any] = json.loads(text)
        pairs = {name: tuple(map(tuple, value)) for name, value in chosen.items() if isinstance(value, list)}
        return cls(**(chosen | pairs))


DEFAULT_INPUT = InputOptions()


def batch_key(site: str, file_sha256: str, options: InputOptions) -> str:
    """The batch id: one source file's content, read one way, for one site. 64 hexadecimal digits."""
    text = json.dumps([site, file_sha256, options.as_json()])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class ControlLine:
    """What somebody else counted of one currency; the total in major units, as they wrote it."""

    currency: str
    rows: int | None
    total: str | None


@dataclass(frozen=True)
class ControlFile:
    """Control totals made by somebody else. If any currency is named, all of the file's must be."""

    rows: int | None
    lines: tuple[ControlLine, ...]


@dataclass(frozen=True)
class ControlLimits:
    """What must hold before anything is sent. Amounts are major units as the operator typed them."""

    strict: bool = False
    expect_rows: int | None = None
    expect_total: tuple[tuple[str, str], ...] = ()
    max_amount: tuple[tuple[str, str], ...] = ()
    max_total: tuple[tuple[str, str], ...] = ()
    control: ControlFile | None = None
    of_file: tuple[FileTotal, ...] = ()  # that stand in the file itself, with which its rows agree


MAX_ORIGIN_LETTERS = 250  # of what is told of a request's origin; Chargebee documents no limit
KEY_MEMORY_SECONDS = 1800.0  # Chargebee API docs, "Idempotency": keys are remembered for 30 minutes
MAX_KEY_WINDOW_SECONDS = 1500.0


@dataclass(frozen=True)
class RunSettings:
    """How to send, and every bound of it."""

    rate_per_minute: int = TEST_SITE_RATE_PER_MINUTE  # 0: no limit
    plan: str | None = None  # the site's plan, as the operator named it; for the record only
    share: float = 0.8
    even_pacing: bool = False  # requests are spread over the minute; else they leave as soon as the limit lets them
    concurrency: int = 40  # calls at one instant; Chargebee refuses above 50 on test sites
    processes: int = 1  # that share the rows, by customer
    window_seconds: float = WINDOW_SECONDS  # in which the rate counts; another one than a site's own is for tests
    timeout_seconds: float = 80.0
    quarantine_seconds: float = 420.0
    early_look_seconds: tuple[float, ...] = (0.0, 3.0, 15.0)  # looks before the quarantine ends
    max_looks: int = 6  # inconclusive looks after the quarantine, before a person must look
    max_attempts: int = 12  # sends of one row in one run
    max_retry_seconds: float = 1800.0
    backoff_seconds: float = 1.0
    max_backoff_seconds: float = 60.0
    max_retry_after_seconds: float = 300.0
    breaker_threshold: int = 10  # doubts in a row that open the breaker
    max_outage_seconds: float = 600.0
    first_answer_seconds: float = 20.0  # in which the first of Chargebee's own must come, where calls fail
    claim_page: int = 200  # attempts that are made durable together
    pages_at_once: int = 1  # of these at least in one commit, where there is no limit and are more to come
    lease_seconds: float = 60.0  # for which what a process has claimed is its own, unless it says again that it lives
    flush_seconds: float = 0.02  # answers wait at most this long for their commit
    max_answer_bytes: int = 1_048_576
    silence: tuple[str, ...] = ()
    business_entity_id: str | None = None
    origin_user: str | None = None  # who asks, by e-mail address: for Chargebee's activity log, as the next two
    origin_device: str | None = None
    origin_ip: str | None = None
    verify_first: bool = False
    retry_failed: bool = False
    wait: bool = True
    max_failures: int | None = None
    pilot: int = 0  # rows to credit and to read back before all others; 0: no pilot
    pilot_look_seconds: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # pauses before looks at its credits

    @property
    def key_window_seconds(self) -> float:
        """For how long after the first send the key alone may guard another: what is sent may still arrive as late as
        the quarantine allows, and the key must be remembered then."""
        return min(MAX_KEY_WINDOW_SECONDS, KEY_MEMORY_SECONDS - self.quarantine_seconds)

    @property
    def look_again_seconds(self) -> float:
        """Between looks after the quarantine: a minute by default, less where the operator trusts the list sooner."""
        return self.quarantine_seconds / 7

    @property
    def budget(self) -> int:
        """Requests that this run may use within any window; 0 means no limit."""
        if self.rate_per_minute == 0:
            return 0
        return max(1, int(self.rate_per_minute * self.share))

    @property
    def budget_per_minute(self) -> int:
        """The same, in a minute: as people are told."""
        return round(self.budget * 60.0 / self.window_seconds)


@dataclass(frozen=True)
class Origin:
    """A setting that was not typed, as it would be typed, and the variable or the file that it comes from."""

    option: str
    value: str
    source: str


def for_the_record(
    settings: RunSettings,
    limits: ControlLimits,
    site: SiteSettings,
    confirmation: str,
    *,
    origins: Sequence[Origin] = (),
    ledger: Place | None = None,
    places: Mapping[str, Path | None] | None = None,
) -> str:
    """How a run was set and what was agreed to before it sent anything, as a JSON object. It holds no secret.

    `origins` are the settings that change money and were not typed; `ledger` is the file that remembers the run;
    `places` are found again by it: the folder that gets its `reports`, and the `source`, the file that is paid.
    """
    record = {
        "address": site.base_url,
        "confirmation": confirmation,
        "ledger": None if ledger is None else str(ledger),
        **{name: None if path is None else str(path.absolute()) for name, path in (places or {}).items()},
        "origins": [asdict(origin) for origin in origins],
        "settings": asdict(settings),
        "limits": asdict(limits),
    }
    return json.dumps(record, separators=(",", ":"))


def with_order(record: str, order: Mapping[str, Any] | None) -> str:
    """The same, and of the order that the run carries out what is to be remembered; None: it carries out none."""
    return record if order is None else json.dumps({**json.loads(record), "order": order}, separators=(",", ":"))


def recorded_reports(text: str) -> Path | None:
    """The folder that was to get a run's reports, as `for_the_record` said it; None: an older program did not."""
    folder = json.loads(text).get("reports")
    return None if folder is None else Path(folder)


def recorded(text: str) -> tuple[str, RunSettings]:
    """The address that a run was to call, and how it was set, as `for_the_record` said it.

    Raises:
        LedgerVersion: a newer program said it, which knows settings that this one does not.
    """
    record = json.loads(text)
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record["settings"].items()
    }
    if unknown := settings.keys() - {each.name for each in fields(RunSettings)}:
        raise LedgerVersion(
            f"A run was begun by a newer batch-credits, with settings that this one does not know: {min(unknown)}.",
            hint="Use that version here, too.",
        )
    return record["address"], RunSettings(**settings)


def refuse_window(window_seconds: float, site: SiteSettings) -> None:
    """Refuse to count a real site's requests otherwise than it does: it would be over its limit, for others too.

    Raises:
        UsageError: the window is not a site's, and the site is not on this machine.
    """
    if window_seconds != WINDOW_SECONDS and not (site.is_loopback or site.is_in_process):
        raise UsageError(
            f"The window (BATCH_CREDITS_WINDOW) is {window_seconds:g} s, and {site.site} counts its requests in"
            f" {WINDOW_SECONDS:.0f} s.",
            hint="Unset it: another window is for a sandbox on this machine alone.",
        )


def site_settings(site: str | None, base_url: str | None, api_key: str | None) -> SiteSettings:
    """Check and complete what names the site.

    Without a base URL the address follows from the site's name, and the name from Chargebee's own address: one site
    must never have two identities. At other addresses (a sandbox or a proxy) host and port stand for a missing name.

    Raises:
        UsageError: something is missing, or the address is not scheme and host only, or not encrypted.
    """
    if not api_key or not api_key.strip():
        raise UsageError(
            "No API key.",
            hint="Set CHARGEBEE_API_KEY, or name a file that holds it with --api-key-file.",
            remedies=[(*(() if site or base_url else (("--site", "SITE"),)), ("--api-key-file", "FILE"))],
        )
    if not api_key.isascii() or not api_key.strip().isprintable():
        raise UsageError(
            "The API key (CHARGEBEE_API_KEY, --api-key-file) has characters that no Chargebee key has.",
            hint="Copy it again.",
            remedies=[(("--api-key-file", "FILE"),)],
        )
    name = None if site is None else site_name(site, is_alone=base_url is None)
    if base_url is None:
        if name is None:
            hint = "Set CHARGEBEE_SITE, e.g. acme or acme-test."
            raise UsageError("No site.", hint=hint, remedies=[(("--site", "SITE"),)])
        return SiteSettings(name, f"https://{name}{CHARGEBEE}", api_key.strip())
    scheme, host, port = parts_of(base_url)
    netloc = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    named = host.removesuffix(CHARGEBEE) if host.endswith(CHARGEBEE) else None
    if named and name not in (None, named):
        raise UsageError(
            f"The base URL (--base-url) is that of site {named}, and {name} was named (--site).",
            hint="Give one of the two.",
            remedies=[(("--site", named),), (("--base-url", f"https://{name}{CHARGEBEE}"),)],
        )
    return SiteSettings(name or named or netloc, f"{scheme}://{netloc}", api_key.strip())
