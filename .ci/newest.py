"""Prints the newest Python of this machine that is newer than the one that runs this; nothing where there is none.

Looks for `python3.X` on PATH, then at what pyenv has installed. Each is asked for its version, since a pyenv shim on
PATH is there for every version and runs only some. Those before their release are left out.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ASK = "import sys, venv; print(sys.version_info.minor, sys.version_info.micro, sys.version_info.releaselevel)"


def candidates() -> Iterator[Path]:
    """Whatever may be a Python 3."""
    for folder in os.get_exec_path():
        yield from sorted(Path(folder).glob("python3.[0-9]*[0-9]"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob("versions/3.*/bin/python3"))


def version(python: Path) -> tuple[int, int]:
    """Its second and third number; zeros where it does not run, or is no release."""
    try:
        answer = subprocess.run([python, "-c", ASK], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0, 0
    minor, micro, level = answer.split()
    return (int(minor), int(micro)) if level == "final" else (0, 0)


def main() -> None:
    """Print its path."""
    found = {version(python): python for python in candidates()}
    newest = max(found, default=(0, 0))
    if newest[0] > sys.version_info.minor:
        print(found[newest])


if __name__ == "__main__":
    main()
