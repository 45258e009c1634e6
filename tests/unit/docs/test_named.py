"""No page speaks of what does not exist: commands, options, variables, codes, exit codes, make targets, names."""

import re
import tomllib
from functools import cache

import click
import pytest

from batch_credits.cli.commands import COMMANDS as NAMES
from batch_credits.cli.setting import LEASE, QUARANTINE, WINDOW, Setting
from batch_credits.explanations import Kind, all_explanations, explained
from tests.each import each
from tests.unit.docs.pages import COMMANDS, GROUPS, ROOT, Page, ours, pages, parse, typed

OF_OTHERS = re.compile(  # code that speaks to another program, or of its options
    r"docker |pg_\w+|psql|sqlite3 |systemctl|curl |kubectl |pip |uv |pipx |nice |python |chromium|make |git |loginctl |"
    r"kill |gpg |npm |airflow |dagster |cosign |podman "
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
OF_SHELLS = {"bash_source", "zsh_source", "fish_source"}
OF_POSTGRES = {
    "archive_mode", "max_connections", "max_wal_size", "pool_mode", "shared_buffers", "synchronous_commit",
    "synchronous_standby_names", "target_session_attrs",
}  # fmt: skip
every_page = each("page", pages())


@cache
def options() -> set[str]:
    """Every option of every command, and those of all."""
    found = {
        name for command in COMMANDS.values() for each in command.params for name in (*each.opts, *each.secondary_opts)
    }
    return found | {"--help", "--version"}


@cache
def variables() -> set[str]:
    """Every variable that is heeded."""
    settings = (each for command in COMMANDS.values() for each in command.params if isinstance(each, Setting))
    return {str(each.envvar) for each in settings} | {QUARANTINE, LEASE, WINDOW, "_BATCH_CREDITS_COMPLETE"}


@cache
def written_somewhere() -> set[str]:
    """The words of the program, of what is packed with it, of its tests and of all that builds it."""
    kinds = {".py", ".sql", ".html", ".css", ".js", ".toml", ".json", ".yaml", ".yml", ".cfg", ".service", ".timer", ""}
    places = [
        ROOT / name for name in ("batch_credits", "deploy", "benchmarks", "tests", "sample_data", ".ci", "docs/schemas")
    ]
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path.suffix in kinds]
    files = [path for path in files if path.parent.name != "docs" or path.parent.parent.name != "unit"]
    files += [ROOT / "Makefile", ROOT / "pyproject.toml"]
    texts = (f"{path.stem}\n{path.read_text(encoding='utf-8', errors='replace')}" for path in files)
    settings = {flag.removeprefix("--").replace("-", "_") for flag in options()}
    return settings.union(*(re.findall(r"\w+", text) for text in texts))


@every_page
def test_what_stands_in_console_blocks_can_be_typed(page: Page) -> None:
    for block in page.blocks("console"):
        for words in typed(block):
            try:
                parse(words)
            except click.UsageError as error:
                pytest.fail(f"{page.name}: batch-credits {' '.join(words)}\n{error.format_message()}")


@every_page
def test_commands_within_a_sentence_are_commands(page: Page) -> None:
    """`batch-credits run FILE --yes`, `resolve BATCH --row N`: their options are that command's."""
    for span in page.spans:
        if "batch-credits " in span:
            spoken = list(ours(span.replace("`", "").replace("{", "").replace("}", ""))) if "'" not in span else []
        else:
            spoken = [span.split()] if span.split()[0] in NAMES and OPTION.search(span) else []
        for words in spoken:
            name = " ".join(words[:2]) if words and words[0] in GROUPS and len(words) > 1 else " ".join(words[:1])
            if name in ("COMMAND", "...", "") or name.startswith("-"):
                continue
            assert name in COMMANDS or name in GROUPS, f"{page.name}: `{span}`: there is no command {name!r}"
            if name in COMMANDS:
                own = {flag for each in COMMANDS[name].params for flag in (*each.opts, *each.secondary_opts)} | {
                    "--help"
                }
                wrong = set(OPTION.findall(" ".join(words))) - own
                assert not wrong, f"{page.name}: `{span}`: {name} has no {wrong}"


