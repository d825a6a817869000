"""The generative process behind the simulated shop: intents, items, walks of sessions, baskets.

Owns every random choice but those of names. All of it is drawn column by column; the walk takes
one step of all sessions at a time. Used by ``simulate`` alone, which documents the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from likewise.simulation.names import TYPES, ItemAttributes, invented_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Truth", "choose_staples", "fill_baskets", "make_intents", "make_items", "walk"]

_MATERIALS = _USES = 6
_SIGNATURES = _MATERIALS * _USES
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)  # steps in the order of the tree that a session may drift
_COMPLEMENTS = 3
# Baskets: the share of items that are staples; the chances of an event to be one of them, or what
# the customer buys again and again; of any other to begin a new purpose, or to be what goes with
# the purpose at hand. And how many things a customer buys again, in how many baskets.
_STAPLES = 0.01
_STAPLE, _AGAIN, _NEXT, _WITH = 0.1, 0.15, 0.2, 0.5
_FAVOURITES, _BASKETS_EACH = 4, 8
_LEAVES = [product.leaf for _, product in TYPES]
_SUBCATEGORIES = [(place, product.subcategory) for place, product in TYPES]


@dataclass(frozen=True)
class Truth:
    """What the simulation knows and a model has to find out.

    Attributes
    ----------
    intent : int32 (n_items,)
        What the item is wanted for. Items of one intent are really alike.
    brand, language : int32 (n_items,)
        Positions in ``brands`` and in ``languages``.
    is_new : bool (n_items,)
        Items of the catalogue that never occur in events.
    popularity : float64 (n_items,)
        Chance of the item among the events of its intent; 0 for new items.
    intent_type : int32 (n_intents,)
        Position in ``types``: the product type of the intent.
    intent_popularity : float64 (n_intents,)
        Chance of a session to start with the intent.
    intent_visible : bool (n_intents,)
        False when another intent has the same words: only behaviour tells the two apart.
    is_staple : bool (n_items,)
        Items that are bought along with anything; none where sessions are visits.
    complements : int32 (n_intents, 3)
        The intents that go with an intent: ink with printers.
    types, brands, languages : tuple of str
        Leaf categories, brand names, language codes.
    """

    intent: Ints
    brand: Ints
    language: Ints
    is_new: NDArray[np.bool_]
    popularity: Floats
    intent_type: Ints
    intent_popularity: Floats
    intent_visible: NDArray[np.bool_]
    is_staple: NDArray[np.bool_]
    complements: Ints
    types: tuple[str, ...]
    brands: tuple[str, ...]
    languages: tuple[str, ...]

    @property
    def n_intents(self) -> int:
        """Number of intents."""
        return len(self.intent_type)


@dataclass(frozen=True)
class Intents:
    """The intents with what their items' names are made of; entries as in `Truth`."""

    kind: Ints
    material: Ints
    use: Ints
    collection: Ints  # -1 for none
    visible: NDArray[np.bool_]
    popularity: Floats
    complements: Ints
    neighbours: Ints


