"""The command line: parse, call, print, exit code. The only package that imports click.

Exit codes: 0 it agrees (or is done), 1 a check found a difference, 2 it could not run, 128 + signal where one ended it.
Data goes to stdout, messages to stderr. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys

import click

from xlconv.cli import checking, recovering, showing, training, writing
from xlconv.cli.console import DONE, FAILED, INTERRUPTED, fail
from xlconv.errors import XlconvError
from xlconv.processes.ends import NOT_WHOLE


def run() -> int:
    """Run the command line; returns the exit code."""
    try:
        result = cli.main(prog_name="xlconv", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:  # click ends the process by itself where the reader of a pipe has gone
        return FAILED
    except click.UsageError as error:
        if not sys.argv[1:]:
            click.echo(error.format_message(), err=True)
            return FAILED
        command = error.ctx.command_path if error.ctx else "xlconv"
        return fail(error.format_message(), f"{command} --help")
    except click.ClickException as error:
        return fail(error.format_message())
    except XlconvError as error:
        return fail(error.message, error.hint)
    except (KeyboardInterrupt, click.Abort):
        fail(f"interrupted; {NOT_WHOLE}")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return fail(f"{error.filename or 'output'}: {error.strerror or error}")
    except MemoryError:
        return fail("not enough memory")
    return result if isinstance(result, int) else DONE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xlconv")
def cli() -> None:
    """Compile a convolutional network into a live spreadsheet, and prove that the spreadsheet computes it.

    \b
    Example:
      xlconv generate --digit 7 --verify
    """


for _command in (
    writing.generate,
    checking.verify,
    recovering.recover,
    checking.explain,
    writing.open_,
    showing.show,
    showing.render,
    writing.inspect,
    writing.templates,
    training.train,
):
    cli.add_command(_command)
