"""Where the figures of a command go, for a monitoring."""

from dataclasses import dataclass
from pathlib import Path

import click

from batch_credits.cli.setting import apply, chosen_as, option

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class MetricsChoice:
    """A file, a port, both or none."""

    metrics_file: Path | None
    metrics_port: int | None
    metrics_host: str

    @property
    def is_asked(self) -> bool:
        """Whether there are any."""
        return self.metrics_file is not None or self.metrics_port is not None


metrics_options = apply(
    chosen_as(MetricsChoice, "metrics"),
    option("--metrics-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
           help="Write OpenMetrics into FILE, for a textfile collector: as it begins, every 15 s, and as it ends."),
    option("--metrics-port", type=click.IntRange(1, 65535), metavar="PORT",
           help="Serve /metrics and /healthz at this port while it runs."),
    option("--metrics-host", default=LOOPBACK, show_default=True, metavar="ADDRESS",
           help="Address at which they are served."),
)  # fmt: skip
