"""The table of all options that can be set, held to what the commands take."""

from collections import defaultdict

from batch_credits.cli import batch_credits
from batch_credits.cli.config import leaves
from batch_credits.cli.settable import SETTABLE, SEVERAL_VALUES, variables_of
from batch_credits.cli.setting import Setting

TAKEN = [each for _, command in leaves(batch_credits) for each in command.params if isinstance(each, Setting)]


def test_it_has_the_options_of_all_commands_and_no_other() -> None:
    assert {each.flag for each in TAKEN} == SETTABLE


def test_it_says_of_each_whether_it_is_given_several_times() -> None:
    assert {each.flag for each in TAKEN if each.multiple} == SEVERAL_VALUES
    assert not {each.flag for each in TAKEN if not each.multiple} & SEVERAL_VALUES


def test_it_names_their_variables() -> None:
    variables: defaultdict[str, set[str]] = defaultdict(set)
    for each in TAKEN:
        variables[each.flag].add(str(each.envvar))
    assert variables == {flag: {*variables_of(flag)} for flag in SETTABLE}
