"""A simulated shop with known truth: catalogue, sessions, and which items are really alike.

Owns the generative process. It drives the demo, the tests and the benchmarks; nothing in it
imitates the model under test.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from likewise.errors import InputError
from likewise.simulation.names import TYPES, category_paths, item_names
from likewise.simulation.process import (
    Truth,
    choose_staples,
    fill_baskets,
    make_intents,
    make_items,
    walk,
)  # fmt: skip
from likewise.simulation.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Shop", "Truth", "simulate"]

_LONGEST = 200  # events of a session
_START = 1_704_067_200  # 2024-01-01, seconds
_DAYS = 90
_EVENT_KINDS = ("view", "cart", "purchase")


@dataclass(frozen=True)
class Shop:
    """A catalogue, its events, and the truth about both.

    Attributes
    ----------
    catalogue : pyarrow.Table
        ``item_id``, ``category``, ``name``: strings, one row per item.
    items : int32 (n_events,)
        Rows of the catalogue, session after session in time order; baskets in no order.
    offsets : int64 (n_sessions + 1,)
        Session ``i`` is ``items[offsets[i]:offsets[i + 1]]``.
    truth : Truth
        Intents, complements, new items.
    seed : int
        The seed it was made with.
    baskets : bool
        Whether sessions are baskets.
    """

    catalogue: pa.Table
    items: Ints
    offsets: NDArray[np.int64]
    truth: Truth
    seed: int
    baskets: bool = False

    @cached_property
    def events(self) -> pa.Table:
        """History as a shop logs it, made when first asked for.

        ``session_id`` (int64), ``item_id`` (string), ``timestamp`` (seconds, strictly rising
        within a session; one time for a basket), ``event`` (``view``, ``cart``, ``purchase``, in
        baskets that alone); ordered by session.
        """
        rng = np.random.default_rng([self.seed, 3])
        n, lengths = len(self.items), np.diff(self.offsets)
        waits = 1 + rng.exponential(45.0, n).astype(np.int64)
        since = np.cumsum(waits)
        begins = np.sort(rng.integers(_START, _START + _DAYS * 86_400, len(lengths)))
        first = since[self.offsets[:-1]] if n else since[:0]
        times = since + np.repeat(begins - first, lengths)
        kinds = np.searchsorted([0.85, 0.95], rng.random(n), side="right")
        if self.baskets:
            times, kinds = np.repeat(begins, lengths), np.full(n, len(_EVENT_KINDS) - 1)
        ids = self.catalogue.column("item_id").combine_chunks()
        return pa.table(
            {
                "session_id": np.repeat(np.arange(len(lengths)), lengths),
                "item_id": pc.take(ids, pa.array(self.items)),
                "timestamp": pc.cast(pa.array(times), pa.timestamp("s")),
                "event": pc.take(pa.array(_EVENT_KINDS), pa.array(kinds)),
            }
        )

    def same_intent(self, neighbours: Any, queries: Any = None) -> float:
        """Share of neighbours that have the intent of their query.

        Parameters
        ----------
        neighbours : int (n, k)
            Positions of items, -1 where there is none.
        queries : int (n,), optional
            Positions of the queries; by default ``neighbours`` has a row for every item.

        Returns
        -------
        float
            In [0, 1]; not a number when there is no neighbour at all.
        """
        rows, found, intent = self._answers(neighbours, queries)
        return _share(intent[rows][:, None] == intent[found], found >= 0)

    def goes_with(self, neighbours: Any, queries: Any = None) -> float:
        """Share of neighbours whose intent goes with the intent of their query.

        Parameters and result as for `same_intent`.
        """
        rows, found, intent = self._answers(neighbours, queries)
        partners = self.truth.complements[intent[rows]]
        hits = (partners[:, :, None] == intent[found][:, None, :]).any(axis=1)
        return _share(hits, found >= 0)

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write ``events.parquet`` and ``products.parquet``; return the two paths."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        events, products = place / "events.parquet", place / "products.parquet"
        pq.write_table(self.events, events)
        pq.write_table(self.catalogue, products)
        return events, products

    def _answers(self, neighbours: Any, queries: Any) -> tuple[Any, Any, Ints]:
        found = np.asarray(neighbours)
        if found.ndim != 2:
            raise InputError(f"neighbours must be of shape (n, k), got {found.shape}")
        n_items = len(self.truth.intent)
        rows = np.arange(n_items) if queries is None else np.asarray(queries)
        if rows.shape != found.shape[:1]:
            raise InputError(f"queries must be of shape ({len(found)},), got {rows.shape}")
        return rows, found, self.truth.intent

    def __repr__(self) -> str:
        """One line: items, new items, sessions, events, intents."""
        return (
            f"Shop({len(self.truth.intent):,} items ({int(self.truth.is_new.sum()):,} new), "
            f"{len(self.offsets) - 1:,} sessions, {len(self.items):,} events, "
            f"{self.truth.n_intents:,} intents)"
        )


def simulate(
    n_items: int = 2000,
    n_sessions: int = 20000,
    *,
    seed: int = 1,
    mean_length: float = 9.0,
    new_items: float = 0.1,
    languages: Sequence[str] = LANGUAGES,
    items_per_intent: float = 0.0,
    hidden_intents: float = 0.25,
    zipf: float = 1.0,
    drift: float = 0.08,
    excursions: float = 0.06,
    jumps: float = 0.04,
    name_words: int = 0,
    baskets: bool = False,
) -> Shop:
    """Make a shop: a catalogue with names, sessions of its customers, and the truth.

    Parameters
    ----------
    n_items, n_sessions : int
        Size of the catalogue, at least 10, and of the history, at least 1.
    seed : int
        The same seed and arguments give the same shop. The catalogue does not depend on
        ``n_sessions``.
    mean_length : float
        Mean events of a session, at least 2. Lengths are geometric from 2 to 200.
    new_items : float
        Share of items that are in the catalogue but never in events, in [0, 1).
    languages : sequence of str
        Of ``"en", "de", "tr", "es"``. The first one has 60 % of the names, the others share the
        rest. Behaviour does not care for language.
    items_per_intent : float
        Mean items that are really alike, at least 2; 0 chooses the square root of ``n_items``,
        at most 100.
    hidden_intents : float
        Share of intents whose words are those of another one, in [0, 1].
    zipf : float
        Popularity of the r-th item of an intent is ``r ** -zipf``.
    drift, excursions, jumps : float
        Chance per event to move on to an alike intent, to look once at a complement, and to begin
        something else. Their sum is at most 1; the rest of the time the intent stays. Of visits
        alone.
    name_words : int
        Names are filled up with invented words to at least this many; 0 leaves them as they
        are (about 6). Eight make about 160 character n-grams of 3 to 6.
    baskets : bool
        Whether sessions are what was bought together, in no order and at one time, rather than
        what a visitor looked at, one thing after the other.

    Returns
    -------
    Shop

    Raises
    ------
    InputError
        When an argument is out of range.

    Notes
    -----
    An *intent* is what a customer is after: a product type from a tree of 8 departments, 24
    sub-categories and 96 types, in one of 6 materials and for one of 6 uses of its department; the
    37th intent of a type is told from the first by the name of a collection. A share of intents
    (``hidden_intents``) has a twin of the same words.

    An *item* belongs to one intent and has a brand of its sub-category, a language, perhaps a
    colour, a size, a model code and marketing words. Its name shows each of these only with some
    chance and in one of three word orders, so that names tell much, and never all.

    A *session* begins with an intent drawn by popularity (``rank ** -0.6``). Before each further
    event it may drift to an intent nearby in the tree, jump to another one drawn by popularity, or
    look at an item of a complementary intent for one event. The item is drawn by popularity
    within the intent; the one just seen is drawn again once, so immediate repeats are rare.

    A *basket* is for several purposes: an intent drawn by popularity, given up for another one
    before one event in five. Half of the events are of what goes with the intent instead. A tenth
    are staples, a hundredth of the items, bought along with anything; and 15 % are what a customer,
    of eight baskets or so, buys again and again.

    Examples
    --------
    >>> shop = simulate(n_items=500, n_sessions=1000, seed=7)
    >>> shop.catalogue.column_names
    ['item_id', 'category', 'name']
    >>> len(shop.offsets) - 1
    1000
    """
    n_items, n_sessions = _whole("n_items", n_items, 10), _whole("n_sessions", n_sessions, 1)
    seed, name_words = _whole("seed", seed, 0), _whole("name_words", name_words, 0)
    _within("mean_length", mean_length, 2.0, _LONGEST / 4)
    _within("new_items", new_items, 0.0, 0.9)
    items_per_intent = items_per_intent or min(100.0, n_items**0.5)
    _within("items_per_intent", items_per_intent, 2.0, float("inf"))
    _within("hidden_intents", hidden_intents, 0.0, 1.0)
    _within("zipf", zipf, 0.0, 5.0)
    for name, value in (("drift", drift), ("excursions", excursions), ("jumps", jumps)):
        _within(name, value, 0.0, 1.0)
    _within("drift + excursions + jumps", drift + excursions + jumps, 0.0, 1.0)
    spoken = _languages(languages)

    rng = np.random.default_rng([seed, 1])
    intents = make_intents(rng, max(2, round(n_items / items_per_intent)), hidden_intents)
    intent, popularity, is_new, attributes = make_items(
        rng, intents, n_items, new_items, zipf, spoken
    )
    no_staple = np.zeros(n_items, bool)
    truth = Truth(
        intent=intent,
        brand=attributes.brand,
        language=attributes.language,
        is_new=is_new,
        popularity=popularity,
        intent_type=intents.kind,
        intent_popularity=intents.popularity,
        intent_visible=intents.visible,
        is_staple=choose_staples(intents, intent, popularity) if baskets else no_staple,
        complements=intents.complements,
        types=tuple(product.leaf for _, product in TYPES),
        brands=tuple(word.title() for word in attributes.brands),
        languages=LANGUAGES,
    )
    digits = pc.utf8_lpad(pc.cast(pa.array(np.arange(1, n_items + 1)), pa.string()), 7, "0")
    catalogue = pa.table(
        {
            "item_id": pc.binary_join_element_wise("P", digits, ""),
            "category": category_paths(rng, attributes.kind),
            "name": item_names(rng, attributes, name_words),
        }
    )
    rng = np.random.default_rng([seed, 2])
    lengths = np.minimum(1 + rng.geometric(1 / (mean_length - 1), n_sessions), _LONGEST)
    if baskets:
        return Shop(catalogue, *fill_baskets(rng, lengths, truth), truth, seed, baskets)
    items = walk(rng, lengths, truth, intents.neighbours, (jumps, drift, excursions))
    offsets = np.zeros(n_sessions + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Shop(catalogue, items, offsets, truth, seed)


def _share(hits: NDArray[np.bool_], counted: NDArray[np.bool_]) -> float:
    total = int(counted.sum())
    return float((hits & counted).sum() / total) if total else float("nan")


def _whole(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name} must be a whole number, got {value!r}") from None
    if number < least:
        raise InputError(f"{name} must be at least {least}, got {number}")
    return number


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} must be from {low:g} to {high:g}, got {value!r}")


def _languages(languages: Sequence[str]) -> tuple[int, ...]:
    wanted = tuple(dict.fromkeys((languages,) if isinstance(languages, str) else languages))
    unknown = [code for code in wanted if code not in LANGUAGES]
    if unknown or not wanted:
        got = repr(unknown[0]) if unknown else "none"
        raise InputError(f"languages must be of {', '.join(LANGUAGES)}; got {got}")
    return tuple(LANGUAGES.index(code) for code in wanted)
