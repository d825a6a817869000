"""What tuning found: trials, the check of the best, and how they look.

Owns no figures: those come from tuning/job.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from likewise.display.tables import table
from likewise.options import Options

__all__ = ["Check", "Trial", "Tuning", "shown"]


@dataclass(frozen=True)
class Trial:
    """One set of options that was tried.

    Attributes
    ----------
    number : int
        0 is the start: the options given, or the defaults.
    changed : dict
        The options that were tried in it.
    value : float
        Mean over the kinds of pairs of hit rate / hit rate of the start, losses counted three
        times; 1 is as good as that. Not a number when the trial was stopped.
    seconds : float
    state : {"done", "stopped", "failed"}
        Stopped: it did worse than others on a part of the sessions, or time ran out.
    """

    number: int
    changed: dict[str, Any]
    value: float
    seconds: float
    state: str


@dataclass(frozen=True)
class Check:
    """The best options beside the start, on pairs of one kind that no trial was judged by.

    Attributes
    ----------
    kind : {"warm", "cold query", "cold target"}
    n : int
        Pairs.
    start, best : float
        Hit rates.
    difference, low, high : float
        ``best`` less ``start``, with the 95 % interval of the pairs.
    """

    kind: str
    n: int
    start: float
    best: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Tuning:
    """What a search found.

    Attributes
    ----------
    options : Options
        The best found; those it started from when the check does not find them better.
    start : Options
        What it started from.
    trials : tuple of Trial
    checks : tuple of Check
        Empty when nothing better than the start was found.
    sessions : int
        How many sessions it worked with.
    k : int
        Length of the lists.
    seconds : float
    """

    options: Options
    start: Options
    trials: tuple[Trial, ...]
    checks: tuple[Check, ...]
    sessions: int
    k: int
    seconds: float

    @property
    def changed(self) -> dict[str, Any]:
        """The options that differ from those it started from."""
        before = self.start.to_dict()
        return {name: v for name, v in self.options.to_dict().items() if v != before[name]}

    def __str__(self) -> str:
        """Return the best trials, the check and the options as a text."""
        done = sorted((t for t in self.trials if t.state == "done"), key=lambda t: -t.value)
        stopped = len(self.trials) - len(done)
        lines = [
            f"{len(self.trials)} trials on {self.sessions:,} sessions in {self.seconds:.0f} s, "
            f"{stopped} of them stopped early",
            "",
            table(
                ["trial", "against start", "options"],
                [[str(t.number), f"{t.value:.3f}", shown(t.changed)] for t in done[:5]],
                right=(0, 1),
                width=130,
            ),
            "",
        ]
        if self.checks:
            rows = [
                [c.kind, f"{c.n:,}", f"{c.start:.4f}", f"{c.best:.4f}",
                 f"{c.difference:+.4f}", f"{c.low:+.4f} to {c.high:+.4f}"]
                for c in self.checks
            ]  # fmt: skip
            header = ["not tuned on", "pairs", "start", "best", f"HR@{self.k} gained", "95 %"]
            lines += [table(header, rows, right=range(1, 6), width=130), ""]
        lines.append(
            f"best: {shown(self.changed)}"
            if self.changed
            else "nothing better than the start was found"
        )
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return one JSON object; what is not a number becomes null."""
        values = asdict(self)
        values["changed"] = self.changed
        for trial in values["trials"]:
            trial["value"] = None if math.isnan(trial["value"]) else trial["value"]
        return json.dumps(values, allow_nan=False)


def shown(changed: Mapping[str, Any]) -> str:
    """Return options in a line, numbers short."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in changed.items()
    )
