"""`python -m batch_credits`, and the `batch-credits` command."""

import gc
import os
import sys

_NOTHING_SENT = 2


def main() -> None:
    """Run the command line and exit with its code."""
    _occupy_standard_streams()
    try:
        from batch_credits.cli import run_command_line
        from batch_credits.cli.telling.speech import unfailing
    except KeyboardInterrupt:  # it takes a moment to load
        sys.exit(_NOTHING_SENT)

    sys.stdout, sys.stderr = unfailing(sys.stdout, 1), unfailing(sys.stderr, 2)
    code = run_command_line()
    gc.freeze()  # all of it goes with the process: to look through it first takes a fifth of a short command
    sys.exit(code)


def _occupy_standard_streams() -> None:
    """Where a scheduler closed one, the next file or socket would get its number, and a library's words with it."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)


if __name__ == "__main__":
    main()
