"""Adds a file of promotional credits to Chargebee customers, each one exactly once.

The names below are what a program may use (docs/python.md); they are imported when they are asked for, since a line of
`--help` passes here, too. Errors are in `batch_credits.errors`.
"""

from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "BatchCreditsError",
    "CheckedFile",
    "ControlLimits",
    "InputOptions",
    "Report",
    "ReportedRow",
    "RunResult",
    "RunSettings",
    "SiteSettings",
    "__version__",
    "check_file",
    "local_sandbox",
    "read_report",
    "run_file",
    "site_settings",
]

if TYPE_CHECKING:
    from batch_credits.api import (
        BatchCreditsError,
        CheckedFile,
        ControlLimits,
        InputOptions,
        Report,
        ReportedRow,
        RunResult,
        RunSettings,
        SiteSettings,
        check_file,
        local_sandbox,
        read_report,
        run_file,
        site_settings,
    )
else:

    def __getattr__(name: str) -> object:
        """A public name, on its first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from batch_credits import api

        return globals().setdefault(name, getattr(api, name))

    def __dir__() -> list[str]:
        """What may be used."""
        return sorted(__all__)