def make_intents(rng: np.random.Generator, n: int, hidden: float) -> Intents:
    """Spread ``n`` intents over product types, and find what is near and what goes with each."""
    kinds = _choose_types(rng, min(len(TYPES), max(2, n // 4)))
    intent = np.arange(n)
    local, ordinal = intent % len(kinds), intent // len(kinds)
    pairs = rng.random((len(kinds), int(ordinal[-1]) // 2 + 1)) < hidden
    odd = ordinal % 2 == 1
    twin = pairs[local, ordinal // 2] & (odd | (intent + len(kinds) < n))
    shown = np.where(twin & odd, ordinal - 1, ordinal)
    shuffled = np.argsort(rng.random((len(kinds), _SIGNATURES)), axis=1)
    signature = shuffled[local, shown % _SIGNATURES]
    batch = shown // _SIGNATURES
    collection = np.where(batch > 0, (batch - 1) * len(kinds) + local, -1)
    kind = kinds[local]
    ranks = rng.permutation(n) + 1.0
    popularity = ranks**-0.6
    groups = {key: place for place, key in enumerate(dict.fromkeys(_SUBCATEGORIES))}
    subcategory = np.array([groups[key] for key in _SUBCATEGORIES])[kind]
    tree = np.lexsort((signature, kind, subcategory))
    place = np.empty(n, np.int64)
    place[tree] = intent
    return Intents(
        kind=kind.astype(np.int32),
        material=(signature // _USES).astype(np.int32),
        use=(signature % _USES).astype(np.int32),
        collection=collection.astype(np.int32),
        visible=~twin,
        popularity=popularity / popularity.sum(),
        complements=_complements(rng, kinds, local),
        neighbours=tree[(place[:, None] + _NEIGHBOURS) % n].astype(np.int32),
    )


def _choose_types(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Types in random order, each followed by its first accessory, so that small shops pair up."""
    chosen: dict[int, None] = {}
    for first in rng.permutation(len(TYPES)).tolist():
        chosen[first] = None
        chosen[_LEAVES.index(TYPES[first][1].accessories[0])] = None
    return np.array(list(chosen)[:count], np.int64)


def _complements(
    rng: np.random.Generator, kinds: NDArray[np.int64], local: NDArray[np.int64]
) -> Ints:
    """Three intents of accessory types for each intent; of the next type when none is sold."""
    sold = {int(kind): place for place, kind in enumerate(kinds)}
    choices = np.zeros((len(kinds), _COMPLEMENTS), np.int64)
    for place, kind in enumerate(kinds):
        wanted = [_LEAVES.index(leaf) for leaf in TYPES[kind][1].accessories]
        found = [sold[leaf] for leaf in wanted if leaf in sold] or [(place + 1) % len(kinds)]
        choices[place] = np.resize(found, _COMPLEMENTS)
    accessory = choices[local]
    counts = np.bincount(local, minlength=len(kinds))[accessory]
    ordinal = (rng.random(accessory.shape) * counts).astype(np.int64)
    return np.asarray(accessory + len(kinds) * ordinal, np.int32)


def make_items(
    rng: np.random.Generator,
    intents: Intents,
    n_items: int,
    new_items: float,
    zipf: float,
    languages: tuple[int, ...],
) -> tuple[Ints, Floats, NDArray[np.bool_], ItemAttributes]:
    """Draw the items: their intent, popularity, whether they are new, and their attributes."""
    n_intents = len(intents.kind)
    weights = rng.lognormal(0.0, 0.5, n_intents)
    least = min(3, n_items // n_intents)
    sizes = least + rng.multinomial(n_items - least * n_intents, weights / weights.sum())
    intent = rng.permutation(np.repeat(np.arange(n_intents), sizes))
    grouped = np.argsort(intent, kind="stable")
    rank = np.empty(n_items, np.int64)
    rank[grouped] = np.arange(n_items) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # The best item of an intent is never new, so that every intent occurs in events.
    candidates = np.flatnonzero(rank > 0)
    is_new = np.zeros(n_items, bool)
    count = min(len(candidates), round(new_items * n_items))
    is_new[rng.choice(candidates, count, replace=False)] = True
    popularity = np.where(is_new, 0.0, (rank + 1.0) ** -zipf)
    popularity /= np.bincount(intent, popularity, minlength=n_intents)[intent]

    kind = intents.kind[intent]
    groups = {key: place for place, key in enumerate(dict.fromkeys(_SUBCATEGORIES))}
    subcategory = np.array([groups[key] for key in _SUBCATEGORIES])[kind]
    per_group = max(4, int(n_items**0.55) // len(groups))
    brand = subcategory * per_group + (per_group * rng.random(n_items) ** 2).astype(np.int64)
    shares = np.full(len(languages), 0.4 / max(1, len(languages) - 1))
    shares[0] = 1.0 - shares[1:].sum()
    language = np.array(languages)[rng.choice(len(languages), n_items, p=shares)]
    attributes = ItemAttributes(
        kind=kind,
        material=intents.material[intent],
        use=intents.use[intent],
        collection=intents.collection[intent],
        brand=brand.astype(np.int32),
        language=language.astype(np.int32),
        brands=invented_words(rng, per_group * len(groups), 2),
        collections=invented_words(rng, int(intents.collection.max()) + 1, 3),
    )
    return intent.astype(np.int32), popularity, is_new, attributes


def walk(
    rng: np.random.Generator,
    lengths: NDArray[np.int64],
    truth: Truth,
    neighbours: Ints,
    chances: tuple[float, float, float],
) -> Ints:
    """Walk all sessions at once; return their items, session after session.

    ``chances`` are those of a jump, a drift and an excursion before each event but the first.
    """
    jump, drift, excursion = np.cumsum(chances)
    starts = np.cumsum(lengths) - lengths
    longest_first = np.argsort(-lengths, kind="stable")
    starts, steps = starts[longest_first], -lengths[longest_first]
    items = np.empty(int(lengths.sum()), np.int32)
    draw = _ItemDraw(rng, truth)
    begin = partial(_by_weight, rng, np.cumsum(truth.intent_popularity))
    current = begin(len(lengths))
    seen = items[:0]
    for step in range(int(-steps[0])):
        active = int(np.searchsorted(steps, -step, side="left"))
        current, looked_at = current[:active], current[:active]
        if step > 0:
            chance = rng.random(active)
            moved = np.flatnonzero(chance < jump)
            current[moved] = begin(len(moved))
            moved = np.flatnonzero((chance >= jump) & (chance < drift))
            near = rng.integers(0, neighbours.shape[1], len(moved))
            current[moved] = neighbours[current[moved], near]
            moved = np.flatnonzero((chance >= drift) & (chance < excursion))
            looked_at = current.copy()
            which = rng.integers(0, truth.complements.shape[1], len(moved))
            looked_at[moved] = truth.complements[current[moved], which]
        drawn = draw(looked_at)
        if step > 0:
            again = np.flatnonzero(drawn == seen[:active])
            drawn[again] = draw(looked_at[again])
        items[starts[:active] + step] = drawn
        seen = drawn
    return items


def choose_staples(intents: Intents, intent: Ints, popularity: Floats) -> NDArray[np.bool_]:
    """Tell which items are staples: those that sell best, one of an intent."""
    best_first = np.argsort(-(intents.popularity[intent] * popularity), kind="stable")
    _, best = np.unique(intent[best_first], return_index=True)
    staple = np.zeros(len(intent), bool)
    staple[best_first[np.sort(best)[: max(2, round(_STAPLES * len(intent)))]]] = True
    return staple


def fill_baskets(
    rng: np.random.Generator, lengths: NDArray[np.int64], truth: Truth
) -> tuple[Ints, NDArray[np.int64]]:
    """Fill all baskets; return their items, each once a basket and in no order, and offsets.

    ``lengths`` are those before what is drawn twice is left out.
    """
    n, longest_first = len(lengths), np.argsort(-lengths, kind="stable")
    steps = -lengths[longest_first]
    draw, staples = _ItemDraw(rng, truth), np.flatnonzero(truth.is_staple)
    begin = partial(_by_weight, rng, np.cumsum(truth.intent_popularity))
    among = np.cumsum(1.0 / np.arange(1, len(staples) + 1))
    bought = np.concatenate([draw(begin(n)) for _ in range(_FAVOURITES)])
    favourites = bought.reshape(_FAVOURITES, n).T[: max(1, n // _BASKETS_EACH)]
    customer = rng.integers(0, len(favourites), n)
    current, items, basket = begin(n), [], []
    for step in range(int(-steps[0])):
        active = int(np.searchsorted(steps, -step, side="left"))
        current, wanted = current[:active], current[:active].copy()
        if step > 0:
            moved = np.flatnonzero(rng.random(active) < _NEXT)
            current[moved] = wanted[moved] = begin(len(moved))
            along = np.flatnonzero(rng.random(active) < _WITH)
            which = rng.integers(0, truth.complements.shape[1], len(along))
            wanted[along] = truth.complements[wanted[along], which]
        drawn, chance = draw(wanted), rng.random(active)
        often = np.flatnonzero(chance < _STAPLE)
        drawn[often] = staples[_by_weight(rng, among, len(often))]
        again = np.flatnonzero((chance >= _STAPLE) & (chance < _STAPLE + _AGAIN))
        drawn[again] = favourites[customer[again], rng.integers(0, _FAVOURITES, len(again))]
        items.append(drawn)
        basket.append(longest_first[:active])
    # Each once, and in no order.
    both = np.unique(np.concatenate(basket) * len(truth.intent) + np.concatenate(items))
    where, what = np.divmod(both, len(truth.intent))
    mixed = np.lexsort((rng.random(len(both)), where))
    offsets = np.searchsorted(where, np.arange(n + 1)).astype(np.int64)
    return what[mixed].astype(np.int32), offsets


def _by_weight(rng: np.random.Generator, until: Floats, count: int) -> NDArray[np.int64]:
    """Draw places by the weights whose running sum is given."""
    found = np.searchsorted(until, rng.random(count) * until[-1], side="right")
    return np.asarray(np.minimum(found, len(until) - 1), np.int64)


class _ItemDraw:
    """Items by popularity within their intent: one binary search in one running sum."""

    def __init__(self, rng: np.random.Generator, truth: Truth) -> None:
        self._rng = rng
        sold = np.flatnonzero(truth.popularity > 0)
        self._items = sold[np.argsort(truth.intent[sold], kind="stable")].astype(np.int32)
        counts = np.bincount(truth.intent[sold], minlength=truth.n_intents)
        self._last = np.cumsum(counts) - 1
        self._first = self._last - counts + 1
        self._until = np.cumsum(truth.popularity[self._items])

    def __call__(self, intents: NDArray[np.int64]) -> Ints:
        first, last = self._first[intents], self._last[intents]
        low = np.where(first > 0, self._until[first - 1], 0.0)
        height = low + self._rng.random(len(intents)) * (self._until[last] - low)
        found = np.searchsorted(self._until, height, side="right")
        return self._items[np.clip(found, first, last)]
