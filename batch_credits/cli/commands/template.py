"""`batch-credits template`: a file to fill in."""

from pathlib import Path

import click

from batch_credits.cli.telling.speech import say
from batch_credits.loader.template import write_template


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--xlsx", is_flag=True, help="An Excel workbook that offers the choices and keeps ids as text.")
def template(file: Path | None, xlsx: bool) -> int:
    """Write FILE with the headers and an example row; without a name, credits.csv or credits.xlsx.

    \b
    batch-credits template payout.csv
    batch-credits template --xlsx
    """
    suffix = ".xlsx" if xlsx else ".csv"
    path = file or Path(f"credits{suffix}")
    if xlsx and path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)
    write_template(path)
    say(f"Wrote {path}: fill it in, delete the example, then: batch-credits check {path}")
    return 0
