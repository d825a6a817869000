"""How the command line fails: exit codes and errors of one line.

Owns what ends the process and with which code: 0 done, 1 data or model, 2 usage, 130 Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import click

from likewise.errors import InputError, StorageError, TrainingError, UnknownItemError
from likewise.reading.options import PathOptions, ReadOptions
from likewise.work.progress import say

__all__ = ["Group", "one_line_errors", "refusals", "said"]

# Arguments of reading that messages name, and that are options here.
_READING = "|".join(
    [field.name for record in (ReadOptions, PathOptions) for field in fields(record)]
    + ["date_format", "time_unit"]
)
_EXPECTED = (InputError, UnknownItemError, StorageError, TrainingError, OSError, MemoryError)


class Group(click.Group):
    """The command ``likewise``: exit code 0 done, 1 data or model, 2 usage, 130 Ctrl-C.

    Every error is one line on standard error. What nobody expected keeps its traceback.
    """

    def main(  # type: ignore[override, unused-ignore]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and end the process with the exit code when standing alone."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        _settle_streams()
        with one_line_errors():
            # Without standing alone click returns the exit code of --help and --version.
            code = super().main(args, prog_name, complete_var, False, **extra)
            if sys.stdout is not None:
                sys.stdout.flush()
            sys.exit(code if isinstance(code, int) else 0)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with one line and the exit code when the block fails as blocks may."""
    try:
        yield
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "likewise"
        _fail(f"{said(error.format_message())}; see {command} --help", 2)
    except click.ClickException as error:
        _fail(said(error.format_message()), 1)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", 130, "")
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`): nothing is left to say.
        _silence(sys.stdout)
        sys.exit(1)
    except ImportError as error:
        if "pip install" not in str(error):
            raise
        _fail(said(error), 1)
    except _EXPECTED as error:
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            _silence(sys.stdout)
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or said(error)}", 1)
        _fail(said(error) or "there is not enough memory", 1)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn the refusal of an argument by the library into an error of one line.

    Only around calls that get what the user typed: elsewhere a ValueError is a bug and keeps its
    traceback.
    """
    try:
        yield
    except (InputError, UnknownItemError, StorageError, TrainingError):
        raise
    except (ValueError, TypeError) as error:
        raise click.ClickException(said(error)) from error


def said(error: BaseException | str) -> str:
    """Return a message in one line, with options where the library speaks of arguments."""
    text = " ".join(str(error).split()).rstrip(".")
    text = re.sub(r"\((\w+)=\)", lambda found: f"(--{found[1].replace('_', '-')}-column)", text)
    return re.sub(rf"(?<![\w(-])({_READING})(=(?:True|False)?|(?= must ))", _spelled, text)


def _spelled(found: re.Match[str]) -> str:
    """Return an option of reading as it is spelled here; what follows it is its value."""
    no = "no-" if found[2] == "=False" else ""
    value = " " if found[2] == "=" and found.string[found.end() :][:1] not in ("", " ", ";") else ""
    return f"--{no}{found[1].replace('_', '-')}{value}"


def _fail(message: str, code: int, label: str = "Error: ") -> None:
    say(f"{label}{message}")
    sys.exit(code)


def _settle_streams() -> None:
    """Open standard streams that are closed (`>&-`) to nowhere; let output take every character.

    The next file that is opened would get the number of a closed one, and what a library prints
    with it. What an encoding such as Latin-1 lacks is written as on standard error, with its code.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if "utf" not in str(getattr(sys.stdout, "encoding", "utf")).lower():
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")


def _silence(stream: Any) -> None:
    """Let what a stream still holds go nowhere, or Python would complain about it at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
