"""`batch-credits template`: a file to fill in."""

import shlex
from pathlib import Path

import click

from batch_credits.cli.telling.speech import say
from batch_credits.loader.template import GUIDE_NAME, write_template


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--xlsx", is_flag=True, help="An Excel workbook that offers the choices and keeps ids as text.")
def template(file: Path | None, xlsx: bool) -> int:
    """Write FILE with the headers and an example row; without a name, credits.csv or credits.xlsx.

    The workbook has a second sheet, which is never paid: what goes into each column, and what to do next.

    \b
    batch-credits template payout.csv
    batch-credits template --xlsx
    """
    suffix = ".xlsx" if xlsx else ".csv"
    path = file or Path(f"credits{suffix}")
    if xlsx and path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)
    write_template(path)
    guide = f" (its sheet {GUIDE_NAME!r} says how)" if path.suffix.lower() == ".xlsx" else ""
    say(f"Wrote {path}: fill it in{guide}, delete the example, then: batch-credits check {shlex.quote(str(path))}")
    return 0
