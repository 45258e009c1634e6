"""How help shows the options of the commands that read files or send: in sections, the most used of each first."""

import re
from typing import Any

import click

from batch_credits.cli.origins import say_where_from
from batch_credits.cli.setting import Setting
from batch_credits.errors import BatchCreditsError

SECTIONS = {
    "The row": ("--row", "--credited", "--not-credited", "--reason"),
    "The folder": (
        "--once", "--settle", "--every", "--tries", "--backoff", "--done", "--attention",
    ),
    "The file": (
        "--reference", "--currency", "--amount-unit", "--sheet", "--map", "--header-row", "--locale", "--encoding",
        "--delimiter", "--description", "--credit-type", "--number-duplicates", "--hidden-rows", "--currency-exponent",
        "--rows", "--online", "--reference-template",
    ),
    "Guards on the money": (
        "--expect-total", "--expect-rows", "--max-total", "--max-amount", "--confirm-total", "--control", "--strict",
        "--require-control", "--refuse-repeat", "--pilot", "--max-failures", "--order", "--yes", "--deadline",
        "--probe",
    ),
    "The site and the pace": (
        "--site", "--api-key-file", "--sandbox", "--detach", "--until-idle", "--plan",
        "--rate", "--retry-failed", "--business-entity",
        "--silence", "--no-wait", "--verify-first", "--share", "--concurrency", "--pacing", "--timeout",
        "--max-outage", "--grace", "--processes",
        "--base-url", "--same-site", "--origin-user", "--origin-device", "--origin-ip", "--since", "--whole",
    ),
    "The pack": ("--to", "--zip", "--input", "--pseudonyms", "--debit-account", "--credit-account"),
    "The server": (
        "--port", "--actor", "--no-browser", "--listen", "--host", "--trusted-proxy", "--identity-header", "--tls-cert",
        "--tls-key", "--max-upload", "--max-disk", "--uploads",
    ),
    "Settings, what is kept and shown": (
        "--profile", "--config", "--reports", "--xlsx", "--ledger", "--wait-for-ledger", "--json", "--rows-page",
        "--problem-rows", "--log-format", "--no-progress", "--progress-every", "--metrics-file", "--metrics-port",
        "--metrics-host", "--quiet", "--verbose",
    ),
    "Notices": (
        "--notify", "--notify-on", "--notify-key-file", "--notify-link", "--mail-to", "--mail-from", "--mail-server",
        "--mail-password-file", "--on-finish", "--on-finish-timeout",
    ),
}  # fmt: skip

_BOUNDS = r"[\d.]+<=?x(?:<=?[\d.]+)?"  # which a refusal says
_RANGE = re.compile(rf"  \[{_BOUNDS}\]|(?<=\[){_BOUNDS}; |; {_BOUNDS}(?=\])")
_DEFAULT = re.compile(r"  \[default: [^\]]*\]$")


class Sectioned(click.Command):
    """A command whose help is in these sections, and says of each option what a file or a variable set it to. An error
    that names such an option says so, too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except BatchCreditsError as error:
            say_where_from(error, ctx)
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections that have options of this command; what belongs to none comes last."""
        records: dict[str, tuple[str, str]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                names, text = record
                records[_long(parameter)] = (names, _with_what_is_set(_RANGE.sub("", text), parameter, ctx))
        for title, flags in SECTIONS.items():
            if shown := [records.pop(flag) for flag in flags if flag in records]:
                with formatter.section(title):
                    formatter.write_dl(shown)
        with formatter.section("Help"):
            formatter.write_dl(list(records.values()))


def _long(parameter: click.Parameter) -> str:
    return next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0])


def _with_what_is_set(text: str, parameter: click.Parameter, context: click.Context) -> str:
    """`Refuse ...  [now: USD=500, from batch-credits.toml]`. What click then calls a default is none."""
    found = parameter.set_elsewhere(context) if isinstance(parameter, Setting) else None
    return text if found is None else f"{_DEFAULT.sub('', text)}  [now: {found[0]}, from {found[1]}]"
