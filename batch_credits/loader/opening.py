"""START of stage 1: open a source file, or say all at once what it needs to be read."""

from pathlib import Path

from batch_credits.errors import InputError, Suggestion, UnclearFile
from batch_credits.loader.source import Source, opened
from batch_credits.settings import InputOptions

# What reads a file until a person has said what only they know.
_STANDS_FOR = {
    "--reference": "reference",
    "--description": "description",
    "--currency": "USD",
    "--locale": "en_US",
    "--amount-unit": "major",
}


def open_source(path: Path, options: InputOptions) -> Source:
    """Read a file as far as it takes to trust it as a whole; its rows are judged as they are read.

    Raises:
        UnclearFile: an option has to say how it is to be read; with all that the file seems to need.
        InputError: the file, or what the options say of it, is refused.
    """
    try:
        return opened(path, options)
    except UnclearFile as unclear:
        raise _explained(path, options, unclear) from None


def _explained(path: Path, options: InputOptions, unclear: UnclearFile) -> UnclearFile:
    """The refusal with all that would make the file readable, if anything is known to."""
    from batch_credits.loader.suggestions.reading import suggest  # here, for most files are clear

    suggestions = suggest(path, options)
    if not suggestions:
        return unclear
    later = _refused_later(path, options, suggestions)
    if isinstance(later, UnclearFile):
        return unclear  # what was found is not enough, so it may be wrong
    return UnclearFile(
        unclear.message,
        hint=unclear.hint,
        remedies=[tuple((option, value) for option, value, _, _ in suggestions)],
        suggestions=suggestions,
        still="" if later is None else f"{later.message} {later.hint}".strip(),
    )


def _refused_later(path: Path, options: InputOptions, suggestions: tuple[Suggestion, ...]) -> InputError | None:
    """What would be wrong with the file if all suggestions were taken; of columns or a sheet that only a person can
    name nothing is known."""
    if any(each.is_open and each.option in ("--map", "--sheet") for each in suggestions):
        return None
    from batch_credits.loader.suggestions.reading import with_options

    try:
        opened(path, with_options(options, [(each.option, _any_value(each)) for each in suggestions]))
    except InputError as later:
        return later
    return None


def _any_value(suggestion: Suggestion) -> str:
    return _STANDS_FOR[suggestion.option] if suggestion.is_open else suggestion.value
