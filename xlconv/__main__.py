"""`python -m xlconv`, and the `xlconv` command."""

import sys


def main() -> None:
    """Run the command line; nothing a user can cause ends in a traceback, not even Ctrl-C while modules load."""
    try:
        from xlconv.cli import run

        code = run()
    except KeyboardInterrupt:
        print("xlconv: interrupted", file=sys.stderr)
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
