"""--order: where `check` writes the order that it makes, and `run` reads the one that it carries out."""

from pathlib import Path

import click

from batch_credits.approval.order import Order, Sealed
from batch_credits.cli.setting import option
from batch_credits.errors import UsageError
from batch_credits.reporter.files import atomic_text

_PATH = click.Path(path_type=Path, dir_okay=False)
order_to_make_option = option(
    "--order", type=_PATH, metavar="ORDER", help="Write an order of it to this file, for another person to approve."
)
order_to_carry_out_option = option(
    "--order", type=_PATH, metavar="ORDER", help="Send what this approved order says, read by its options."
)


def write_order(path: Path, order: Order) -> None:
    """Write a new order; a file that is there already is kept, since it may have been approved.

    Raises:
        UsageError: something is there, or the disk refused.
    """
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} is there already.", hint="Name another file.", remedies=[(("--order", "ORDER"),)])
    try:
        with atomic_text(path) as stream:
            stream.write(Sealed(order).content.decode("ascii"))
    except OSError as error:
        raise UsageError(
            f"The order {path} cannot be written: {error.strerror or error}.",
            hint="Name another file.",
            remedies=[(("--order", "ORDER"),)],
        ) from None
