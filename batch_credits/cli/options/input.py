"""How a file is read, and what must hold before anything of it is sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.cli.values import COUNT, Currencies, Exponents, FieldOfHeader, each_once, in_digits
from batch_credits.loader.control_file import read_control_file
from batch_credits.settings import MAX_HEADER_ROW, ControlLimits, InputOptions

LIMIT: dict[str, Any] = {"type": Currencies(), "multiple": True, "callback": each_once}


@dataclass(frozen=True, slots=True)
class LimitChoice:
    """What must hold before anything is sent."""

    expect_rows: int | None
    expect_total: tuple[tuple[str, str], ...]
    max_amount: tuple[tuple[str, str], ...]
    max_total: tuple[tuple[str, str], ...]
    strict: bool = False
    control: Path | None = None

    def settings(self) -> ControlLimits:
        """The limits, with what the control file says.

        Raises:
            UsageError: it cannot be read.
        """
        return ControlLimits(
            strict=self.strict,
            expect_rows=self.expect_rows,
            expect_total=self.expect_total,
            max_amount=self.max_amount,
            max_total=self.max_total,
            control=None if self.control is None else read_control_file(self.control),
        )


input_options = apply(
    chosen_as(InputOptions, "options"),
    chosen_as(LimitChoice, "limits"),
    option("--reference", metavar="TEXT", help="Reference of rows that have none."),
    option("--currency", metavar="CODE", help="Currency of rows that have none."),
    option("--description", metavar="TEXT", help="Description of rows that have none."),
    option("--credit-type", metavar="TYPE", help="Credit type of rows that have none."),
    option(
        "--amount-unit", type=click.Choice(["minor", "major"]), default="minor", show_default=True,
        help="What amounts count: cents, or dollars.",
    ),
    option("--currency-exponent", "currency_exponents", type=Exponents(), multiple=True, callback=in_digits,
           help="Decimals of a currency for which Chargebee documents none."),
    option("--locale", metavar="NAME", help="Language that writes amounts as the file does: de_DE for 1.234,50."),
    option("--map", "header_map", type=FieldOfHeader(), multiple=True, callback=each_once, metavar="FIELD=HEADER",
           help="Read a field from a column."),
    option("--header-row", type=click.IntRange(1, MAX_HEADER_ROW), metavar="N",
           help="Row that holds the headers, below titles.  [default: the first that is filled]"),
    option("--sheet", metavar="NAME", help="Sheet of a workbook.  [default: the only visible one with the columns]"),
    option("--hidden-rows", type=click.Choice(["pay", "skip"]),
           help="What to do with rows of a sheet that are hidden or filtered out.  [default: refuse the file]"),
    option("--delimiter", metavar="CHAR", help="Delimiter of a CSV file.  [default: found]"),
    option("--encoding", metavar="NAME", help="Encoding of a CSV file.  [default: UTF-8, or by its mark]"),
    option("--number-duplicates", is_flag=True, help="Rows that repeat a reference get their own: #2, #3 ..."),
    option("--strict", is_flag=True, help="One rejected row refuses the file."),
    option("--expect-rows", type=COUNT, metavar="N", help="Refuse the file unless it has N rows."),
    option("--expect-total", **LIMIT, help="Refuse the file unless this is its total, in each of its currencies."),
    option("--control", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
           help="Refuse the file unless it has these control totals: CSV (currency, rows, total) or JSON."),
    option("--max-amount", **LIMIT, help="Refuse the file if a row is larger; name each currency."),
    option("--max-total", **LIMIT, help="Refuse the file if more is to be credited; name each currency."),
)  # fmt: skip

confirm_option = option(
    "--confirm-total", type=Currencies(), multiple=True, callback=each_once,
    help="On a live site, above this sum the total must be typed, or given as --expect-total; so it must in each"
    " currency that is not named, once one is.",
)  # fmt: skip

limit_options = apply(
    chosen_as(LimitChoice, "limits"),
    option("--expect-rows", type=COUNT, metavar="N", help="Refuse unless it is N rows."),
    option("--expect-total", **LIMIT, help="Refuse unless this is the total, in each currency."),
    option("--max-amount", **LIMIT, help="Refuse if a row is larger; name each currency."),
    option("--max-total", **LIMIT, help="Refuse if more is to be deducted; name each currency."),
)