@every_page
def test_options_are_options(page: Page) -> None:
    ours_alone = " ".join(span for span in page.spans if not OF_OTHERS.match(span))
    prose = re.sub(r"`[^`]*`", "", re.sub(r"\]\([^)]*\)", "]", re.sub(r"<!--.*?-->", "", page.prose, flags=re.DOTALL)))
    unknown = set(OPTION.findall(f"{ours_alone} {prose}")) - options()
    assert not unknown, f"{page.name} speaks of {unknown}"


@every_page
def test_variables_are_heeded(page: Page) -> None:
    named = set(re.findall(r"\b_?BATCH_CREDITS_[A-Z_]*[A-Z]\b", page.text))
    assert named <= variables(), f"{page.name} speaks of {named - variables()}"


@every_page
def test_codes_are_explained(page: Page) -> None:
    for code in re.findall(r"\bexplain ([a-z0-9_]+)\b", "\n".join([*page.spans, *page.blocks("console")])):
        assert explained(code), f"{page.name}: nothing is explained as {code}"
    for code in re.findall(r"rejected as\s+`(\w+)`", page.prose):
        assert any(each.code == code and each.kind is Kind.REJECTED for each in all_explanations()), (
            f"{page.name}: {code}"
        )


@every_page
def test_exit_codes_are_exit_codes(page: Page) -> None:
    known = {each.code for each in all_explanations() if each.kind is Kind.EXIT}
    named = re.findall(r"\bexit(?:s with| codes?) (\d+)(?:(?:, | and | or )(\d+))*", page.prose)
    named += [(code,) for code in re.findall(r"\bends? with (\d)\b", page.prose)]
    assert {code for pair in named for code in pair if code} <= known, page.name


@every_page
def test_make_targets_are_there(page: Page) -> None:
    [targets] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in page.blocks("console") for line in block.splitlines()]
    for text in [*page.spans, *lines]:
        if text.startswith("make "):
            named = re.findall(r"[a-z][a-z-]*", re.sub(r"#.*|\b[A-Z_]+=\S*", "", text.removeprefix("make ")))
            assert set(named) <= set(targets.split()), f"{page.name}: `{text}`"


@every_page
def test_names_in_code_are_written_somewhere_in_the_program(page: Page) -> None:
    """A column, a key, an error code, a file: whatever has an underscore is a name, and a name has a place."""
    own = {
        word
        for language in ("sql", "ini", "python")
        for text in page.blocks(language)
        for word in re.findall(r"\w+", text)
    }
    for span in page.spans:
        if OF_OTHERS.match(span) or span.startswith(("deploy/", "docs/")):
            continue
        for name in {*re.findall(r"(?<![\w/.-])[a-z]+(?:_[a-z0-9]+)+(?![\w/-])", span)} - OF_SHELLS - OF_POSTGRES:
            assert name in own or name in written_somewhere(), f"{page.name} speaks of {name}, which is nowhere"


@every_page
def test_settings_files_that_are_shown_set_what_there_is(page: Page) -> None:
    for block in page.blocks("toml"):
        if "batch-credits.toml" not in block.partition("\n")[0]:
            continue
        table = tomllib.loads(block)
        for settings in [table, *table.pop("profiles", {}).values()]:
            unknown = {f"--{key.replace('_', '-')}" for key in settings} - options()
            assert not unknown, f"{page.name}: a settings file cannot set {unknown}"


def test_this_finds_something() -> None:
    spoken = [words for page in pages() for block in page.blocks("console") for words in typed(block)]
    assert len(spoken) > 40
    assert {"run", "check", "reverse", "ledger"} <= {words[0] for words in spoken if words}


@each(
    "words",
    ["pay x.csv", "run", "run x.csv --referense y", "check x.csv --pilot 3", "run x.csv --pilot many",
     "run x.csv y.csv", "resolve 3f9a2b1c", "status 12 34", "ledger mend", "run x.csv --amount-unit cents"],
)  # fmt: skip
def test_what_cannot_be_typed_is_found(words: str) -> None:
    with pytest.raises(click.UsageError):
        parse(words.split())


@each(
    "words", ["run x.csv --pilot 5 -y", "ledger check", "run --help", "reverse 3f9a2b1c", "--version", "ledger"]
)
def test_what_can_be_typed_is_not(words: str) -> None:
    parse(words.split())


def test_commands_are_found_in_lines_of_a_shell() -> None:
    line = "export A=b; X=1 batch-credits run 'a b.csv' --yes | tee log && /opt/bin/batch-credits status  # all"
    assert list(ours(line)) == [["run", "a b.csv", "--yes"], ["status"]]
