"""The blend: what `similar` scores with, as one inner product of a query and an answer vector.

Owns the formula and its weights. With c and o an item's center and context vector of length 1, f
its company (score/co_occurrence.py), t its text (score/text.py) of length 1, l its popularity, b = .5 + .75 l
the trust in its context and u how strange it is: 0 for an item of training, else the share of its
tokens that training never saw, but no more than its center vector, as composed, is shorter than
usual: a word with a mistake in it is unknown, and yet its n-grams agree and make a vector of some
length,

    score(q, a) = ((1 - u_q) ((c_q + b_q o_q)·(c_a + b_a o_a) + 20 f_q·f_a)
                   + .5 (1 + u_q)² (1 + u_a) t_q·t_a + w l_a) / (most + w)

An answer is kept as ``[c + b o, √20 f, √.5 (1 + u) t, l]``. A query is its answer vector with the
first two parts times 1 - u, the text times 1 + u and w for l, divided by most + w: one index of
inner products serves every w. How the weights were chosen is in benchmarks/quality.md; there is
also why answers are not brought to one length.

**Abroad**, in a catalogue whose words are mostly strange, what training knows of an item says
little: 1 - u_q is raised to the eighth power, t has more floats, and its words count by how rare
they are in that catalogue. Known items that are asked about there go on as at home, and so does a
query without a word of the catalogue: it has nothing else to ask with.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.content.composition import encode_items, item_weights
from likewise.content.features import Features, Kind
from likewise.score.co_occurrence import COMPANY_DIM, LONGEST
from likewise.score.text import (
    TEXT_DIM,
    TEXT_DIM_ABROAD,
    Wording,
    text_vectors,
    token_directions,
    unknown_shares,
    wording_of,
)
from likewise.search.arguments import Float32, unit_rows

if TYPE_CHECKING:
    from likewise.model.model import Model
    from likewise.tables.catalogue import Catalogue

__all__ = [
    "POPULARITY",
    "Popularity",
    "answer_vectors",
    "answers_fingerprint",
    "answers_width",
    "check_popularity",
    "company_scale",
    "company_vectors",
    "context_vectors",
    "likeness_vectors",
    "query_vectors",
    "text_parts",
    "trained_answers",
    "trust",
    "usual_length",
    "wording_abroad",
]

Int64 = npt.NDArray[np.int64]

#: The weight w of popularity, unless told otherwise.
POPULARITY = 0.3
_FORMULA = 2  # counted up when the formula changes, not its numbers
_TEXT = 0.5
_COMPANY = 20.0
# Trust in an item's context: what it is along with says the more, the oftener it was seen.
_TRUST_LEAST, _TRUST_MORE = 0.5, 0.75
# An item without events counts as popular as this share of those with events are at most.
_COLD_QUANTILE = 0.9
# The most that the parts without popularity can come to.
_MOST = (1.0 + _TRUST_LEAST + _TRUST_MORE) ** 2 + _TEXT + _COMPANY * LONGEST
# Abroad: the mean strangeness from which a catalogue is foreign (new items of the same shop have
# .01 to .06, another department .18 and more), and the power that 1 - u_q is raised to there.
_ABROAD, _FORGETTING = 0.1, 8
# Items whose features are read at once: bounds the memory for a catalogue of any size.
_ITEMS = 1 << 16
_SAMPLE = 20_000  # items whose vectors tell how long one usually is


class Popularity:
    """How popular the items of training are: log(1 + events) in shares of the largest.

    Attributes
    ----------
    of_items : float32 array (n_items,)
        0 to 1. An item without events has what nine in ten of those with events have at most.
    unseen : float
        That of an item that was not in training.
    """

    def __init__(self, counts: Int64) -> None:
        logs = np.log1p(counts.astype(np.float64))
        seen = counts > 0
        self.of_items = (logs / (logs.max(initial=0.0) or 1.0)).astype(np.float32)
        self.unseen = float(np.quantile(self.of_items[seen], _COLD_QUANTILE)) if seen.any() else 0.0
        self.of_items[~seen] = self.unseen


def check_popularity(popularity: Any) -> float:
    """Return the weight of popularity: the default for None.

    Raises TypeError or ValueError for what is not a finite number of at least 0.
    """
    if popularity is None:
        return POPULARITY
    if isinstance(popularity, bool) or not isinstance(popularity, int | float | np.number):
        raise TypeError(f"popularity must be a number, got {popularity!r}")
    if not 0.0 <= popularity < np.inf:
        raise ValueError(f"popularity must be a finite number of at least 0, got {popularity!r}")
    return float(popularity)


def wording_abroad(model: Model, catalogue: Catalogue, trained: Any = None) -> Wording | None:
    """Return how words count in a catalogue that is foreign to a model; None where it is not.

    By the mean strangeness of 20,000 of its items at most, evenly spaced; ``trained`` as in
    `answer_vectors`.
    """
    if model.recipe is None or model.center_content is None or not len(catalogue):
        return None
    some = _spaced(len(catalogue))
    at = np.full(len(some), -1) if trained is None else np.asarray(trained)[some]
    features, weights = _features(model, catalogue.take(some))
    assert features is not None
    strange = _strangeness(model, features, weights, encode_items(model, features, "center"), at)
    return wording_of(model, catalogue) if strange.mean() > _ABROAD else None


def answers_width(model: Model, wording: Wording | None = None) -> int:
    """Return the floats of an answer vector, which tell those abroad from those at home."""
    text = TEXT_DIM if wording is None else TEXT_DIM_ABROAD
    return model.options.dim + COMPANY_DIM + (0 if model.recipe is None else text) + 1


def answer_vectors(
    model: Model, catalogue: Catalogue, trained: Any = None, wording: Wording | None = None
) -> Float32:
    """Return what items are found by, float32 ``(n_items, width)``.

    All zero for an item of which nothing is known: it neither asks nor answers.

    Parameters
    ----------
    model : Model
    catalogue : Catalogue
        The items.
    trained : int array (n_items,), optional
        Where each is among the items of training, -1 for one that is composed from its content, as
        all are without it.
    wording : Wording, optional
        For what is found in, or asked of, a catalogue that is foreign: that of `wording_abroad`.
    """
    n, dim = len(catalogue), model.options.dim
    learned = dim + COMPANY_DIM
    found = np.zeros((n, answers_width(model, wording)), np.float32)
    for place, part in catalogue.pieces(_ITEMS):
        at = np.full(len(part), -1) if trained is None else np.asarray(trained)[place]
        rows = found[place]
        features, weights = _features(model, part)
        center = _side(model, features, at, "center")
        context = context_vectors(model, center, _side(model, features, at, "context"))
        popular = np.full(len(at), model.item_popularity.unseen, np.float32)
        popular[at >= 0] = model.item_popularity.of_items[at[at >= 0]]
        rows[:, :dim] = unit_rows(center)[0] + trust(popular)[:, None] * unit_rows(context)[0]
        rows[:, dim:learned] = np.float32(company_scale()) * company_vectors(model, center, at)
        if features is not None:
            assert model.center_content is not None
            strange = _strangeness(model, features, weights, center, at)
            scale = np.float32(np.sqrt(_TEXT)) * (1 + strange)
            if wording is not None:
                weights = wording.of_items(features)
            rows[:, learned:-1] = scale[:, None] * text_vectors(
                features, weights, model.options.threads, found.shape[1] - learned - 1
            )
        usable = rows.any(axis=1)
        rows[usable, -1] = popular[usable]
    return found


def trained_answers(model: Model, wording: Wording | None = None) -> Float32:
    """Return what the items of training are found by; see `answer_vectors`."""
    return answer_vectors(model, model.catalogue, np.arange(len(model.catalogue)), wording)


def answers_fingerprint(model: Model) -> str:
    """Return what tells a model's answer vectors from others: 32 hexadecimal digits.

    Another model has another one, and so has another formula: a saved index is not asked by
    queries that were made to fit answers of another kind.
    """
    home = (
        _FORMULA, _TEXT, _COMPANY, LONGEST, _TRUST_LEAST, _TRUST_MORE, _COLD_QUANTILE, TEXT_DIM
    )  # fmt: skip
    numbers = (*home, _ABROAD, _FORGETTING, TEXT_DIM_ABROAD)
    return hashlib.sha256(f"{model.fingerprint} {numbers}".encode()).hexdigest()[:32]


def query_vectors(answers: Float32, dim: int, popularity: float) -> Float32:
    """Return what items ask with, of what they are found by; float32 of the same shape.

    The inner product of a query and an answer vector is the score, at most 1. ``dim`` is that of
    the model: where the company begins, and the text after it. The width tells whether the answers
    are abroad.
    """
    asked = answers.astype(np.float32)  # a copy
    # The length of the text part tells how much of an item is unknown.
    learned = dim + COMPANY_DIM
    length = np.linalg.norm(asked[:, learned:-1], axis=1) / np.float32(np.sqrt(_TEXT))
    strange = np.clip(length - 1, 0, 1)[:, None]
    abroad = asked.shape[1] == learned + TEXT_DIM_ABROAD + 1
    asked[:, :learned] *= (1 - strange) ** (_FORGETTING if abroad else 1)
    asked[:, learned:-1] *= 1 + strange
    asked[:, -1] = np.where(answers.any(axis=1), np.float32(popularity), np.float32(0.0))
    asked /= np.float32(_MOST + popularity)
    return asked


def likeness_vectors(answers: Float32) -> Float32:
    """Return vectors whose inner products say how alike answers are, popularity aside; at most 1.

    Float32, ``(..., width - 1)``: the score of one to the other with popularity 0.
    """
    alike: Float32 = answers[..., :-1] / np.float32(np.sqrt(_MOST))
    return alike


def company_scale() -> float:
    """Return what company is multiplied with to be a part of `answer_vectors`."""
    return float(np.sqrt(_COMPANY))


def trust(popular: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return how much contexts of items that are so popular count beside their centers."""
    trusted: npt.NDArray[Any] = _TRUST_LEAST + _TRUST_MORE * popular
    return trusted


