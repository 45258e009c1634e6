"""Names in a watched folder: which are files to pay, what belongs to them, and what is made of them."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import PurePath

NAME = "{name}"  # in a template of references
_CONTROL_ENDS = (".control.csv", ".control.json")
# How programs that copy, download or edit call what is not whole yet, and what systems leave in every folder.
_UNFINISHED_STARTS = (".", "~")
_UNFINISHED_ENDS = (
    ".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".inprogress", ".writing", ".swp",
    ".lock", "~",
)  # fmt: skip
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")
_NOT_EVERYWHERE = frozenset('\\/:*?"<>|')  # in names on Windows, which may show the share
_MOST_BYTES = 200  # of a folder's name before its time: with that it fits the 255 of a file system


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is no one's to take: it is being written, or the system's own."""
    low = name.lower()
    return low.startswith(_UNFINISHED_STARTS) or low.endswith(_UNFINISHED_ENDS) or low in _OF_SYSTEMS


def is_control(name: str) -> bool:
    """Whether a file of this name holds control totals of another."""
    return name.lower().endswith(_CONTROL_ENDS)


def controls_of(name: str, names: Collection[str]) -> list[str]:
    """The control files of a file among these: `payout.csv.control.csv`, `payout.control.json`."""
    wanted = {f"{start}{end}" for start in (name.lower(), stem_of(name).lower()) for end in _CONTROL_ENDS}
    return sorted(each for each in names if each.lower() in wanted)


def shared_controls(controls: Collection[str], name: str, names: Collection[str]) -> list[str]:
    """Which of a file's control files could be another file's as well."""
    others = [each for each in names if each != name and not is_control(each) and not is_unfinished(each)]
    return [control for control in controls if any(controls_of(other, [control]) for other in others)]


def stem_of(name: str) -> str:
    """The name without what says which kind of file it is."""
    plain = name[:-3] if name.lower().endswith(".gz") else name
    return PurePath(plain).stem


def reference_of(template: str | None, name: str) -> str | None:
    """The reference that a template makes of a file's name."""
    return None if template is None else template.replace(NAME, stem_of(name))


def folder_of(name: str, at: datetime, is_taken: Callable[[str], bool]) -> str:
    """A new name for the folder of a file that is taken at this time (UTC)."""
    plain = "".join("_" if each in _NOT_EVERYWHERE or not each.isprintable() else each for each in name)
    short = plain.encode()[:_MOST_BYTES].decode(errors="ignore")
    return free_folder(f"{short}-{at:%Y%m%dT%H%M%SZ}", is_taken)


def free_folder(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, or else the first that is free of `name-2`, `name-3` and so on."""
    number, found = 1, name
    while is_taken(found):
        number += 1
        found = f"{name}-{number}"
    return found


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, or else the first that is free of `name-2`, `name-3` and so on, before its suffix."""
    if not is_taken(name):
        return name
    path, number = PurePath(name), 2
    while is_taken(numbered := f"{path.stem}-{number}{path.suffix}"):
        number += 1
    return numbered
