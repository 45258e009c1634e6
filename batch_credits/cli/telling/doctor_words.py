"""What a doctor found and a probe measured, in words and as JSON. The JSON's schema is `docs/schemas/doctor.json`."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from batch_credits import __version__
from batch_credits.cli.telling.given import as_command, command_with
from batch_credits.cli.telling.screen import told
from batch_credits.doctor.signs import Mark, Sign
from batch_credits.explanations.site_traits import TRAITS, differences
from batch_credits.jobs.doctor import Examined
from batch_credits.jobs.probe import Before, Probed
from batch_credits.model.amounts import minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.text.colour import Colour, coloured

_LABEL = 28  # characters before what was found
_COLOURS: dict[str, Colour] = {"good": "green", "warning": "yellow", "bad": "red"}


def signs_in_words(signs: Sequence[Sign], words: Sequence[str]) -> str:
    """Each sign behind its mark, what to do below it, whole commands on lines of their own; and a last line for all."""
    lines: list[str] = []
    for sign in signs:
        label = f"{sign.mark.value:<9}{sign.about}".ljust(_LABEL - 1) + " "
        lines += told(sign.found, label)
        if sign.mark is Mark.GOOD:
            continue
        if sign.do:
            lines += told(sign.do, " " * 9)
        lines += [f"{' ' * 9}{command}" for command in commands_of(sign, words)]
    return "\n".join([*lines, "", *told(_last(signs))])


def commands_of(sign: Sign, words: Sequence[str]) -> list[str]:
    """The whole commands that do what a sign says is to be done."""
    mended = [command_with(words, remedy) for remedy in sign.remedies]
    return [*mended, *(as_command(instead) for instead in sign.instead), *sign.programs]


def painted_signs(text: str) -> str:
    """The same for a terminal with colours."""
    marks = re.compile(r"^(good|warning|bad)(?= )", re.MULTILINE)
    return marks.sub(lambda mark: coloured(mark[0], _COLOURS[mark[0]]), text)


def _last(signs: Sequence[Sign]) -> str:
    bads, warnings = (sum(sign.mark is mark for sign in signs) for mark in (Mark.BAD, Mark.WARNING))
    if bads:
        what = "1 thing keeps" if bads == 1 else f"{bads} things keep"
        return f"{what} a run from working: mend what is bad, and ask again. Nothing was sent."
    if warnings:
        what = "1 thing to look at" if warnings == 1 else f"{warnings} things to look at"
        return f"{what}; nothing keeps a run from working. Nothing was sent."
    return "All is well. Nothing was sent."


def before_probe(before: Before) -> str:
    """What a person says yes to."""
    lines = [
        f"A probe adds about a dozen credits of one minor unit to customer {before.customer_id} of the test site"
        f" {before.site}, asks how the site shows them, and takes each one back."
    ]
    if before.balance_minor is not None:
        lines.append(f"The customer has {_amount(before.balance_minor, before.currency)} of promotional credits now.")
    for probe in before.left:
        lines.append(
            f"First it takes back what {probe.name} may have left ({probe.started_at}, customer {probe.customer_id})."
        )
    return "\n".join(line for text in lines for line in told(text, err=True))


def probed_in_words(probed: Probed) -> str:
    """The facts, what differs from what is assumed, and what became of the credits."""
    lines: list[str] = []
    if probed.facts is not None:
        lines.append(f"Measured on {probed.facts.site}, {probed.facts.measured_on}:")
        for name, trait in TRAITS.items():
            lines += told(probed.facts.values.get(name, ""), f"  {trait.question}".ljust(40) + " ")
        differing = differences(probed.facts)
        lines += ["", *(["Otherwise than is assumed:"] if differing else ["All is as it is assumed."])]
        lines += [line for sentence in differing for line in told(f"{sentence}.", "  ")]
        lines.append("")
    if probed.earlier:
        credits = "1 credit" if probed.earlier == 1 else f"{probed.earlier} credits"
        lines += told(f"Taken back: {credits} of earlier probes.")
    if probed.credits:
        lines += told(f"{probed.credits} credits were added, and {probed.credits} taken back.")
    before, after = probed.before.balance_minor, probed.balance_minor
    if before is not None and after is not None:
        same = "as before" if before == after else f"before it was {_amount(before, probed.before.currency)}"
        lines += told(f"The customer has {_amount(after, probed.before.currency)} of promotional credits: {same}.")
    for sentence in probed.left:
        lines += told(f"{sentence}.", "LEFT  ")
    return "\n".join(lines)


def _amount(minor: int, currency: str | None) -> str:
    return minor_in_words(minor, currency or SITE_CURRENCY, {})


def doctor_json(
    signs: Sequence[Sign], about: Examined, words: Sequence[str], exit_code: int, probed: Probed | None = None
) -> str:
    """The document, indented."""
    content: dict[str, Any] = {
        "version": __version__,
        "examined_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "site": None if about.site is None else about.site.site,
        "live": None if about.site is None else about.site.is_live,
        "ledger": None if about.ledger is None else str(about.ledger),
        "signs": [
            {
                "about": sign.about,
                "mark": sign.mark.value,
                "found": sign.found,
                "do": sign.do,
                "commands": commands_of(sign, words),
            }
            for sign in signs
        ],
        "probe": None if probed is None else _probe_json(probed),
        "exit_code": exit_code,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _probe_json(probed: Probed) -> dict[str, Any]:
    return {
        "customer_id": probed.before.customer_id,
        "currency_code": probed.before.currency,
        "balance_before": probed.before.balance_minor,
        "balance_after": probed.balance_minor,
        "credits": probed.credits,
        "credits_of_earlier": probed.earlier,
        "facts": None if probed.facts is None else probed.facts.as_document(),
        "differences": [] if probed.facts is None else list(differences(probed.facts)),
        "left": list(probed.left),
        "stopped": None if probed.stopped is None else probed.stopped.message,
    }