def context_vectors(model: Model, center: Float32, context: Float32) -> Float32:
    """Return context vectors, mapped from the center vectors where there are none but those.

    Both float32 ``(n, dim)``, of any length; what is mapped has length 1.
    """
    missing = center.any(axis=1) & ~context.any(axis=1)
    if model.context_map is None or not missing.any():
        return context
    filled: Float32 = context.copy()
    filled[missing] = model.context_map.apply(center[missing])
    return filled


def company_vectors(model: Model, center: Float32, trained: npt.NDArray[Any]) -> Float32:
    """Return the company of items, float32 ``(n, COMPANY_DIM)``, mapped where they have none.

    ``center`` are their center vectors (n, dim), ``trained`` int (n,) where they are among the
    items of training, -1 elsewhere.
    """
    found = model.company.of(trained)
    missing = ~found.any(axis=1) & center.any(axis=1)
    if model.company_map is not None and missing.any():
        found[missing] = model.company_map.apply(center[missing])
    return found


def text_parts(
    model: Model, at: int, wording: Wording | None = None
) -> list[tuple[Kind, str, npt.NDArray[np.float64]]]:
    """Take the text part of an item of training apart: kind, text and vector of each token.

    The vectors, float64 (floats of the text,), add up to the part of `answer_vectors`.
    """
    one = model.catalogue.take([at])
    features, weights = _features(model, one)
    if features is None or not len(weights):
        return []
    if wording is not None:
        weights = wording.of_items(features)
    dim = answers_width(model, wording) - model.options.dim - COMPANY_DIM - 1
    directions = token_directions(features.token_hashes, dim)[features.item_tokens]
    vectors = weights[:, None] * directions.astype(np.float64)
    length = float(np.linalg.norm(vectors.sum(axis=0))) or 1.0
    vectors *= np.sqrt(_TEXT) / length  # nothing is strange about items of training
    texts = features.token_text(one, 0)
    return [
        (kind, text, vector)
        for (kind, text), vector, weight in zip(texts, vectors, weights, strict=True)
        if weight
    ]


