"""`python -m xlconv`, and the `xlconv` command."""

import signal
import sys


def main() -> None:
    """Run the command line; nothing a user can cause ends in a traceback, not even Ctrl-C while modules load."""
    # What openpyxl had half written complains when it is thrown away; the error itself has been told by then.
    sys.unraisablehook = lambda _: None
    try:
        from xlconv.cli import run

        code = run()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is done; Python need only shut down
    except KeyboardInterrupt:
        print("xlconv: interrupted", file=sys.stderr)
        code = 2
    sys.exit(code)


if __name__ == "__main__":
    main()
