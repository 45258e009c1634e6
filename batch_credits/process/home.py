"""The user's own directories. Not every user has a home: a service's, or a number in a container."""

from collections.abc import Callable
from pathlib import Path

import platformdirs

from batch_credits.errors import UsageError

_NAME = "batch-credits"


def settings_folder() -> Path | None:
    """Where the user's own settings lie; None for a user without a home."""
    return _absolute(lambda: platformdirs.user_config_dir(_NAME, appauthor=False))


def data_folder() -> Path | None:
    """Where what a user keeps lies; None for a user without a home."""
    return _absolute(lambda: platformdirs.user_data_dir(_NAME, appauthor=False))


def expanded(text: str | Path) -> Path:
    """A path as somebody typed it, with the home in the place of `~`, or another user's in that of `~ada`.

    Raises:
        UsageError: there is no such home.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        home = Path(text).parts[0]
        raise UsageError(f"{home} in {text} is nobody's home here.", hint="Write the path out.") from None


def _absolute(find: Callable[[], str]) -> Path | None:
    try:
        path = Path(find())
    except RuntimeError:  # as newer ones say it; older ones give a path that begins with ~
        return None
    return path if path.is_absolute() else None
