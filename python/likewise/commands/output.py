"""What the command line prints on standard output, for people and as JSON.

Owns labels, line lengths and what is said of files that were read and models that were trained.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from likewise._core import kernels
from likewise.display.terminal import terminal_width
from likewise.model.describe import missing
from likewise.state import State
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

__all__ = [
    "print_json",
    "print_labelled",
    "print_text",
    "print_trained",
    "read_items",
    "read_sessions",
    "report_values",
]


def print_text(*lines: str) -> None:
    """Print lines on standard output, each as soon as it is known."""
    for line in lines:
        click.echo(line)  # flushes; and says nothing where there is no standard output


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


def read_items(
    catalogue: str | None, columns: dict[str, Any], *, say: bool = False
) -> Catalogue | None:
    """Read a catalogue, when there is one, and say what was read and what dropped."""
    items = None if catalogue is None else Catalogue.read(catalogue, **columns)
    if say and items is not None:
        print_labelled("catalogue", str(items.report))
    return items


def read_sessions(
    events: str, items: Catalogue | None, settings: dict[str, Any], *, say: bool, **window: Any
) -> Sessions:
    """Read sessions, and say what was read and what dropped."""
    sessions = Sessions.read(events, items, **settings, **window)
    if say:
        print_labelled("sessions", str(sessions.report))
    return sessions


def print_trained(model: State, path: Path) -> None:
    """Say how training went and where the model is."""
    last = model.history[-1]
    speed = last["pairs_done"] / max(last["seconds"], 1e-9) / 1e6
    print_labelled(
        "trained",
        f"{model.options.epochs} epochs in {last['seconds']:,.1f} s: {speed:,.1f} M pairs/s with "
        f"{kernels()} kernels, loss {last['loss_per_pair']:.3f} per pair",
    )
    for what in missing(model):
        print_labelled("missing", what)
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
