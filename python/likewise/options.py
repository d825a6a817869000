"""Options: every training option with its default and its meaning, in one frozen record.

Spellings, defaults and checks are those of the core (``csrc/core/base/options.h``); a test holds
the two together. Imports nothing of the package but the core.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ParamSpec, TypeVar

import likewise._core as _core

__all__ = ["ELSEWHERE", "NOT_HERE", "Options", "elsewhere", "takes_sessions"]

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

#: What other libraries call options and arguments of training: gensim, fastText, implicit, others.
ELSEWHERE = {
    "vector_size": "dim", "size": "dim", "factors": "dim", "n_components": "dim",
    "embedding_dim": "dim", "embedding_size": "dim",
    "ws": "window", "window_size": "window",
    "negative": "negatives", "neg": "negatives", "neg_samples": "negatives",
    "ns_exponent": "noise_exponent",
    "iter": "epochs", "epoch": "epochs", "iterations": "epochs", "n_epochs": "epochs",
    "num_epochs": "epochs",
    "alpha": "learning_rate", "lr": "learning_rate",
    "min_alpha": "min_learning_rate", "end_alpha": "min_learning_rate",
    "start_alpha": "learning_rate",
    "sample": "subsample", "t": "subsample",
    "minCount": "min_count", "bucket": "buckets", "minn": "min_n", "maxn": "max_n",
    "wordNgrams": "word_ngrams", "context_size": "window",
    "workers": "threads", "thread": "threads", "num_threads": "threads", "n_jobs": "threads",
    "random_state": "seed", "random_seed": "seed",
    "sentences": "sessions", "corpus_iterable": "sessions", "corpus_file": "sessions",
    "corpus": "sessions", "input": "sessions", "user_items": "sessions", "callbacks": "progress",
}  # fmt: skip

#: Options of other libraries that have no counterpart, and why.
NOT_HERE = {
    "sg": "skip-gram is the only objective here",
    "cbow_mean": "skip-gram is the only objective here",
    "model": "skip-gram is the only objective here",
    "hs": "negative sampling is the only loss here",
    "loss": "negative sampling is the only loss here",
    "compute_loss": "the loss is always in model.history here",
    "calculate_training_loss": "the loss is always in model.history here",
    "max_vocab_size": "every item is kept here",
    "max_final_vocab": "every item is kept here",
    "trim_rule": "every item is kept here, min_count decides which have rows of their own",
    "sorted_vocab": "items stay in the order of the catalogue here",
    "shrink_windows": "nearer events always count more here",
    "batch_words": "sessions are shared among threads without it here",
    "batch_size": "pairs are learned one by one here",
    "hashfxn": "text is hashed by the recipe of the model here",
    "regularization": "there is none here",
    "total_examples": "sessions are counted here",
    "total_words": "events are counted here",
}


def elsewhere(name: str) -> str | None:
    """Return what an option of another library is here, for a message; None for any other name."""
    if name in ELSEWHERE:
        return f"it is called {ELSEWHERE[name]} here"
    return NOT_HERE.get(name)


def takes_sessions(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that needs ``sessions`` say so to who gives them another library's name."""

    @functools.wraps(function)
    def checked(*values: P.args, **named: P.kwargs) -> R:
        if not values and "sessions" not in named:
            for name in named:
                if ELSEWHERE.get(name) == "sessions":
                    raise TypeError(
                        f"{function.__name__} has no argument {name!r}: {elsewhere(name)}"
                    )
        return function(*values, **named)

    return checked


def _unknown(name: str, known: list[str]) -> str:
    ours = elsewhere(name)
    ours = f": {ours}" if ours else f"; options are {', '.join(known)}"
    return f"unknown option {name!r}{ours}"


def _names_ours(made: type[T]) -> type[T]:
    """Make the record refuse an unknown option with our name for it."""
    plain = made.__init__

    @functools.wraps(plain)
    def checked(self: T, *values: Any, **named: Any) -> None:
        known = [field.name for field in fields(made)]  # type: ignore[arg-type]
        for name in sorted(set(named) - set(known)):
            raise TypeError(_unknown(name, known))
        plain(self, *values, **named)

    made.__init__ = checked  # type: ignore[method-assign, assignment]
    return made


@_names_ours
@dataclass(frozen=True)
class Options:
    """What training needs to know, checked on creation.

    The texts below are also the help of the command line and the table of the README.

    Attributes
    ----------
    dim : int
        Floats in a vector.
    window : int
        Farthest context, in events. A nearer one counts more: by the share of windows, drawn
        evenly from 1 to this, that reach it.
    negatives : int
        Items told apart from the context, per (center, context) pair (Mikolov et al. 2013).
    noise_exponent : float
        Negatives are drawn with probability proportional to ``count ** noise_exponent``. Any
        real number: 0 is uniform, below 0 prefers rare items (Caselles-Dupré et al. 2018).
    epochs : int
        Passes over the sessions.
    learning_rate : float
        Step of the first pair.
    min_learning_rate : float
        Step of the last pair; linear in between.
    subsample : float
        Events of items with a larger share than this are skipped at random (the ``t`` of
        Mikolov et al. 2013); 0 keeps all.
    min_count : int
        Events an item needs to get an own row; rarer items are their content alone.
    content : bool
        Items are composed of their category and name. False is plain item2vec.
    own_row : bool
        Items with history have a row of their own on top of their content.
    id_dropout : float
        Share of training in which an own row is left out, so that content stands by itself.
    context : {"item", "content"}
        Context vectors are own rows alone, or composed from content like the center vectors.
    buckets : int
        Rows that character n-grams are hashed to; 0 chooses by the catalogue.
    min_n : int
        Shortest character n-gram of a word, in code points; 0, like max_n, for none.
    max_n : int
        Longest character n-gram of a word, in code points.
    word_ngrams : int
        Longest run of words that is a feature; 1 is words alone.
    shared_negatives : bool
        Negatives of a block of events are other events of it and a few draws, weighted. False
        draws them anew for each pair: slower, the same in expectation.
    stretch : int
        Events of training for which composed words are held before what they learned is passed
        on to their n-grams; 0 chooses by the data.
    threads : int
        Workers; 0 takes the cores there are.
    seed : int
        One thread and one seed give bit-equal results.

    Raises
    ------
    ValueError
        When a value is out of range; the message names the option.
    TypeError
        When a value has the wrong type, or an option is not known.

    Examples
    --------
    >>> Options(dim=64, epochs=5).window
    5
    """

    dim: int = 100
    window: int = 5
    negatives: int = 5
    noise_exponent: float = 0.25
    epochs: int = 20
    learning_rate: float = 0.065
    min_learning_rate: float = 0.0001
    subsample: float = 0.0
    min_count: int = 1
    content: bool = True
    own_row: bool = True
    id_dropout: float = 0.5
    context: str = "item"
    buckets: int = 0
    min_n: int = 3
    max_n: int = 6
    word_ngrams: int = 1
    shared_negatives: bool = True
    stretch: int = 0
    threads: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        """Check every value by the core's own check."""
        _core.check_options(asdict(self))

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict, in the order of declaration."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the options as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Options:
        """Make options from a dict; an unknown name is an error that says which is meant."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(_unknown(unknown[0], known))
        return cls(**values)
