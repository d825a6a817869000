"""Baselines of other libraries: scikit-learn's TF-IDF, gensim's, implicit's and LightFM's models.

Owns their settings, which did best of a few on real sets or are chosen by events held
out of training, and the messages when a library is missing. Nothing of them is imported before it
is asked for.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.evaluation.sums import HeldOut
from likewise.evaluation.systems import VectorSystem, best_of_rows, blocks
from likewise.levels import JOIN, levels_of
from likewise.work.machine import blas_threads, usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from likewise.items import History, Items

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["TfIdf", "gensim_fasttext", "gensim_word2vec", "implicit_als", "lightfm_hybrid"]

_DIM = 100
_ALS = tuple(product((64, 128), (10.0, 40.0), (0.01, 10.0)))  # factors, alpha, regularization
_LIGHTFM = (10, 20, 40)  # epochs after which LightFM is looked at


class TfIdf:
    """Items by the cosine of their texts: words and 3-5-grams of category and name, sparse.

    Sub-linear counts times inverse document frequency, n-grams that occur in two items or more,
    the 200,000 most frequent of them; words and n-grams are of equal weight.

    Parameters
    ----------
    catalogue : Catalogue

    Raises
    ------
    ImportError
        When scikit-learn is not installed.

    Examples
    --------
    >>> TfIdf(catalogue).lists([5], k=10)  # doctest: +SKIP
    """

    name = "TF-IDF"

    def __init__(self, catalogue: Items) -> None:
        try:
            from scipy.sparse import csr_matrix, hstack
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError as error:
            raise ImportError(
                "the baseline tf-idf needs scikit-learn: pip install 'likewise[baselines]'"
            ) from error
        texts = [f"{' '.join(levels_of(category))} {name or ''}" for _, category, name in catalogue]
        parts = []
        for settings in (
            {"analyzer": "char_wb", "ngram_range": (3, 5), "min_df": 2, "max_features": 200_000},
            {"analyzer": "word"},
        ):
            try:
                made = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **settings)
                parts.append(made.fit_transform(texts))
            except ValueError:  # no text has any: "empty vocabulary", or no term is left
                parts.append(csr_matrix((len(texts), 1), dtype=np.float32))
        self._texts: Any = hstack(parts).tocsr()
        self._empty: Mask = np.diff(self._texts.indptr) == 0

    def ranks(self, queries: Ints, targets: Ints, allowed: Mask | None = None) -> Longs:
        """Rank of each target by cosine: 0 is the best; of equal scores the target comes first.

        Parameters
        ----------
        queries, targets : int32 (n,)
            The pairs.
        allowed : bool (n_items,), optional
            Items that may be answers; all by default.

        Returns
        -------
        int64 (n,)
            ``n_items`` for a target that shares no word or n-gram with the query.
        """
        n_items = self._texts.shape[0]
        ranks = np.full(len(queries), n_items, np.int64)
        for begin, end in blocks(len(queries), n_items):
            scores = self._scores(queries[begin:end], allowed)
            reached = scores[np.arange(end - begin), targets[begin:end]]
            better = np.count_nonzero(scores > reached[:, None], axis=1)
            ranks[begin:end] = np.where(reached > 0, better, n_items)
        return ranks

    def lists(self, queries: Ints, k: int, allowed: Mask | None = None) -> Ints:
        """Return positions of the nearest items, int32 (n, k), missing places -1."""
        queries = np.asarray(queries)
        n_items = self._texts.shape[0]
        found = np.full((len(queries), k), -1, np.int32)
        width = min(k, n_items)
        for begin, end in blocks(len(queries), n_items):
            scores = self._scores(queries[begin:end], allowed)
            best, reached = best_of_rows(scores, width)
            found[begin:end, :width] = np.where(reached > 0, best, -1)
        return found

    def _scores(self, queries: Ints, allowed: Mask | None) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (self._texts[queries] @ self._texts.T).toarray()
        scores[np.arange(len(queries)), queries] = -9
        if allowed is not None:
            scores[:, ~allowed] = -9
        return scores


def gensim_word2vec(sessions: History, *, threads: int = 0, seed: int = 1) -> list[VectorSystem]:
    """Train gensim's Word2Vec on item ids; center-center and center-context.

    Skip-gram, 50 epochs, window 5, 5 negatives drawn evenly, no sub-sampling: the best on real sets
    of those tried, far better than gensim's own settings.

    Raises
    ------
    ImportError
        When gensim is not installed.
    """
    word2vec = _imported("word2vec", "gensim.models.word2vec", "gensim").Word2Vec
    model = word2vec(
        _Tokens(sessions, None), vector_size=_DIM, window=5, negative=5, sg=1, min_count=1,
        sample=0, epochs=50, ns_exponent=0.0, workers=threads or usable_cores(), seed=seed,
    )  # fmt: skip
    shape = len(sessions.catalogue), _DIM
    center, context = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    at = np.array([int(token) for token in model.wv.index_to_key], np.int64)
    center[at], context[at] = model.wv.vectors, model.syn1neg
    return [
        VectorSystem("gensim Word2Vec center-center", center),
        VectorSystem("gensim Word2Vec center-context", center, context),
    ]


def gensim_fasttext(sessions: History, *, threads: int = 0, seed: int = 1) -> VectorSystem:
    """Train gensim's FastText, an item being one word made of its category and name.

    Skip-gram, 5 epochs, window 5, 3-6-grams in 200,000 buckets. It composes vectors of items
    without history from n-grams. Raises as `gensim_word2vec` does.
    """
    fasttext = _imported("fasttext", "gensim.models.fasttext", "gensim").FastText
    catalogue = sessions.catalogue
    words = [
        "_".join(f"{' '.join(levels_of(category))}_{name or ''}".lower().split())
        for _, category, name in catalogue
    ]
    model = fasttext(
        _Tokens(sessions, words), vector_size=_DIM, window=5, negative=5, sg=1, min_count=1,
        sample=0, epochs=5, bucket=200_000, workers=threads or usable_cores(), seed=seed,
    )  # fmt: skip
    vectors = np.zeros((len(catalogue), _DIM), np.float32)
    for position, word in enumerate(words):
        if word.strip("_"):
            vectors[position] = model.wv[word]
    return VectorSystem("gensim FastText", vectors)


def implicit_als(
    sessions: History, *, threads: int = 0, seed: int = 1, k: int = 20
) -> VectorSystem:
    """Factorise the table of sessions and items by implicit's ALS; cosine of item factors.

    The number of factors, alpha, which is the weight of an event, and the regularization are
    chosen by events held out of the sessions; 15 iterations.

    Raises
    ------
    ImportError
        When implicit is not installed.
    """
    als = _imported("als", "implicit.als", "implicit").AlternatingLeastSquares

    def made(
        history: History | HeldOut, factors: int, alpha: float, regularization: float
    ) -> VectorSystem:
        with blas_threads(1):  # it has threads of its own, and warns of those of others
            model = als(
                factors=factors, alpha=alpha, regularization=regularization, iterations=15,
                use_gpu=False, num_threads=threads or usable_cores(), random_state=seed,
            )  # fmt: skip
            model.fit(_table(history), show_progress=False)
        vectors = np.array(model.item_factors, np.float32)
        vectors[np.bincount(history.items, minlength=len(vectors)) == 0] = 0
        name = f"ALS ({factors}, alpha {alpha:g}, reg {regularization:g})"
        return VectorSystem(name, vectors)

    held = HeldOut(sessions, k, seed)
    best = _ALS[0]
    if len(held.queries):
        best = max(_ALS, key=lambda settings: held.hit_rate(made(held, *settings)))
    return made(sessions, *best)


def lightfm_hybrid(
    sessions: History, *, threads: int = 0, seed: int = 1, k: int = 20
) -> VectorSystem:
    """Train LightFM with WARP, an item being its words, category levels and id; cosine of items.

    64 dimensions; the number of epochs is chosen by events held out of the sessions. It composes
    vectors of items without history from words and categories. Raises as `implicit_als` does.
    """
    lightfm = _imported("lightfm", "lightfm", "lightfm-next").LightFM
    features = _item_features(sessions.catalogue)

    def made(history: History | HeldOut) -> Iterator[VectorSystem]:
        model, table, done = lightfm(no_components=64, loss="warp", random_state=seed), None, 0
        for epochs in _LIGHTFM:
            table = _table(history).tocoo() if table is None else table
            model.fit_partial(
                table, item_features=features, epochs=epochs - done,
                num_threads=threads or usable_cores(),
            )  # fmt: skip
            done = epochs
            _, vectors = model.get_item_representations(features)
            name = f"LightFM ({epochs} epochs)"
            yield VectorSystem(name, np.array(vectors, np.float32))

    held = HeldOut(sessions, k, seed)
    rates = [held.hit_rate(system) for system in made(held)] if len(held.queries) else [0.0]
    best = int(np.argmax(rates))
    return next(system for number, system in enumerate(made(sessions)) if number == best)


def _table(history: History | HeldOut) -> Any:
    """Events of sessions and items, a sparse float32 matrix (n_sessions, n_items)."""
    from scipy.sparse import csr_matrix

    items, offsets = history.items.copy(), history.offsets.copy()  # both are sorted in place
    shape = len(offsets) - 1, len(history.catalogue)
    table = csr_matrix((np.ones(len(items), np.float32), items, offsets), shape=shape)
    table.sum_duplicates()
    return table


def _item_features(catalogue: Items) -> Any:
    """Ids, words and category levels of items, a sparse matrix whose rows sum to 1."""
    from scipy.sparse import csr_matrix

    numbers: dict[str, int] = {}
    columns, offsets = [], [0]
    for position, (_, category, name) in enumerate(catalogue):
        levels = levels_of(category)
        below = [JOIN.join(levels[: depth + 1]) for depth in range(len(levels))]
        words = {f"word {word}" for word in (name or "").lower().split()}
        for feature in sorted(words) + [f"category {path}" for path in below]:
            columns.append(len(catalogue) + numbers.setdefault(feature, len(numbers)))
        columns.append(position)
        offsets.append(len(columns))
    lengths = np.diff(offsets)
    weights = np.repeat(1 / lengths, lengths).astype(np.float32)
    return csr_matrix((weights, columns, offsets), (len(catalogue), len(catalogue) + len(numbers)))


class _Tokens:
    """Sessions as gensim reads them: lists of words, made as they are asked for."""

    def __init__(self, sessions: History, words: list[str] | None) -> None:
        self.sessions = sessions
        self.words = [str(i) for i in range(len(sessions.catalogue))] if words is None else words

    def __iter__(self) -> Iterator[list[str]]:
        words = self.words
        for session in self.sessions:
            yield [words[item] for item in session.tolist()]


def _imported(name: str, module: str, library: str) -> Any:
    try:
        from importlib import import_module

        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"the baseline {name} needs {library}: pip install 'likewise[baselines]'"
        ) from error
