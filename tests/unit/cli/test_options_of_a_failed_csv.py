"""No option that says how a source file is read ever reaches a failed.csv, whoever set it and where."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli.options.input import input_options
from batch_credits.cli.setting import Setting
from batch_credits.settings import InputOptions
from tests.unit.cli.conftest import Call

# A value of each that would change every row, or refuse the file, if it were applied.
HARMFUL = {
    "--reference": "another", "--currency": "EUR", "--description": "Another", "--credit-type": "referral_rewards",
    "--amount-unit": "major", "--currency-exponent": "USD=0", "--locale": "de_DE", "--map": "amount=credit_row",
    "--header-row": "2", "--sheet": "Q3", "--hidden-rows": "skip", "--delimiter": ";", "--encoding": "utf-16",
    "--number-duplicates": "true",
}  # fmt: skip
# As a run writes it of a file whose amounts were major units.
FAILED = """\
customer_id,amount,currency_code,reference,description,amount_unit,credit_row,credit_outcome,credit_id,credit_reference,\
credit_error_code,credit_error_param,credit_error,credit_http_status,credit_attempts,credit_closing_balance,\
credit_finished_at,credit_batch
c-1,12.34,USD,q3,Loyalty,major,2,failed,,q3,resource_not_found,customer_id,gone,404,1,,2026-11-28T01:34:04Z,{batch}
c-2,12.50,USD,q3,Loyalty,major,3,failed,,q3,resource_not_found,customer_id,gone,404,1,,2026-11-28T01:34:04Z,{batch}
"""
PLACES = ["typed", "environment", "batch-credits.toml", "pyproject.toml", "own", "named", "profile", "own profile"]


def set_at(place: str, flag: str, value: str, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Set it there. Returns what is typed."""
    key, is_flag = flag[2:].replace("-", "_"), value == "true"
    if place == "typed":
        return [flag] if is_flag else [flag, value]
    if place == "environment":
        patch.setenv(f"BATCH_CREDITS_{key.upper()}", value)
        return []
    several = flag in ("--map", "--currency-exponent")
    said = f"{key} = {value if is_flag else json.dumps([value] if several else value)}\n"
    own = folder / "config" / "batch-credits" / "batch-credits.toml"
    path, table, words = {
        "batch-credits.toml": (folder / "batch-credits.toml", "", []),
        "pyproject.toml": (folder / "pyproject.toml", "[tool.batch-credits]\n", []),
        "own": (own, "", []),
        "named": (folder / "jobs.toml", "", ["--config", "jobs.toml"]),
        "profile": (folder / "batch-credits.toml", "[profiles.job]\n", ["--profile", "job"]),
        "own profile": (own, "[profiles.job]\n", ["--profile", "job"]),
    }[place]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table + said)
    return list(words)


def test_every_option_of_reading_is_here() -> None:
    @click.command()
    @input_options
    def command(**groups: Any) -> None:
        """Takes them."""

    fields = InputOptions.__dataclass_fields__
    assert HARMFUL.keys() == {p.flag for p in command.params if isinstance(p, Setting) and p.name in fields}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_read_as_if_nothing_were_set(call: Call, tmp_path: Path, place: str) -> None:
    (tmp_path / "failed.csv").write_text(FAILED.format(batch="ab" * 32), encoding="utf-8-sig")
    plain = checked(call)
    assert plain["exit_code"] == 0 and plain["totals"] == {"USD": {"rows": 2, "amount": 2484}}
    for flag, value in HARMFUL.items():
        with pytest.MonkeyPatch.context() as patch:
            found = checked(call, *set_at(place, flag, value, tmp_path, patch))
        assert f"a failed.csv says itself how it is read: {flag} not applied" in found["notes"], place
        assert {**found, "notes": plain["notes"], "origins": []} == plain, flag


def checked(call: Call, *words: str) -> dict[str, Any]:
    """What a check says of it."""
    found: dict[str, Any] = json.loads(call("check", "failed.csv", "--json", "--rows-page", "1", *words)[1])
    return found


def test_to_a_source_each_of_them_is_applied(call: Call, tmp_path: Path) -> None:
    """So the values above show something."""
    row = "c-1,1234,USD,q3,Loyalty,5\n"
    headers = "customer_id,amount,currency_code,reference,description,credit_row\n"
    (tmp_path / "source.csv").write_text(headers + row * 2)
    plain = call("check", "source.csv")
    defaults = {"--reference", "--currency", "--description"}  # of cells that are missing, and here none is
    for flag in HARMFUL.keys() - defaults:
        assert call("check", "source.csv", flag, *([] if HARMFUL[flag] == "true" else [HARMFUL[flag]])) != plain, flag


@pytest.mark.parametrize("place", PLACES)
def test_decimals_that_were_set_for_another_file_move_no_limit(call: Call, tmp_path: Path, place: str) -> None:
    """Of a currency for which Chargebee documents none, the rows state them: 10.00 would be a hundredth of 1,000."""
    text = FAILED.format(batch="ab" * 32).replace("USD", "CLP").replace(",major,", ",major:0,")
    text = text.replace("12.34", "1000").replace("12.50", "2000")
    (tmp_path / "failed.csv").write_text(text, encoding="utf-8-sig")
    with pytest.MonkeyPatch.context() as patch:
        words = set_at(place, "--currency-exponent", "CLP=2", tmp_path, patch)
        for limit, code in (("50", 2), ("2999", 2), ("3000", 0)):
            found = call("check", "failed.csv", "--max-total", f"CLP={limit}", *words)
            assert found[0] == code and "3,000 CLP" in found[1], limit
    assert call("check", "failed.csv", "--max-total", "CLP=3000")[0] == 0, "and where nothing is set"


def test_rows_that_contradict_each_other_state_nothing(call: Call, tmp_path: Path) -> None:
    text = FAILED.format(batch="ab" * 32).replace("USD", "CLP")
    one, _, other = text.rpartition(",major,")
    (tmp_path / "failed.csv").write_text(f"{one.replace(',major,', ',major:1,')},major:2,{other}", encoding="utf-8-sig")
    code, _, err = call("check", "failed.csv", "--max-total", "CLP=5", "--currency-exponent", "CLP=2")
    assert code == 2 and "does not document how many decimals CLP has" in err
