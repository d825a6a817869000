"""Features: the tokens of every item of a catalogue, read off its category and name.

The recipe says how. Version 2, in short (``csrc/core/text``: ``markup.h``, ``item_text.h`` and
``words.h`` have every rule):

- HTML goes first. ``&eacute;``, ``&#233;`` and their like are the characters that they stand for,
  also when they were escaped twice (``&amp;eacute;``); tags such as ``<b>`` vanish, those such as
  ``<br>`` and ``<li>`` leave a blank. ``R&D``, ``a < b`` and ``<Blue>`` stay as they are.
- Text is folded: Unicode NFKC and case folding; digits of every script become 0-9, dotless and
  dotted i are one letter, Greek and Arabic lose the marks that capitals and careless typing lose
  too, invisible characters and trade mark signs go.
- A category is cut at ``>`` into levels. Each prefix of levels is a token: ``toys``,
  ``toys > dogs``. It may hold several such paths, each on a line of its own: the first is the
  item's path, those of the others are its tokens as well.
- Words are runs of letters, digits and marks: ``iphone 13 pro``, ``2x500ml``, ``0.5``; an
  apostrophe joins (``women's`` is ``womens``) or, before two and more Latin letters, separates
  (``d'olive`` is ``d olive``). Chinese characters count alone and in pairs, kana in runs, Thai and
  its like three letters at a time; each emoji is a word.
- An item has, in this order and each once: its category paths, the words of its name, runs of up
  to ``word_ngrams`` words of its name, and the words of its category that its name does not have.
- A token is known by the XXH64 hash of its UTF-8 text; the seed is 0 for paths, 1 for words, 2 for
  runs of words, 3 for character n-grams.
- Words have character n-grams: of ``<word>``, of ``min_n`` to ``max_n`` code points, each once,
  without ``<word>`` itself, from its first 64 code points. The row of an n-gram is
  ``(hash >> 32) * buckets >> 32``.

Version 1, which models of before have, takes HTML for text and a line break for a blank; text
without ``&``, ``<`` and line breaks is the same in both.

The same text gives the same tokens and rows on every machine. The recipe is stored with a model and
never changes: another one gets another version.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import likewise._core as _core

__all__ = ["Features", "Kind", "Recipe", "TextCatalogue", "character_ngrams", "tokens_of"]


class Kind(IntEnum):
    """What a token is to an item. A word of both name and category is the name's."""

    CATEGORY = 0
    NAME_WORD = 1
    NAME_NGRAM = 2
    CATEGORY_WORD = 3


class TextCatalogue(Protocol):
    """What features need of a catalogue."""

    @property
    def categories(self) -> pa.LargeStringArray:
        """One string per item, null when there is none."""

    @property
    def names(self) -> pa.LargeStringArray:
        """One string per item, null when there is none."""

    def text_buffers(self, *, first_path: bool = False) -> dict[str, NDArray[Any]]:
        """Offsets (n_items + 1,) int64 and bytes uint8 of categories and names."""

    def __len__(self) -> int:
        """Return the number of items."""


class TextOptions(Protocol):
    """What features need of training options; see `likewise.Options`."""

    @property
    def min_n(self) -> int:
        """Shortest character n-gram."""

    @property
    def max_n(self) -> int:
        """Longest character n-gram."""

    @property
    def word_ngrams(self) -> int:
        """Longest run of words."""

    @property
    def buckets(self) -> int:
        """Rows that n-grams are hashed to."""


