"""A sign: what was found of one thing, and what to do about it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from batch_credits.errors import BatchCreditsError, Remedy


class Mark(Enum):
    """How a sign is: as it should be; nothing that keeps a run from working, but to look at; or a run would fail."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Sign:
    """What was found of `about`. `do` says what to do; with each of the `remedies` the same command would do, `instead`
    are other commands, as their words, and `programs` are other programs' whole commands."""

    about: str
    mark: Mark
    found: str
    do: str = ""
    remedies: tuple[Remedy, ...] = ()
    instead: tuple[tuple[str, ...], ...] = ()
    programs: tuple[str, ...] = ()


def good(about: str, found: str) -> Sign:
    """All is as it should be."""
    return Sign(about, Mark.GOOD, found)


def warning(about: str, found: str, do: str = "", *, programs: Sequence[str] = ()) -> Sign:
    """It keeps no run from working."""
    return Sign(about, Mark.WARNING, found, do, programs=tuple(programs))


def bad(about: str, found: str, do: str = "", *, programs: Sequence[str] = ()) -> Sign:
    """A run would fail."""
    return Sign(about, Mark.BAD, found, do, programs=tuple(programs))


def sign_of(about: str, error: BatchCreditsError, mark: Mark = Mark.BAD) -> Sign:
    """What an error says, which a run would end with."""
    do = error.hint or ("" if error.remedies or error.instead else "Correct it, and ask again.")
    return Sign(about, mark, error.message, do, error.remedies, error.instead)


def looked_at(about: str, look: Callable[[], Iterable[Sign]]) -> list[Sign]:
    """The signs of one thing. Whatever goes wrong while it is looked at is a sign, too."""
    try:
        return [*look()]
    except BatchCreditsError as error:
        return [sign_of(about, error)]
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return [
            bad(about, f"the system refused to look: {error.strerror or error}{where}", "Mend that, and ask again.")
        ]
    except Exception as error:
        said = f"it could not be looked at: {type(error).__name__}: {error}"
        return [bad(about, said, "This is a bug in batch-credits: report it with this line.")]
