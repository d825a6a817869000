"""Training: sessions and a catalogue in, a Model out.

Owns what happens around the core's training loop: features and their weights, progress, history,
and the conversion of the core's tables to a model. Imports everything up to model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

import likewise._core as _core
from likewise.content.weights import UNKNOWN_WEIGHT, Content
from likewise.errors import InputError, TrainingError
from likewise.model.model import Model
from likewise.options import Options
from likewise.score.co_occurrence import find_company
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions

__all__ = ["Progress", "train"]

#: One progress record: epoch, epochs, events_done, events_total, pairs_done, loss_per_pair,
#: learning_rate, seconds.
Progress = dict[str, Any]

_HISTORY_RECORDS = 200


def train(
    sessions: Sessions | Any,
    catalogue: Catalogue | Any | None = None,
    options: Options | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    verbose: bool = False,
    **overrides: Any,
) -> Model:
    """Train a model: skip-gram with negative sampling over sessions, items composed of content.

    Parameters
    ----------
    sessions : Sessions, or what ``Sessions.read`` takes
        Who saw what, in order.
    catalogue : Catalogue, or what ``Catalogue.read`` takes, optional
        The items. It may be left out when ``sessions`` is a ``Sessions``, which knows its own.
    options : Options, optional
        The defaults when left out.
    progress : callable, optional
        Called with a record (a dict) about twice a second and once at the end; what it raises
        stops training.
    verbose : bool
        Show a progress bar with pairs/s, loss per pair and time left on standard error.
    **overrides
        Single options that replace those of ``options``.

    Returns
    -------
    Model
        With center and context vectors of every item of the catalogue, cold ones included.

    Raises
    ------
    InputError
        When there is nothing to train on.
    TrainingError
        When numbers overflow; names the epoch and the learning rate.
    KeyboardInterrupt
        On Ctrl-C, within a tenth of a second; nothing is left behind.
    MemoryError
        When the tables do not fit; says how large they would be.

    Examples
    --------
    >>> from likewise import Catalogue, Sessions, train
    >>> catalogue = Catalogue.read([{"item_id": "a", "category": "Toys", "name": "red ball"},
    ...                             {"item_id": "b", "category": "Toys", "name": "blue ball"}])
    >>> model = train(Sessions.read([["a", "b"]] * 3, catalogue), epochs=1, dim=8, threads=1)
    >>> model.center.shape
    (2, 8)

    Notes
    -----
    Mikolov et al. 2013, *Distributed Representations of Words and Phrases and their
    Compositionality*; Barkan and Koenigstein 2016, *Item2Vec*; Bojanowski et al. 2017, *Enriching
    Word Vectors with Subword Information*. Lock-free updates: Niu et al. 2011, *Hogwild!*
    """
    options = Options() if options is None else options
    if not isinstance(options, Options):
        raise TypeError(f"options must be likewise.Options, got {type(options).__name__}")
    if overrides:
        options = Options.from_dict({**options.to_dict(), **overrides})
    sessions = _as_sessions(sessions, catalogue)
    items = sessions.catalogue
    if sessions.n_events == 0:
        raise InputError("sessions must hold at least one session of two events, got none")
    if not bool((np.diff(sessions.offsets) >= 2).any()):
        raise InputError("sessions must hold a session of two events or more, got single ones only")

    company = None  # of items that have an own row; the others are content alone
    if options.own_row:  # now: what it takes for a while, features and tables will take
        _give_back()
        company = find_company(sessions, options.threads, options.seed, options.min_count)
    content = Content.encode(items, options) if options.content else None
    _give_back()
    _check_memory(options, len(items), content)

    watch = _Watch(progress, verbose)
    try:
        tables = _core.train(
            items=sessions.items,
            offsets=sessions.offsets,
            counts=sessions.counts,
            features=None if content is None else content.arrays(),
            buckets=0 if content is None else content.features.recipe.buckets,
            options=options.to_dict(),
            on_progress=watch,
        )
    except _core.Diverged as error:
        raise TrainingError(str(error)) from None
    finally:
        watch.close()

    from likewise.version import __version__

    return Model(
        options=options,
        recipe=None if content is None else content.features.recipe,
        catalogue=items,
        counts=sessions.counts,
        center=tables["center"],
        context=tables["context"],
        company=company,
        center_content=None if content is None else content.side(tables, "center"),
        context_content=None if content is None else content.side(tables, "context"),
        token_weights=np.zeros(0, np.float32) if content is None else content.token_weights,
        kind_weights=np.zeros(4, np.float32) if content is None else content.kind_weights,
        unknown_weight=UNKNOWN_WEIGHT,
        history=watch.history,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        version=__version__,
    )


def _as_sessions(sessions: Sessions | Any, catalogue: Catalogue | Any | None) -> Sessions:
    if catalogue is not None and not isinstance(catalogue, Catalogue):
        catalogue = Catalogue.read(catalogue)
    if not isinstance(sessions, Sessions):
        return Sessions.read(sessions, catalogue)
    if catalogue is not None and catalogue is not sessions.catalogue:
        # Another catalogue object: the same items by id, whatever their order.
        known = catalogue.positions(sessions.catalogue.ids)
        used = np.flatnonzero(sessions.counts)
        if (known[used] < 0).any():
            missing = sessions.catalogue.ids[int(used[np.argmax(known[used] < 0)])]
            raise InputError(
                f"catalogue must hold every item of sessions, {str(missing)!r} is missing; read "
                f"the sessions with this catalogue"
            )
        return Sessions.from_arrays(known[sessions.items], sessions.offsets, catalogue)
    return sessions


def _give_back() -> None:
    """Give freed memory back to the system: reading leaves as much as a third of the tables."""
    pa.default_memory_pool().release_unused()
    _core.trim_allocator()


def _check_memory(options: Options, n_items: int, content: Content | None) -> None:
    """Say how large the tables would be, before the system runs out of memory."""
    rows = 2 * n_items
    if content is not None:
        rows += content.rows * (2 if options.context == "content" else 1)
    needed = rows * _core.row_floats(options.dim) * 4
    free = _free_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"{rows:,} rows of {options.dim} floats need {needed / 1e9:.1f} GB, "
            f"{free / 1e9:.1f} GB are free; lower dim or buckets"
        )


def _free_memory() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


class _Watch:
    """Receives the core's progress many times a second; passes on and keeps a readable share."""

    def __init__(self, progress: Callable[[Progress], None] | None, verbose: bool) -> None:
        self.history: list[Progress] = []
        self._progress = progress
        self._bar: Any = None
        self._verbose = verbose
        self._next_call = 0.0
        self._next_record = 0.0
        self._done = False

    def __call__(self, record: Progress) -> None:
        # The words may teach their n-grams for a while after the last event: `done` is said once.
        done = record["events_done"] == record["events_total"] and not self._done
        self._done = self._done or done
        now = time.monotonic()
        if done or now >= self._next_record:
            self._keep(record, now)
        if done or now >= self._next_call:
            self._next_call = now + 0.5
            if self._verbose:
                self._show(record)
            if self._progress is not None:
                self._progress(record)

    def _keep(self, record: Progress, now: float) -> None:
        if self.history and self.history[-1]["events_done"] == record["events_done"]:
            return
        self.history.append(record)
        self._next_record = now + 0.25
        if len(self.history) > _HISTORY_RECORDS:  # thin out, keep the ends
            self.history = [*self.history[:-1:2], self.history[-1]]

    def _show(self, record: Progress) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=record["events_total"],
                unit=" events",
                unit_scale=True,
                desc="training",
                file=sys.stderr,
            )
        pairs = record["pairs_done"] / max(record["seconds"], 1e-9)
        self._bar.set_postfix_str(
            f"epoch {record['epoch'] + 1}/{record['epochs']}, {pairs / 1e6:.1f} M pairs/s, "
            f"loss {record['loss_per_pair']:.3f}",
            refresh=False,
        )
        self._bar.update(record["events_done"] - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