@dataclass(frozen=True)
class Recipe:
    """The numbers of the feature recipe, checked on creation.

    Attributes
    ----------
    min_n, max_n : int
        Shortest and longest character n-gram of a word, in code points; both 0 for none.
    word_ngrams : int
        Longest run of words of the name that is a token; 1 is words alone.
    buckets : int
        Rows that character n-grams are hashed to. 0 lets `Features.encode` choose: the power of
        two that is at least half the number of distinct n-grams, from 2**10 to 2**21.
    version : int
        Of the rules. This release reads versions 1 and 2, and trains with 2.

    Raises
    ------
    ValueError
        When a number is out of range or the version is unknown; the message names it.

    Examples
    --------
    >>> Recipe(max_n=5).to_dict()
    {'min_n': 3, 'max_n': 5, 'word_ngrams': 1, 'buckets': 0, 'version': 2}
    """

    min_n: int = 3
    max_n: int = 6
    word_ngrams: int = 1
    buckets: int = 0
    version: int = 2

    def __post_init__(self) -> None:
        """Check every number by the core's own check."""
        _core.check_recipe(asdict(self))

    def to_dict(self) -> dict[str, int]:
        """Return a plain dict, in the order of declaration."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Make a recipe from a dict that has every number and nothing else.

        Raises
        ------
        ValueError
            Naming what is missing, unknown or of a version that this release does not read.
        """
        if values.get("version", 1) not in (1, 2):  # first: another version may have other numbers
            raise ValueError(
                f"recipe version must be 1 or 2, which this release reads, "
                f"got {values['version']!r}"
            )
        known = {field.name for field in fields(cls)}
        for name in sorted(known ^ set(values)):
            raise ValueError(f"recipe {'lacks' if name in known else 'has an unknown'} {name}")
        return cls(**values)

    @classmethod
    def from_options(cls, options: TextOptions) -> Recipe:
        """Return the recipe that training options ask for."""
        return cls(
            min_n=options.min_n,
            max_n=options.max_n,
            word_ngrams=options.word_ngrams,
            buckets=options.buckets,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """Tokens of every item, as flat arrays; made by `Features.encode`.

    Attributes
    ----------
    item_offsets : (n_items + 1,) int64
        Item i has the entries ``item_offsets[i]`` to ``item_offsets[i + 1]`` of the next two.
    item_tokens : (n_entries,) int32
        Token numbers, each once per item, ordered by kind and then by place in the text.
    item_kinds : (n_entries,) uint8
        `Kind` of each entry.
    token_hashes : (n_tokens,) uint64
        Distinct, by first appearance: item by item, its category's tokens before its name's.
    token_namespaces : (n_tokens,) uint8
        0 category path, 1 word, 2 run of words.
    ngram_offsets : (n_tokens + 1,) int64
        Token t has the rows ``ngram_offsets[t]`` to ``ngram_offsets[t + 1]`` of the next.
    ngram_rows : (n_rows,) int32
        Rows of a word's character n-grams, in [0, recipe.buckets); other tokens have none.
    recipe : Recipe
        With the number of buckets that was used.
    """

    item_offsets: NDArray[np.int64]
    item_tokens: NDArray[np.int32]
    item_kinds: NDArray[np.uint8]
    token_hashes: NDArray[np.uint64]
    token_namespaces: NDArray[np.uint8]
    ngram_offsets: NDArray[np.int64]
    ngram_rows: NDArray[np.int32]
    recipe: Recipe

    @classmethod
    def encode(
        cls, catalogue: TextCatalogue, recipe: Recipe | None = None, threads: int = 0
    ) -> Features:
        """Read the features of every item of a catalogue.

        Parameters
        ----------
        catalogue : Catalogue
            Or anything with `text_buffers`. Null strings are empty; bytes that are not UTF-8
            separate words.
        recipe : Recipe, optional
            The default one when left out.
        threads : int
            Workers; 0 takes the cores there are. The result does not depend on it.

        Returns
        -------
        Features

        Raises
        ------
        ValueError
            When threads is below 0 or the buffers make no sense.

        Examples
        --------
        >>> from likewise.tables.catalogue import Catalogue
        >>> catalogue = Catalogue.read([{"item_id": "a", "category": "Toys > Dogs",
        ...                              "name": "Red ball"}])
        >>> Features.encode(catalogue).item_kinds
        array([0, 0, 1, 1, 3, 3], dtype=uint8)
        """
        recipe = Recipe() if recipe is None else recipe
        if threads < 0:
            raise ValueError(f"threads must be at least 0, got {threads}")
        built = _core.build_features(
            **_buffers(catalogue, recipe), recipe=recipe.to_dict(), threads=threads
        )
        return cls(recipe=replace(recipe, buckets=built.pop("buckets")), **built)

    @property
    def n_items(self) -> int:
        """Items."""
        return len(self.item_offsets) - 1

    @property
    def n_tokens(self) -> int:
        """Distinct tokens."""
        return len(self.token_hashes)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays together."""
        arrays = (getattr(self, field.name) for field in fields(self))
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))

    def token_text(self, catalogue: TextCatalogue, item: int) -> list[tuple[Kind, str]]:
        """Return the tokens of one item as text, in the order of its entries.

        Parameters
        ----------
        catalogue : Catalogue
            The one that was encoded: texts are not kept here.
        item : int
            Position in the catalogue.
        """
        if not 0 <= item < self.n_items:
            raise IndexError(f"item must be between 0 and {self.n_items - 1}, got {item}")
        if len(catalogue) != self.n_items:
            raise ValueError(
                f"catalogue must be the encoded one of {self.n_items} items, got {len(catalogue)}"
            )
        buffers = _buffers(catalogue, self.recipe)
        texts = []
        for column in ("category", "name"):
            start, stop = buffers[f"{column}_offsets"][item : item + 2]
            texts.append(buffers[f"{column}_bytes"][start:stop].tobytes())
        listed = _core.tokens_of(texts[0], texts[1], self.recipe.to_dict())
        return [(Kind(kind), text) for kind, text, _ in listed]

    def __repr__(self) -> str:
        return (
            f"Features({self.n_items} items, {self.n_tokens} tokens, {len(self.item_tokens)} "
            f"entries, {self.recipe.buckets} buckets, {self.nbytes / 1e6:.1f} MB)"
        )


def _buffers(catalogue: TextCatalogue, recipe: Recipe) -> dict[str, NDArray[Any]]:
    # Version 1 knows no second path, and would take all of them for one.
    if recipe.version == 1 and getattr(catalogue, "has_several_paths", False):
        return catalogue.text_buffers(first_path=True)
    return catalogue.text_buffers()


def tokens_of(
    category: str | None, name: str | None, recipe: Recipe | None = None
) -> list[tuple[Kind, str, int]]:
    """List the tokens of one item: kind, text and 64-bit hash.

    Parameters
    ----------
    category, name : str or None
        None is empty.
    recipe : Recipe, optional
        The default one when left out.

    Examples
    --------
    >>> [text for kind, text, hash in tokens_of("Toys > Dogs", "Ball for dogs, 2x50g")]
    ['toys', 'toys > dogs', 'ball', 'for', 'dogs', '2x50g', 'toys']
    """
    recipe = Recipe() if recipe is None else recipe
    # Lone surrogates, which no UTF-8 can hold, arrive as bad bytes and separate words.
    texts = [(text or "").encode("utf-8", "surrogatepass") for text in (category, name)]
    listed = _core.tokens_of(texts[0], texts[1], recipe.to_dict())
    return [(Kind(kind), text, hash64) for kind, text, hash64 in listed]


def character_ngrams(word: str, recipe: Recipe | None = None) -> list[tuple[str, int]]:
    """List the character n-grams of a normalised word, each with its 64-bit hash.

    Examples
    --------
    >>> [text for text, hash in character_ngrams("dog", Recipe(min_n=3, max_n=4))]
    ['<do', '<dog', 'dog', 'dog>', 'og>']
    """
    recipe = Recipe() if recipe is None else recipe
    return _core.character_ngrams(word, recipe.to_dict())
