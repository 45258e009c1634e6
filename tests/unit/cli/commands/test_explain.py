"""`explain`, the examples in the help of every command, and completion in three shells."""

from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.explanations import all_explanations


def test_a_code_with_what_happened_the_money_and_what_to_do(call: Any) -> None:
    code, out, err = call("explain", "resource_not_found")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "resource_not_found: an answer of Chargebee (credit_error_code), HTTP 404"
    assert [line[:17].strip() for line in lines[1:]] == ["What happened", "The money", "What to do"]


def test_several_words_need_no_quotes(call: Any) -> None:
    assert call("explain", "in", "doubt")[1] == call("explain", "in_doubt")[1]


def test_several_codes_are_explained_one_after_the_other(call: Any) -> None:
    _, out, _ = call("explain", "resource_not_found", "in_doubt")
    both = [call("explain", code)[1] for code in ("resource_not_found", "in_doubt")]
    assert out == "\n".join(both)
    assert call("explain", "resource_not_found", "nonsense")[0] == 2


def test_an_unknown_code_names_those_near_it(call: Any) -> None:
    code, out, err = call("explain", "resource_not_foud")
    assert (code, out) == (2, "")
    assert "resource_not_found" in err and "batch-credits explain" in err
    code, _, err = call("explain", "zzz")
    assert code == 2 and "proves nothing by itself" in err


def test_without_a_code_all_are_listed(call: Any) -> None:
    code, out, _ = call("explain")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert listed == [e.code for e in all_explanations()]


@pytest.mark.parametrize("name", sorted(batch_credits.commands))
def test_the_help_of_every_command_has_an_example(call: Any, name: str) -> None:
    code, out, _ = call(name, "--help")
    assert code == 0
    assert f"\n  batch-credits {name}" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script_and_completes(shell: str, monkeypatch: Any, capfd: Any) -> None:
    def asked(instruction: str, *words: str) -> str:
        monkeypatch.setenv("_BATCH_CREDITS_COMPLETE", f"{shell}_{instruction}")
        monkeypatch.setenv("COMP_WORDS", " ".join(["batch-credits", *words]))
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" and words else str(len(words)))
        with pytest.raises(SystemExit) as ended:
            run_command_line([])
        assert ended.value.code == 0 or shell == "bash"  # where no bash is, click says so on stderr
        return str(capfd.readouterr().out)

    assert "batch-credits" in asked("source") and "_BATCH_CREDITS_COMPLETE" not in asked("complete", "sta")
    assert "status" in asked("complete", "sta")
    assert "--expect-total" in asked("complete", "run", "--expect-t")
    assert "resource_not_found" in asked("complete", "explain", "resource_n")


def test_no_command_hides_an_option() -> None:
    for command in batch_credits.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{command.name} {parameter.opts}"
