"""Every option that a variable or a settings file may set, of whichever command: known without a command being loaded.

A variable that sets nothing is refused, and so is a setting that no command has: a limit whose name is mistyped must
not look as if it held. So each command must know the options of all. A test holds this table to what they take.
"""

PREFIX = "BATCH_CREDITS_"

_ONE_VALUE = frozenset(
    [
        "--actor", "--amount-unit", "--api-key", "--api-key-file", "--attention", "--backoff", "--base-url",
        "--business-entity", "--concurrency", "--config", "--control", "--credit-type", "--currency", "--customers",
        "--deadline", "--delimiter", "--description", "--detach", "--done", "--encoding", "--every", "--expect-rows",
        "--faults", "--grace", "--header-row", "--hidden-rows", "--identity-header", "--json", "--ledger", "--listen",
        "--locale", "--log-format", "--mail-from", "--mail-password-file", "--mail-server", "--max-disk",
        "--max-failures", "--max-outage", "--max-upload", "--metrics-file", "--metrics-host", "--metrics-port",
        "--no-browser", "--no-progress", "--no-wait", "--notify-key-file", "--notify-link", "--notify-on",
        "--number-duplicates", "--on-finish", "--on-finish-timeout", "--once", "--online", "--order", "--origin-device",
        "--origin-ip", "--origin-user", "--pacing", "--pilot", "--plan", "--port", "--processes", "--profile",
        "--progress-every", "--pseudonyms", "--quiet", "--rate", "--reference", "--reference-template",
        "--problem-rows", "--refuse-repeat", "--reports", "--require-control", "--retry-failed", "--rows",
        "--rows-page", "--same-site", "--sandbox", "--seed", "--settle", "--share", "--sheet", "--silence",
        "--since", "--site", "--strict",
        "--timeout", "--tls-cert", "--tls-key", "--to", "--tries", "--until-idle", "--uploads", "--verbose",
        "--verify-first", "--wait-for-ledger", "--whole", "--xlsx", "--yes", "--zip",
    ]
)  # fmt: skip
SEVERAL_VALUES = frozenset(
    [
        "--confirm-total", "--credit-account", "--currency-exponent", "--debit-account", "--expect-total", "--host",
        "--mail-to", "--map", "--max-amount", "--max-total", "--notify", "--trusted-proxy",
    ]
)  # fmt: skip
SETTABLE = _ONE_VALUE | SEVERAL_VALUES

# Where a variable is not called as its option: Chargebee's own tools have some, and the sandbox is no site.
_CALLED = {
    "--api-key": ("BATCH_CREDITS_SANDBOX_API_KEY",),
    "--base-url": ("CHARGEBEE_BASE_URL",),
    "--concurrency": ("BATCH_CREDITS_CONCURRENCY", "BATCH_CREDITS_SANDBOX_CONCURRENCY"),
    "--port": ("BATCH_CREDITS_WEB_PORT", "BATCH_CREDITS_PORT"),
    "--rate": ("BATCH_CREDITS_RATE", "BATCH_CREDITS_SANDBOX_RATE"),
    "--site": ("CHARGEBEE_SITE",),
}


def variables_of(flag: str) -> tuple[str, ...]:
    """The variables that set an option, the usual one first: of the sandbox some have another."""
    return _CALLED.get(flag, (PREFIX + flag[2:].replace("-", "_").upper(),))
