"""What the values of options and arguments may be. A value that cannot be meant is refused before anything is read."""

import ipaddress
import math
import re
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from batch_credits.cli.completing import offer_batches
from batch_credits.model.address import Place, place
from batch_credits.settings import MAX_ORIGIN_LETTERS
from batch_credits.text.quoted import quoted

SILENCEABLE = ("email", "webhook", "actions")
BATCH_ID_DIGITS = 64
DIGITS_TO_CHANGE = 8  # of a batch's id, which `status` shows: fewer may be half a word, or an unset shell variable
MAX_DURATION_SECONDS = 7 * 86_400
MAX_COUNT = 10**12  # more than any file has rows, and far from what the ledger's integers hold
_NO_CURRENCIES = ("XXX", "XTS")  # ISO 4217 has codes for "none" and for tests

Context = click.Context | None
Param = click.Parameter | None
_Type = click.ParamType  # generic in newer releases of click only


class BatchId(_Type):  # type: ignore[type-arg,unused-ignore]
    """The first digits of a batch's id, at least so many, in lower case."""

    name = "BATCH"

    def __init__(self, fewest: int = DIGITS_TO_CHANGE) -> None:
        self.fewest = fewest

    def convert(self, value: Any, param: Param, ctx: Context) -> str:
        """Take hexadecimal digits alone, and enough of them."""
        digits = str(value).strip().lower()
        if not re.fullmatch(r"[0-9a-f]*", digits) or len(digits) > BATCH_ID_DIGITS:
            self.fail(f"{value!r} is no batch id, which has {BATCH_ID_DIGITS} of 0-9 and a-f. {_WHERE}", param, ctx)
        if len(digits) < self.fewest:
            few = f"{value!r} has {len(digits)} digits of a batch's id" if digits else f"{value!r} names no batch"
            digit = "digit" if self.fewest == 1 else "digits"
            self.fail(f"{few}; give at least {self.fewest} {digit}. {_WHERE}", param, ctx)
        return digits

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those that the ledger knows."""
        return offer_batches(ctx, param, incomplete)


_WHERE = "`batch-credits status` lists them."


class LedgerPlace(_Type):  # type: ignore[type-arg,unused-ignore]
    """A ledger's file, or a database's address, which is never taken for a path."""

    name = "PLACE"

    def convert(self, value: Any, param: Param, ctx: Context) -> Place:
        """Tell one from the other."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        if not value.strip():
            self.fail("it names no ledger.", param, ctx)
        found = place(value)
        if isinstance(found, Path) and found.is_dir():
            self.fail(f"{quoted(value)} is a directory.", param, ctx)
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files, by the shell's own way."""
        return [CompletionItem(incomplete, type="file")]


