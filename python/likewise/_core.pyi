"""The compiled core of likewise, function by function. Private: use the likewise package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# options
def option_defaults() -> dict[str, Any]: ...
def check_options(options: dict[str, Any]) -> None: ...

# features
unicode_version: str

def recipe_defaults() -> dict[str, int]: ...
def check_recipe(recipe: dict[str, int]) -> None: ...
def build_features(
    category_offsets: NDArray[np.int64],
    category_bytes: NDArray[np.uint8],
    name_offsets: NDArray[np.int64],
    name_bytes: NDArray[np.uint8],
    recipe: dict[str, int],
    threads: int,
) -> dict[str, Any]: ...
def keep_kinds(
    item_offsets: NDArray[np.int64],
    item_tokens: NDArray[np.int32],
    item_kinds: NDArray[np.uint8],
    token_hashes: NDArray[np.uint64],
    token_namespaces: NDArray[np.uint8],
    ngram_offsets: NDArray[np.int64],
    ngram_rows: NDArray[np.int32],
    kinds: int,
) -> dict[str, Any]: ...
def tokens_of(
    category: str | bytes, name: str | bytes, recipe: dict[str, int]
) -> list[tuple[int, str, int]]: ...
def character_ngrams(word: str | bytes, recipe: dict[str, int]) -> list[tuple[str, int]]: ...
def normalise(text: str | bytes) -> str: ...
def without_markup(text: str | bytes) -> str: ...
def hash64(data: bytes, seed: int) -> int: ...
def code_point_classes() -> NDArray[np.uint8]: ...

# composer
def compose_tokens(
    hashes: NDArray[np.uint64],
    ngram_offsets: NDArray[np.int64],
    ngram_rows: NDArray[np.int32],
    known_hashes: NDArray[np.uint64],
    tokens: NDArray[np.float32],
    ngrams: NDArray[np.float32],
    threads: int = 0,
) -> NDArray[np.float32]: ...
def compose_items(
    item_offsets: NDArray[np.int64],
    item_tokens: NDArray[np.int32],
    item_weights: NDArray[np.float32],
    token_vectors: NDArray[np.float32],
    threads: int = 0,
) -> NDArray[np.float32]: ...

# retrieval
def unit_rows(
    vectors: NDArray[np.float32], normalise: bool = True
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]: ...
def top_k(
    candidates: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    allowed: NDArray[np.uint8] | None = None,
    exclude: NDArray[np.int32] | None = None,
    excluded: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
    same: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None,
    different: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]] = (),
    threads: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...
def add_listed(
    candidates: NDArray[np.float32],
    queries: NDArray[np.float32],
    positions: NDArray[np.int32],
    scores: NDArray[np.float32],
    listed: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], float],
    allowed: NDArray[np.uint8] | None = None,
    exclude: NDArray[np.int32] | None = None,
    excluded: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
    same: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None,
    different: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]] = (),
    threads: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...
def listed_lifts(
    candidates: NDArray[np.float32],
    queries: NDArray[np.float32],
    listed: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], float],
    threads: int = 0,
) -> NDArray[np.float32]: ...

class Partition:
    def __init__(
        self,
        vectors: NDArray[np.float32],
        usable: NDArray[np.uint8] | None,
        wanted: int,
        threads: int = 0,
    ) -> None: ...
    def subset(self, allowed: NDArray[np.uint8], threads: int = 0) -> Partition: ...
    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        exclude: NDArray[np.int32] | None = None,
        excluded: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
        same: tuple[NDArray[np.int32], NDArray[np.int32]] | None = None,
        different: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]] = (),
        reach: float = 1.0,
        alone: bool = False,
        threads: int = 0,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...
    @property
    def labels(self) -> NDArray[np.int32]: ...
    @property
    def centers(self) -> NDArray[np.float32]: ...
    @property
    def radii(self) -> NDArray[np.float32]: ...

# score
def find_co_occurrence(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    counts: NDArray[np.int64],
    runs: NDArray[np.int64],
    most_items: int,
    least: int,
    columns: int,
    doubt: float,
    longest: float,
    seed: int,
    threads: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...
def count_pairs(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    n_items: int,
    rows: NDArray[np.int32] | None = None,
    window: int = 10,
    decay: bool = True,
    backwards: float = 0.75,
    length_power: float = 0.5,
    most: int = 50,
    occurrences: int = 4096,
    threads: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]: ...
def best_products(
    first: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    second: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    n_columns: int,
    most: int,
    threads: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]: ...
def item_vectors(
    out: NDArray[np.float32],
    rows: NDArray[np.int64],
    popularity: NDArray[np.float32] | None,
    learned: dict[str, Any],
    co_occurrence: dict[str, Any] | None = None,
    text: dict[str, Any] | None = None,
    threads: int = 0,
) -> NDArray[np.uint8]: ...
def usable_rows(vectors: NDArray[np.float32], threads: int = 0) -> NDArray[np.uint8]: ...

# tables
def read_rows(
    block: bytes,
    final: bool,
    line: int,
    delimiter: int,
    quote: int,
    escape: int,
    slots: NDArray[np.int32],
    n_columns: int,
) -> dict[str, Any]: ...
def read_moments(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], missing: NDArray[np.bool_], ticks: int
) -> tuple[NDArray[np.int64], int, bool]: ...

# checksums
def hash_pieces(data: NDArray[np.uint8], size: int, threads: int = 0) -> NDArray[np.uint64]: ...

# kernels
def kernels() -> str: ...
def supported_kernels() -> list[str]: ...

# training
class Diverged(ArithmeticError): ...  # noqa: N818

def train(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    counts: NDArray[np.int64],
    features: dict[str, NDArray[Any]] | None,
    buckets: int,
    options: dict[str, Any],
    on_progress: Callable[[dict[str, Any]], None] | None,
    order: str,
) -> dict[str, Any]: ...
def row_floats(dim: int) -> int: ...
def set_default_threads(threads: int) -> None: ...
def trim_allocator() -> None: ...
def engine_constants() -> dict[str, float]: ...
