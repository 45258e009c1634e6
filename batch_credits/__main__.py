"""`python -m batch_credits`, and the `batch-credits` command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from batch_credits.cli import run_command_line

    sys.exit(run_command_line())


if __name__ == "__main__":
    main()
