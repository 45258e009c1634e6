"""`batch-credits explain`: what a code or a word means, for the money and for what to do."""

import click
from click.shell_completion import CompletionItem

from batch_credits.cli.telling.screen import told, width
from batch_credits.cli.telling.speech import say
from batch_credits.errors import UsageError
from batch_credits.explanations import Explanation, Kind, all_explanations, explained, near

_LABEL_WIDTH = 15


def _completions(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(e.code, help=e.happened) for e in all_explanations() if e.code.startswith(incomplete)]


@click.command()
@click.argument("code", nargs=-1, shell_complete=_completions)
def explain(code: tuple[str, ...]) -> int:
    """Explain CODE: what happened, what it means for the money, what to do. Without CODE, list all that can be asked.

    \b
    batch-credits explain resource_not_found duplicate
    batch-credits explain in_doubt
    batch-credits explain 3
    """
    if not code:
        say("\n".join(_listing()))
        return 0
    found = explained(" ".join(code)) or [each for one in code for each in _known(one)]
    say("\n\n".join("\n".join(_lines(explanation)) for explanation in found))
    return 0


def _known(code: str) -> list[Explanation]:
    found = explained(code)
    if not found:
        raise UsageError(
            _unknown(code),
            hint="`batch-credits explain` lists all that can be asked.",
            instead=[("explain", *near(code)[:1])],
        )
    return found


def _lines(explanation: Explanation) -> list[str]:
    status = f", HTTP {explanation.status}" if explanation.status else ""
    lines = told(f"{explanation.code}: {explanation.kind.value}{status}")
    for label, text in (
        ("What happened", explanation.happened),
        ("The money", explanation.money),
        ("What to do", explanation.to_do),
    ):
        lines += told(text, f"  {label:<{_LABEL_WIDTH}}")
    return lines


def _listing() -> list[str]:
    """Every code with the first words of what happened, kind by kind."""
    lines: list[str] = []
    for kind in Kind:
        found = [e for e in all_explanations() if e.kind is kind]
        lines += ["", *told(f"{kind.value[0].upper()}{kind.value[1:]}:")]
        longest = max(len(e.code) for e in found)
        for e in found:
            room = width() - longest - 4
            text = f"  {e.code:<{longest}}  {_first_words(e.happened, room)}" if room >= _LABEL_WIDTH else f"  {e.code}"
            lines.append(text)
    return [*lines[1:], "", *told("`batch-credits explain CODE` says what it means for the money, and what to do.")]


def _first_words(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip(" ,.;:") + "…"


def _unknown(code: str) -> str:
    message = f"There is no code {code!r} here"
    similar = near(code)
    if similar:
        return f"{message}. Written much like it: {', '.join(similar)}."
    return f"{message}. If Chargebee sent it, it proves nothing by itself: credit_outcome says what is known."
