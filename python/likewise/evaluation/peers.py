"""Baselines of other libraries: TF-IDF by scikit-learn, Word2Vec and FastText by gensim.

Owns their settings, which are those that did best of a few on real sets, and the messages when a
library is missing. Nothing of them is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.evaluation.systems import VectorSystem, blocks
from likewise.levels import levels_of
from likewise.work.machine import usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from likewise.items import History, Items

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["TfIdf", "gensim_fasttext", "gensim_word2vec"]

_DIM = 100


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
            best = np.argpartition(scores, n_items - width, axis=1)[:, n_items - width :]
            reached = np.take_along_axis(scores, best, axis=1)
            order = np.lexsort((best, -reached), axis=1)
            best = np.take_along_axis(best, order, axis=1)
            reached = np.take_along_axis(reached, order, axis=1)
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
    word2vec = _gensim("word2vec").Word2Vec
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
    fasttext = _gensim("fasttext").FastText
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


class _Tokens:
    """Sessions as gensim reads them: lists of words, made as they are asked for."""

    def __init__(self, sessions: History, words: list[str] | None) -> None:
        self.sessions = sessions
        self.words = [str(i) for i in range(len(sessions.catalogue))] if words is None else words

    def __iter__(self) -> Iterator[list[str]]:
        words = self.words
        for session in self.sessions:
            yield [words[item] for item in session.tolist()]


def _gensim(module: str) -> Any:
    try:
        from importlib import import_module

        return import_module(f"gensim.models.{module}")
    except ImportError as error:
        raise ImportError(
            f"the baseline {module} needs gensim: pip install 'likewise[baselines]'"
        ) from error
