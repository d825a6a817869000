"""Names and categories of the simulated shop, composed column by column.

Owns how an item's attributes turn into text: which words are shown, in which order and language.
Knows nothing about sessions. Used by ``simulate`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from likewise.levels import JOIN
from likewise.simulation.words import COLOURS, DEPARTMENTS, LANGUAGES, NOISE, ProductType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int32]

__all__ = ["TYPES", "ItemAttributes", "category_paths", "invented_words", "item_names"]

# (department position, product type) in the order of the category tree
TYPES: tuple[tuple[int, ProductType], ...] = tuple(
    (place, kind) for place, department in enumerate(DEPARTMENTS) for kind in department.types
)

# How often an item's name shows each of its attributes.
_SHOWN = {
    "type": 0.93,
    "material": 0.8,
    "use": 0.7,
    "collection": 0.85,
    "brand": 0.85,
    "colour": 0.4,
    "size": 0.5,
    "noise": 0.45,
    "code": 0.3,
}
_ORDERS = (
    ("brand", "collection", "material", "type", "use", "colour", "size", "code", "noise"),
    ("type", "material", "use", "brand", "collection", "size", "colour", "noise", "code"),
    ("noise", "brand", "code", "colour", "material", "type", "collection", "use", "size"),
)
_PADDING_WORDS = 4000
# The sounds that invented words are made of
_FIRST = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io")
_LAST = ("", "", "n", "r", "x", "l")


@dataclass(frozen=True)
class ItemAttributes:
    """What the names are composed from, one entry per item.

    Attributes
    ----------
    kind, material, use : int32 (n_items,)
        Position in ``TYPES``, and in the materials and uses of its department.
    collection : int32 (n_items,)
        Position in ``collections``, or -1 for none.
    brand : int32 (n_items,)
        Position in ``brands``.
    language : int32 (n_items,)
        Position in ``LANGUAGES``.
    brands, collections : list of str
        Invented words.
    """

    kind: Ints
    material: Ints
    use: Ints
    collection: Ints
    brand: Ints
    language: Ints
    brands: list[str]
    collections: list[str]


def invented_words(rng: np.random.Generator, count: int, syllables: int) -> list[str]:
    """Return ``count`` distinct lower-case words that mean nothing, such as ``"velora"``."""
    first = np.array(_FIRST)
    vowels = np.array(_VOWELS)
    last = np.array(_LAST)
    found: dict[str, None] = {}
    while len(found) < count:
        size = count - len(found) + 16
        words = np.full(size, "", dtype="U32")
        for _ in range(syllables):
            for letters in (first, vowels):
                words = np.char.add(words, letters[rng.integers(0, len(letters), size)])
        words = np.char.add(words, last[rng.integers(0, len(last), size)])
        found.update(dict.fromkeys(words.tolist()))
        if len(found) < count and size > 4 * count:  # pragma: no cover
            syllables += 1
    return list(found)[:count]


def category_paths(rng: np.random.Generator, kind: Ints) -> pa.Array:
    """Category path of each item: a quarter lack the leaf level, one in a hundred is null."""
    full = []
    for place, product in TYPES:
        upper = [DEPARTMENTS[place].name, product.subcategory]
        full += [JOIN.join(upper), JOIN.join([*upper, product.leaf])]
    draw = rng.random(len(kind))
    return pc.take(pa.array(full), pa.array(2 * kind + (draw >= 0.26), mask=draw < 0.01))


def item_names(rng: np.random.Generator, items: ItemAttributes, name_words: int) -> pa.Array:
    """Compose the names, in three word orders, at least ``name_words`` words long."""
    n = len(items.kind)
    slots = _slots(rng, items)
    padding: list[pa.Array] = []
    if name_words > 0:
        short = name_words - sum((_word_count(slot) for slot in slots.values()), np.zeros(n, int))
        words = pa.array(invented_words(rng, _PADDING_WORDS, 3))
        for place in range(max(0, int(short.max(initial=0)))):
            drawn = (_PADDING_WORDS * rng.random(n) ** 3).astype(np.int32)
            padding.append(pc.take(words, pa.array(drawn, mask=short <= place)))
    order = rng.integers(0, len(_ORDERS), n)
    pieces, members = [], []
    for which, keys in enumerate(_ORDERS):
        chosen = np.flatnonzero(order == which)
        shown = [slots[key] for key in keys] + padding
        columns = [pc.take(column, pa.array(chosen)) for column in shown]
        names = pc.binary_join_element_wise(*columns, " ", null_handling="skip")
        pieces.append(pc.utf8_title(names) if which == 1 else names)
        members.append(chosen)
    back = np.empty(n, np.int64)
    back[np.concatenate(members)] = np.arange(n)
    return pc.take(pa.concat_arrays(pieces), pa.array(back))


def _word_count(column: pa.Array) -> NDArray[np.int64]:
    """Words of each entry, 0 for null."""
    blanks = pc.count_substring(column, " ").fill_null(-1)
    return np.asarray(blanks.to_numpy(zero_copy_only=False), np.int64) + 1


def _slots(rng: np.random.Generator, items: ItemAttributes) -> dict[str, pa.Array]:
    """One nullable string column per attribute; null where the name does not show it."""
    n, languages = len(items.kind), len(LANGUAGES)
    place = np.array([department for department, _ in TYPES], np.int32)[items.kind]

    def column(key: str, words: Sequence[str], index: NDArray[Any], absent: Any = False) -> None:
        hidden = (rng.random(n) >= _SHOWN[key]) | absent
        slots[key] = pc.take(pa.array(words), pa.array(index, mask=hidden))

    def translated(key: str, entries: Sequence[Sequence[str]], index: NDArray[Any]) -> None:
        words = [word for entry in entries for word in entry]
        column(key, words, languages * index + items.language)

    slots: dict[str, pa.Array] = {}
    translated("type", [kind.words for _, kind in TYPES], items.kind)
    materials = [entry for department in DEPARTMENTS for entry in department.materials]
    translated("material", materials, _stacked("materials")[place] + items.material)
    uses = [entry for department in DEPARTMENTS for entry in department.uses]
    translated("use", uses, _stacked("uses")[place] + items.use)
    translated("colour", COLOURS, rng.integers(0, len(COLOURS), n))
    column("brand", [word.title() for word in items.brands], items.brand)
    collections = [word.title() for word in items.collections] or [""]
    column("collection", collections, np.maximum(items.collection, 0), items.collection < 0)
    sizes = [size for department in DEPARTMENTS for size in department.sizes]
    counts = np.array([len(department.sizes) for department in DEPARTMENTS])
    chosen = (rng.random(n) * counts[place]).astype(np.int32)
    column("size", sizes, _stacked("sizes")[place] + chosen)
    noise = [words.split("; ") for words in NOISE]
    each = np.array([len(words) for words in noise])
    starts = np.cumsum(each) - each
    chosen = (rng.random(n) * each[items.language]).astype(np.int32)
    column("noise", [word for words in noise for word in words], starts[items.language] + chosen)
    slots["code"] = _model_codes(rng, n)
    # Every name shows something: joining a row of nulls alone drops the row in Arrow.
    bare = np.all([pc.is_null(slot).to_numpy(zero_copy_only=False) for slot in slots.values()], 0)
    words = pa.array([word for _, kind in TYPES for word in kind.words])
    always = pc.take(words, pa.array(languages * items.kind + items.language))
    slots["type"] = pc.if_else(pa.array(bare), always, slots["type"])
    return slots


def _stacked(field: str) -> NDArray[np.int64]:
    """Where each department's entries start when all departments' are put in one list."""
    counts = np.array([len(getattr(department, field)) for department in DEPARTMENTS])
    return np.asarray(np.cumsum(counts) - counts, np.int64)


def _model_codes(rng: np.random.Generator, n: int) -> pa.Array:
    """Codes such as ``"XK-4120"``: tokens nearly all items have for themselves."""
    letters = [chr(65 + a) + chr(65 + b) for a in range(26) for b in range(26)]
    hidden = rng.random(n) >= _SHOWN["code"]
    prefix = pc.take(pa.array(letters), pa.array(rng.integers(0, len(letters), n), mask=hidden))
    number = pc.cast(pa.array(rng.integers(100, 9999, n)), pa.string())
    return pc.binary_join_element_wise(prefix, number, "-")