def _strangeness(
    model: Model,
    features: Features,
    weights: Float32,
    center: Float32,
    at: npt.NDArray[Any],
) -> Float32:
    """Return how little training knows of each item, float32 (n_items,), 0 to 1."""
    assert model.center_content is not None
    unknown = unknown_shares(features, weights, model.center_content.token_hashes)
    unknown[at >= 0] = 0.0
    lengths = np.linalg.norm(center, axis=1)
    found: Float32 = np.minimum(unknown, np.maximum(0.0, 1.0 - lengths / model.usual_length))
    return found.astype(np.float32)


def usual_length(model: Model) -> float:
    """Return the median length of center vectors as content composes them; 1 without any.

    Of 20,000 items of training at most, evenly spaced.
    """
    some = _spaced(len(model.catalogue))
    features, _ = _features(model, model.catalogue.take(some))
    if features is None:
        return 1.0
    lengths = np.linalg.norm(encode_items(model, features, "center"), axis=1)
    lengths = lengths[lengths > 0.0]
    return float(np.median(lengths)) if len(lengths) else 1.0


def _spaced(n: int) -> Int64:
    """Return positions of 20,000 of n items at most, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))


def _features(model: Model, part: Catalogue) -> tuple[Features | None, Float32]:
    if model.recipe is None or model.center_content is None:
        return None, np.zeros(0, np.float32)
    features = Features.encode(part, model.recipe, threads=model.options.threads)
    return features, item_weights(
        features,
        model.center_content.token_hashes,
        model.token_weights,
        model.kind_weights,
        model.unknown_weight,
    )


def _side(model: Model, features: Features | None, at: npt.NDArray[Any], side: str) -> Float32:
    """Return one side's vectors of some items: trained ones, and composed ones of the others."""
    there = at >= 0
    trained: Float32 = getattr(model, side)
    vectors = np.zeros((len(at), model.options.dim), np.float32)
    if features is not None and getattr(model, f"{side}_content") is not None and not there.all():
        vectors = encode_items(model, features, side)
    vectors[there] = trained[at[there]]
    return vectors
