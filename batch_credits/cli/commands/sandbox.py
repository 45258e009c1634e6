"""`batch-credits sandbox`: a local Chargebee for trying things out."""

import asyncio
from pathlib import Path

import click

from batch_credits.cli.setting import option
from batch_credits.cli.values import COUNT
from batch_credits.errors import UsageError


class _WithFaults(click.Command):
    """A command whose help ends with every fault there is, in the words of the module that defines them."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write paragraphs as text, and lists of names as such."""
        from batch_credits.sandbox import faults

        formatter.write_paragraph()
        formatter.write("What --faults can name:\n")
        for paragraph in (faults.__doc__ or "").strip().split("\n\n")[1:]:
            formatter.write_paragraph()
            with formatter.indentation():
                if paragraph.startswith("    "):
                    rows = (line.strip().partition("  ") for line in paragraph.splitlines())
                    formatter.write_dl([(name, meaning.strip()) for name, _, meaning in rows])
                else:
                    formatter.write_text(paragraph)


@click.command(cls=_WithFaults)
@option("--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0: any free one.")
@option("--rate", type=COUNT, default=0, show_default=True, help="Requests a minute; 0: no limit.",
        envvar="BATCH_CREDITS_SANDBOX_RATE")
@option("--concurrency", type=COUNT, default=0, show_default=True, help="Calls at once; 0: no limit.",
        envvar="BATCH_CREDITS_SANDBOX_CONCURRENCY")
@option("--api-key", help="The only key accepted.  [default: any but an empty one]",
        envvar="BATCH_CREDITS_SANDBOX_API_KEY")
@option("--customers", type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File of customer ids, one a line.  [default: all that do not begin with 'missing']")
@option("--seed", type=int, default=0, show_default=True, help="Seed of the faults.")
@option("--faults", default="", metavar="NAME=PROBABILITY,...",
        help="What goes wrong, and how often (1: always); the list is below.")
def sandbox(port: int, rate: int, concurrency: int, api_key: str | None, customers: Path | None, seed: int,
            faults: str) -> int:  # fmt: skip
    """Serve a local Chargebee that remembers, until interrupted.

    \b
    batch-credits sandbox --rate 150
    batch-credits sandbox --faults lost_after=0.05,error_before=0.05 --seed 7
    """
    from batch_credits.sandbox import FaultPlan, SandboxSettings, serve

    try:
        settings = SandboxSettings(
            port=port,
            rate_per_minute=rate,
            concurrency=concurrency,
            api_key=api_key,
            customers=_customers(customers) if customers else None,
            seed=seed,
            faults=FaultPlan.parse(faults),
        )
    except ValueError as error:
        raise UsageError(f"--faults: {error}", remedies=[(("--faults", "NAME=PROBABILITY"),)]) from None
    try:
        asyncio.run(serve(settings, lambda url: click.echo(f"sandbox listening on {url}")))
    except OSError as error:
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror}.",
            hint="Choose another with --port; 0 is any free one.",
            remedies=[(("--port", "0"),)],
        ) from None
    except KeyboardInterrupt:
        pass  # that is how it ends
    return 0


def _customers(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = f"The customers (--customers) cannot be read from {path}: {error}."
        raise UsageError(said, remedies=[(("--customers", "FILE"),)]) from None
    return frozenset(line.strip() for line in lines if line.strip())
