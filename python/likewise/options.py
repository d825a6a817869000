"""Options: every training option with its default and its meaning, in one frozen record.

Spellings, defaults and checks are those of the core (``csrc/core/base/options.h``); a test holds
the two together. Imports nothing of the package but the core.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import likewise._core as _core

__all__ = ["Options"]


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
        When a value has the wrong type.

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
        """Make options from a dict; an unknown name is an error that lists the known ones."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}; options are {', '.join(known)}")
        return cls(**values)