class Pair(_Type):  # type: ignore[type-arg,unused-ignore]
    """`NAME=VALUE`."""

    name = "NAME=VALUE"
    may_be_empty = False  # whether a name without a value says something

    def convert(self, value: Any, param: Param, ctx: Context) -> tuple[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name.strip() or not (text.strip() or self.may_be_empty):
            self.fail(f"{value!r} is not of the form {self.name}.", param, ctx)
        return name.strip(), text.strip()


class FieldOfHeader(Pair):
    """`FIELD=HEADER`; `FIELD=` if no column is the field."""

    may_be_empty = True


class Currencies(Pair):
    """`USD=1234.50`."""

    name = "USD=1234.50"

    def convert(self, value: Any, param: Param, ctx: Context) -> tuple[str, str]:
        """Check that the name is a currency; the amount is checked where its exponent is known."""
        from batch_credits.loader.money import currency_code  # here, since few commands name a currency
        from batch_credits.model import Problem

        name, text = super().convert(value, param, ctx)
        code = currency_code(name)
        if isinstance(code, Problem) or code in _NO_CURRENCIES:
            self.fail(f"There is no currency {name!r}; write it like {self.name}.", param, ctx)
        return code, text


class Exponents(Currencies):
    """`CLP=0`."""

    name = "CLP=0"

    def convert(self, value: Any, param: Param, ctx: Context) -> tuple[str, str]:
        """Check that it is a digit."""
        code, digits = super().convert(value, param, ctx)
        if not (digits.isascii() and digits.isdigit() and len(digits) == 1):
            self.fail(f"{value!r}: the decimals must be a digit, such as {self.name}.", param, ctx)
        return code, digits


def each_once(
    context: click.Context, parameter: click.Parameter, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Refuse pairs of which two have one name: nobody can tell which of them is meant."""
    names = [name.lower() for name, _ in pairs]
    for name, _ in pairs:
        if names.count(name.lower()) > 1:
            raise click.BadParameter(f"{name} is given twice.", context, parameter)
    return pairs


def in_digits(
    context: click.Context, parameter: click.Parameter, pairs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, int], ...]:
    """The same, of pairs whose second is a digit, as a number."""
    return tuple((name, int(digits)) for name, digits in each_once(context, parameter, pairs))


def stand_in(parameter: click.Parameter) -> str:
    """What stands for a value that only the person can know: a word in capitals. Nothing for a flag."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return ""
    if isinstance(parameter.type, Pair):
        return re.sub("=.*", "=VALUE", parameter.metavar or parameter.type.name)
    said = parameter.metavar or ""
    return said if re.fullmatch("[A-Z][A-Z_]*", said) else (parameter.name or "value").upper()


class CommaList(_Type):  # type: ignore[type-arg,unused-ignore]
    """`email,webhook`: some of a known set."""

    name = ",".join(SILENCEABLE)

    def convert(self, value: Any, param: Param, ctx: Context) -> tuple[str, ...]:
        """Split at commas, and refuse what is not known."""
        if isinstance(value, tuple):
            return value
        parts = tuple(part.strip().lower() for part in str(value).split(",") if part.strip())
        for part in parts:
            if part not in SILENCEABLE:
                self.fail(f"{part!r} cannot be silenced; known are {', '.join(SILENCEABLE)}.", param, ctx)
        if not parts:
            self.fail(f"{value!r} names nothing; known are {', '.join(SILENCEABLE)}.", param, ctx)
        return parts


COUNT = click.IntRange(0, MAX_COUNT)


class Number(click.FloatRange):
    """A number within bounds. `nan` lies within any bounds, as Python compares."""

    def convert(self, value: Any, param: Param, ctx: Context) -> float:
        """Refuse what is no number."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = 0.0  # click says what is wrong with it
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number that can be compared.", param, ctx)
        return float(super().convert(value, param, ctx))


class Seconds(_Type):  # type: ignore[type-arg,unused-ignore]
    """`600`, `90s`, `10m` or `2h`, of at most a week."""

    name = "SECONDS"

    def convert(self, value: Any, param: Param, ctx: Context) -> float:
        """As seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh]?)", str(value).strip())
        seconds = float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else math.inf
        if seconds > MAX_DURATION_SECONDS:
            self.fail(f"{value!r} is no such time: write 600, 90s, 10m or 2h, and at most a week.", param, ctx)
        return seconds


class Email(_Type):  # type: ignore[type-arg,unused-ignore]
    """An e-mail address, as far as a header can tell: it need not be ASCII."""

    name = "EMAIL"

    def convert(self, value: Any, param: Param, ctx: Context) -> str:
        """Refuse what has no @, and what no header should carry."""
        text = str(value).strip()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", text) or not text.isprintable() or len(text) > MAX_ORIGIN_LETTERS:
            self.fail(f"{value!r} is no e-mail address of at most {MAX_ORIGIN_LETTERS} characters.", param, ctx)
        return text


class HeaderText(_Type):  # type: ignore[type-arg,unused-ignore]
    """A text that a header carries as it is."""

    name = "TEXT"

    def convert(self, value: Any, param: Param, ctx: Context) -> str:
        """Refuse what is not printable ASCII."""
        text = str(value).strip()
        if not re.fullmatch(r"[ -~]+", text) or len(text) > MAX_ORIGIN_LETTERS:
            self.fail(
                f"{value!r} cannot stand in a header: give 1 to {MAX_ORIGIN_LETTERS} printable ASCII characters.",
                param, ctx,
            )  # fmt: skip
        return text


class IpAddress(_Type):  # type: ignore[type-arg,unused-ignore]
    """An IPv4 or IPv6 address, in its shortest form."""

    name = "IP"

    def convert(self, value: Any, param: Param, ctx: Context) -> str:
        """Refuse names, ports, networks, and addresses that mean something on one machine alone."""
        try:
            address = ipaddress.ip_address(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is no IP address, such as 203.0.113.7 or 2001:db8::7.", param, ctx)
        if getattr(address, "scope_id", None):
            self.fail(f"{value!r} names an interface of one machine.", param, ctx)
        return str(address)
