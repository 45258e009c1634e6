"""Programs that each break one promise of the contract. The judge must see harm in every one, within few histories.

They exist here only, as patches of the product from outside. A mutant says by which words its harm is known.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from batch_credits import settings
from batch_credits.cli import running
from batch_credits.cli.options.sending import SendingChoice
from batch_credits.cli.values import BatchId
from batch_credits.jobs import run
from batch_credits.ledger import Sites, numbering
from batch_credits.reporter import summary
from batch_credits.settings import InputOptions

_open_source, _exit_code, _settings_of = running.open_source, summary.exit_code, SendingChoice.settings


def _any_word(self: Any, value: Any, param: Any, ctx: Any) -> str:
    return str(value).strip().lower()


def _always_minor(file: Path, options: InputOptions) -> Any:
    return _open_source(file, replace(options, amount_unit="minor"))


def _without_looking(*arguments: Any, **named: Any) -> Any:
    return replace(_settings_of(*arguments, **named), verify_first=False)


def _all_is_well(*told: Any) -> int:
    code = _exit_code(*told)
    return 0 if code == 1 else code


def _let_pass(*arguments: Any, **named: Any) -> None:
    return None


def _as_spelt(text: str, *, is_alone: bool = False) -> str:
    return text.strip("\n")


@dataclass(frozen=True)
class Mutant:
    """What is done wrong, where the patches go, from which seed on histories meet it, and how its harm is worded."""

    name: str
    patches: tuple[tuple[Any, str, Any], ...]
    harm: str
    first_seed: int = 0

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The product with this mistake in it."""
        with ExitStack() as stack:
            for where, name, new in self.patches:
                stack.enter_context(patch.object(where, name, new))
            yield


MUTANTS = (
    Mutant("limits are not held", ((run, "check_controls", _let_pass),), "let .* pass|did not refuse|wrong control", 1),
    Mutant("a prefix of a batch's id is enough", ((BatchId, "convert", _any_word),), "in spite of the batch", 77),
    Mutant("an address may have two sites", ((Sites, "check_address", _let_pass),), "another site's name", 2),
    Mutant(
        "a site is as many as its spellings",
        ((settings, "site_name", _as_spelt), (Sites, "check_address", _let_pass)),
        "was paid 2 times|alpha_test|acme/test|another site's name",
        1,
    ),
    Mutant(
        "amounts are always minor units",
        ((running, "open_source", _always_minor),),
        "no file said so|and asks for|json totals",
        3,
    ),
    Mutant("nobody looks first", ((SendingChoice, "settings", _without_looking),), "was paid 2 times", 13),
    Mutant("a refused row is no matter", ((summary, "exit_code", _all_is_well),), "mean \\[1\\]", 1),
    Mutant(
        "nobody need say yes",
        ((running, "require_consent", _let_pass),),
        "run sent something",
        3,
    ),
    Mutant("numbers move with their rows", ((numbering, "reject_moved", lambda *_: 0),), "and asked for", 46),
)
