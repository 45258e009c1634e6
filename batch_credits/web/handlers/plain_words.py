"""What commands say in the words of a command line, for people who answer questions on a page."""

import re

# An option, and the answer on the page that stands for it.
_ANSWERS = {
    "--currency": "the currency",
    "--reference": "the name of the payout",
    "--description": "the description",
    "--credit-type": "the credit type",
    "--amount-unit": "what amounts count",
    "--locale": "how amounts are written",
    "--map": "the columns",
    "--header-row": "the row of the headers",
    "--sheet": "the sheet",
    "--encoding": "the encoding",
    "--delimiter": "the delimiter",
    "--hidden-rows": "what is hidden",
    "--number-duplicates": "numbers for the references",
    "--currency-exponent": "the decimals of the currency",
}
_PASS = re.compile(
    r"\b(?P<verb>[Pp]ass|[Gg]ive|[Nn]ame|[Ss]ay)(?: a)? (?P<flag>--[a-z-]+)"
    r"(?:[ =](?:[a-z_]+=)?(?:[A-Z_{][^ .,:;)]*|[a-z]{2}_[A-Z]{2}|major|minor))?"
)
_WITH = re.compile(rf"\bwith (?P<flag>{'|'.join(_ANSWERS)})\b(?! [a-z]{{2}}_)")
_COMMAND = re.compile(r"(batch-credits [a-z]+(?: [A-Z]+)?(?: --[a-z-]+(?: [A-Z]+)?)+)")
_FLAG = re.compile(r"(?P<flag>--[a-z][a-z-]+)")
_INSTEAD = (
    (re.compile(r"--locale ([a-z]{2}_[A-Z]{2})"), r"\1"),
    (re.compile(r"the language named by --locale"), "the language that was answered"),
    (re.compile(r"\bonly with --retry-failed"), "only where you tick that they are tried as they are"),
    (re.compile(r"run (?:again )?with --retry-failed"), "tick that they are tried as they are"),
    (re.compile(r"or the option\b"), "or how the file is read"),
)


def plain_words(text: str) -> str:
    """The text without options: what to pass becomes what to answer where the file is read in another way. A whole
    command stays one, for whoever has a terminal: without its dashes it would be none."""
    parts = _COMMAND.split(text)
    return "".join(part if place % 2 else _without_options(part) for place, part in enumerate(parts))


def _without_options(text: str) -> str:
    for pattern, words in _INSTEAD:
        text = pattern.sub(words, text)
    asked = _PASS.sub(lambda found: f"{'A' if found['verb'][0].isupper() else 'a'}nswer {_answer(found['flag'])}", text)
    asked = _WITH.sub(lambda found: f"by answering {_answer(found['flag'])}", asked)
    return _FLAG.sub(lambda found: _answer(found["flag"]), asked)


def _answer(flag: str) -> str:
    return _ANSWERS.get(flag, flag.removeprefix("--").replace("-", " "))
