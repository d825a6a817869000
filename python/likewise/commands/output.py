"""What the command line says, and where it puts files.

Owns exit codes and one-line errors, progress on standard error, JSON and tables on standard
output. Knows nothing about training.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from likewise import kernels
from likewise.display.terminal import terminal_width
from likewise.errors import InputError, StorageError, TrainingError, UnknownItemError
from likewise.model.model import Model
from likewise.storage.models import is_model
from likewise.work.replacing import new_folder, try_out

__all__ = [
    "Group",
    "check_model_place",
    "one_line_errors",
    "print_json",
    "print_labelled",
    "print_text",
    "print_trained",
    "refusals",
    "report_values",
    "said",
]

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
        with one_line_errors():
            # Without standing alone click returns the exit code of --help and --version.
            code = super().main(args, prog_name, complete_var, False, **extra)
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
    return re.sub(r"\((\w+)=\)", lambda found: f"(--{found[1].replace('_', '-')}-column)", text)


def _fail(message: str, code: int, label: str = "Error: ") -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{label}{message}\n")
        sys.stderr.flush()
    sys.exit(code)


def _silence(stream: Any) -> None:
    """Let what a stream still holds go nowhere, or Python would complain about it at the end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


# --- standard output ------------------------------------------------------------------------------


def print_text(*lines: str) -> None:
    """Print lines on standard output, each as soon as it is known."""
    for line in lines:
        click.echo(line)
    sys.stdout.flush()


def print_labelled(label: str, text: str) -> None:
    """Print a label and, beside it, a text of as many lines as it needs."""
    lines = textwrap.wrap(
        f"{label:<11}{text}",
        min(100, terminal_width()),
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )
    print_text(*lines)


def print_trained(model: Model, path: Path) -> None:
    """Say how training went and where the model is."""
    last = model.history[-1]
    speed = last["pairs_done"] / max(last["seconds"], 1e-9) / 1e6
    print_labelled(
        "trained",
        f"{model.options.epochs} epochs in {last['seconds']:,.1f} s: {speed:,.1f} M pairs/s with "
        f"{kernels()} kernels, loss {last['loss_per_pair']:.3f} per pair",
    )
    print_labelled(
        "model",
        f"{path}: {len(model.catalogue):,} items, {model.options.dim} dimensions, "
        f"{model.nbytes / 1e6:,.1f} MB",
    )


def report_values(report: Any) -> dict[str, Any]:
    """Return what a report of reading counts, by name."""
    return asdict(report)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output; what is not a number becomes null."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    print_text(text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return None
    return value


# --- files ----------------------------------------------------------------------------------------


def check_model_place(path: Path) -> None:
    """Find out before the work whether a model can be saved there; leaves nothing behind."""
    try_out(new_folder(path, is_model=is_model))
