"""Commands, and how errors become exit codes."""

import json
import os
import sys
from importlib import import_module
from typing import Annotated

import typer

from tickwright import _core

#: In the order of `--help`: a module each.
COMMANDS = ("convert", "inspect", "book", "feeds", "simulate", "download")

app = typer.Typer(
    name="tickwright",
    help="Raw crypto-exchange bytes to Arrow and Parquet in NautilusTrader's schemas.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"tickwright {_core.__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Turn raw crypto-exchange bytes into Arrow and Parquet in NautilusTrader's schemas."""


def _register(arguments: list[str]) -> None:
    """Register the command that is named, or all where none is: the others' imports would cost every start."""
    named = next((word for word in arguments if not word.startswith("-")), None)
    for name in (named,) if named in COMMANDS else COMMANDS:
        import_module(f"tickwright.cli.{name}").register(app)


def run(arguments: list[str]) -> int:
    """Run a command; answers its exit code."""
    _register(arguments)
    as_json = "--json" in arguments
    try:
        result = app(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except _core.TickwrightError as error:
        return fail(error, as_json=as_json)
    except (BrokenPipeError, SystemExit) as error:
        # Whoever read the output has seen enough, which click and rich take for a failure; what is left of it must not
        # fail at exit.
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        return fail(_core.InputError(str(error)), as_json=as_json)
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            return 130
        # typer's own: a wrong option, a missing argument, or nothing at all, which is answered by the help.
        shown = getattr(error, "format_message", None)
        if shown is None:
            raise
        if not arguments:
            sys.stderr.write(f"{shown()}\n")
            return 2
        code = fail(_core.UsageError(shown()), as_json=as_json)
        sys.stderr.write("hint: tickwright --help lists the commands and options\n")
        return code
    return result if isinstance(result, int) else 0


def exit_code(error: _core.TickwrightError) -> int:
    """The exit code of an error."""
    for kind, code in ((_core.UsageError, 2), (_core.InputError, 3), (_core.CatalogError, 4)):
        if isinstance(error, kind):
            return code
    return 130 if isinstance(error, _core.Cancelled) else 1


def fail(error: _core.TickwrightError, *, as_json: bool) -> int:
    """Tell an error; answers its exit code."""
    code = exit_code(error)
    if as_json:
        body = {"error": {"code": error.code, "message": str(error), "path": error.path}, "exit_code": code}
        sys.stdout.write(json.dumps(body) + "\n")
    sys.stderr.write(f"error: {plain(str(error))}\n")
    return code


def plain(text: str) -> str:
    """Text with control characters shown, so that a name cannot speak to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
