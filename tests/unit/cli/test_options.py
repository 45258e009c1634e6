"""Groups of options: what was chosen comes to a command as frozen objects, and none of it is lost on the way."""

from dataclasses import FrozenInstanceError, dataclass, fields
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from batch_credits.cli import batch_credits
from batch_credits.cli.commands.reverse import ReverseChoice
from batch_credits.cli.commands.run import RunChoice
from batch_credits.cli.options.ending import EndChoice
from batch_credits.cli.options.input import LimitChoice, input_options
from batch_credits.cli.options.metrics import MetricsChoice
from batch_credits.cli.options.notices import NoticeChoice
from batch_credits.cli.options.places import OutputChoice
from batch_credits.cli.options.sending import AskingChoice, PaceChoice, SendingChoice
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.setting import apply, chosen_as, option
from batch_credits.errors import InputError, UsageError
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions
from tests.each import each

GROUPS: dict[str, list[type[Any]]] = {
    "run": [SendingChoice, EndChoice, InputOptions, LimitChoice, SiteChoice, OutputChoice, NoticeChoice, MetricsChoice],
    "check": [PaceChoice, InputOptions, LimitChoice, SiteChoice],
    "reverse": [SendingChoice, EndChoice, LimitChoice, SiteChoice, OutputChoice, NoticeChoice, MetricsChoice],
    "reconcile": [AskingChoice, SiteChoice, NoticeChoice, MetricsChoice],
    "resolve": [PaceChoice, SiteChoice],
    "pack": [NoticeChoice],
}
NO_OPTION = {"failed_csv"}  # which the file says of itself
NAMES = {"sending", "end", "options", "limits", "site", "output", "notices", "metrics"}  # of groups in these two
NOT_OF_REVERSE = {"strict", "control", "pilot"}  # rows are not rejected there, and nothing is new


@each("name", GROUPS)
def test_every_field_of_a_group_is_an_option_of_the_command(name: str) -> None:
    """One that is not would keep its default whatever was said: a limit that does not hold."""
    options = {parameter.name for parameter in batch_credits.commands[name].params}
    asked = {field.name for group in GROUPS[name] for field in fields(group)}
    assert asked - options == NO_OPTION & asked | (NOT_OF_REVERSE if name == "reverse" else set())


@pytest.mark.parametrize(("name", "kind"), [("run", RunChoice), ("reverse", ReverseChoice)])
def test_every_option_of_a_command_that_sends_is_in_one_group(name: str, kind: type[Any]) -> None:
    groups = [{field.name for field in fields(group)} for group in GROUPS[name]]
    groups.append({field.name for field in fields(kind)} - NAMES)
    for parameter in batch_credits.commands[name].params:
        if not parameter.expose_value:
            continue  # it sets others
        assert sum(parameter.name in group for group in groups) == 1, parameter.name


def chosen(*arguments: str) -> dict[str, Any]:
    """What a command with these two groups gets."""
    found: dict[str, Any] = {}

    @click.command()
    @site_options
    @input_options
    def command(**groups: Any) -> None:
        found.update(groups)

    result = CliRunner().invoke(command, arguments, catch_exceptions=False, env={"CHARGEBEE_SITE": None})
    assert result.exit_code == 0, result.output
    return found


def test_a_group_is_built_once_and_cannot_be_changed() -> None:
    groups = chosen("--site", "acme", "--currency-exponent", "CLP=0", "--map", "amount=Betrag", "--max-total", "USD=5")
    assert set(groups) == {"site", "options", "limits"}
    assert groups["options"] == InputOptions(header_map=(("amount", "Betrag"),), currency_exponents=(("CLP", 0),))
    assert groups["limits"].settings().max_total == (("USD", "5"),)
    with pytest.raises(FrozenInstanceError):
        groups["site"].site = "other"


def test_a_control_file_is_read_when_limits_are_made_of_it(tmp_path: Path) -> None:
    limits = chosen("--control", str(tmp_path / "none.csv"))["limits"]
    with pytest.raises(UsageError, match=r"none\.csv"):
        limits.settings()


def test_a_group_leaves_what_is_not_its_own() -> None:
    @dataclass(frozen=True)
    class Colours:
        red: bool
        green: bool = True

    @apply(chosen_as(Colours, "colours"), option("--red", is_flag=True, help="Red."))
    def command(**values: Any) -> dict[str, Any]:
        return values

    assert command(red=True, size=3) == {"colours": Colours(red=True), "size": 3}


def test_a_field_that_no_column_is_can_be_said(tmp_path: Path) -> None:
    """As the message says it of a header that comes near a field, and means something else."""
    path = tmp_path / "payout.csv"
    path.write_text("customer_id,amount,currency_code,reference,description,credit typ\nc-1,500,USD,q3,d,x\n")
    with pytest.raises(InputError) as refused:
        open_source(path, InputOptions())
    assert "(--map credit_type= if none is)" in refused.value.hint

    map_option = next(found for found in batch_credits.commands["check"].params if found.name == "header_map")
    said = map_option.type.convert("credit_type=", map_option, None)
    assert said == ("credit_type", "") and open_source(path, InputOptions(header_map=(said,)))
    for text in ("credit_type", "=amount"):
        with pytest.raises(click.BadParameter, match="NAME=VALUE"):
            map_option.type.convert(text, map_option, None)
