"""Training: sessions and a catalogue in, what was learned of them out.

Owns what happens around the core's training loop: which parts learn when and of which events,
features and their weights, progress, and the conversion of the core's tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

import likewise._core as _core
from likewise.content.weights import UNKNOWN_WEIGHT, Content
from likewise.errors import InputError, TrainingError
from likewise.options import Options
from likewise.score.blend import PARTS, Blend
from likewise.score.pairs import Pairs
from likewise.state import State
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions
from likewise.training.held_out import hold_out, pair_arrays, ways_of, weigh
from likewise.training.memory import check_memory, give_back
from likewise.training.progress import Progress, Watch
from likewise.version import __version__
from likewise.work.machine import blas_threads

if TYPE_CHECKING:
    from likewise.items import Items

__all__ = ["fit"]

S = TypeVar("S", bound=State)


def fit(
    sessions: Sessions | Any,
    catalogue: Catalogue | Any | None = None,
    options: Options | None = None,
    *,
    made: type[S],
    progress: Callable[[Progress], None] | None = None,
    verbose: bool = False,
    **overrides: Any,
) -> S:
    """Train, and return what was learned as a record of a class: `State`, or one of more verbs.

    Arguments and errors are those of :func:`likewise.train`.
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

    give_back()
    learned: dict[str, npt.NDArray[Any]] = {}
    held = hold_out(sessions, options)
    kept = sessions if held is None else held.kept
    with blas_threads(options.threads):
        for part in PARTS:  # now: what it takes for a while, features and tables will take
            learned |= part.learn(kept, options)
        content, options = _content_of(items, options)
    give_back()
    check_memory(options, len(items), 0 if content is None else content.rows)

    watch = Watch(progress, verbose)
    try:
        tables = _core.train(
            items=kept.items,
            offsets=kept.offsets,
            counts=kept.counts,
            features=None if content is None else content.arrays(),
            buckets=0 if content is None else content.features.recipe.buckets,
            options=options.to_dict(),
            on_progress=watch,
            order=kept.order,
        )
    except _core.Diverged as error:
        raise TrainingError(str(error)) from None
    finally:
        watch.close()

    state = made(
        options=options,
        recipe=None if content is None else content.features.recipe,
        catalogue=items,
        counts=sessions.counts,
        center=tables["center"],
        context=tables["context"],
        learned=learned,
        center_content=None if content is None else content.side(tables, "center"),
        context_content=None if content is None else content.side(tables, "context"),
        token_weights=np.zeros(0, np.float32) if content is None else content.token_weights,
        kind_weights=np.zeros(4, np.float32) if content is None else content.kind_weights,
        unknown_weight=UNKNOWN_WEIGHT,
        history=watch.history,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        version=__version__,
        order=sessions.order,
    )
    if options.own_row:
        with blas_threads(options.threads):
            blend, ways = Blend(state.encoder, learned), ways_of(sessions.order)
            chosen = weigh(held, blend, options.threads, ways)
            pairs = pair_arrays(sessions, chosen, options.threads, options.epochs)
            state.learned |= pairs
            if len(pairs["pair_items"]):
                state.pair_counting = {**chosen.kernel._asdict(), "weight": chosen.weight}
        # What was made of the other parts is not made again.
        state.once("blend", lambda: blend.with_part(Pairs(state.encoder, pairs)))
    else:
        state.learned |= Pairs.none(len(items))
    return state


def _content_of(items: Items, options: Options) -> tuple[Content | None, Options]:
    """Return the features of items, if any, and the options that can be followed with them.

    Where no item has any, identities are trained, as ``content=False`` does; options then say so.
    """
    if not options.content:
        return None, options
    content = Content.encode(items, options)
    if content.features.n_tokens:
        return content, options
    if not options.own_row:
        raise InputError(
            "own_row must be true where no item has a name or a category: there is nothing else "
            "to train, got false"
        )
    return None, replace(options, content=False, context="item")


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
        return Sessions.from_arrays(
            known[sessions.items], sessions.offsets, catalogue, order=sessions.order
        )
    return sessions
