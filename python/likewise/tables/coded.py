"""Texts of which many are alike, such as category paths: each kept once, and a code an item.

Owns when codes are worth it, the codes of a part, and the way back. A dictionary has its texts in
the order in which items first have them, each of them in use: as if the part had been read alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from likewise.arrays import combined, from_numpy

__all__ = ["coded_chunks", "coded_if_less", "coded_part", "decoded", "is_coded", "mapped"]

_STEP = 16  # one text of so many is looked at, to see whether nearly all are distinct
_DISTINCT = 0.97  # of those looked at; where a text comes twice, it is 0.94


def is_coded(texts: Any) -> bool:
    """Return whether an array has codes and a dictionary."""
    return bool(pa.types.is_dictionary(texts.type))


def coded_if_less(texts: Any) -> Any:
    """Return texts (n,) as a dictionary array where that is smaller, as ``large_string`` if not.

    `texts` are ``large_string``, or a dictionary of it as files have them: in any order, with
    texts that no item has, that come twice or are null.
    """
    if is_coded(texts):
        coded = _tidied(texts)
        if 4 * len(coded.dictionary) <= len(coded):
            return coded
        texts = coded.dictionary_decode()
    elif not len(texts) or _nearly_distinct(texts):
        return texts
    else:
        coded = texts.dictionary_encode()
    return coded if coded.nbytes < texts.nbytes else texts


def coded_chunks(chunks: list[Any]) -> Any:
    """Return as one array what `coded_if_less` made of consecutive parts."""
    if len(chunks) == 1:
        return chunks[0]
    if all(map(is_coded, chunks)):
        return combined(pa.chunked_array(chunks).unify_dictionaries())
    return coded_if_less(pa.concat_arrays([decoded(chunk) for chunk in chunks]))


def coded_part(texts: Any, at: Any) -> Any:
    """Return the texts at Arrow positions `at`, coded where `texts` are."""
    taken = texts.take(at)
    return _tidied(taken) if is_coded(taken) else taken


def mapped(texts: Any, change: Callable[[str], str | None], pattern: str = "") -> Any:
    """Return texts with those that match a pattern changed; each distinct one is looked at once.

    Parameters
    ----------
    texts : pyarrow.Array (n,)
        As `coded_if_less` returns them; so is what is returned, and the same object where no text
        matches.
    change : callable
        Returns what a text becomes, None for null.
    pattern : str
        A regular expression, searched for.
    """
    coded = is_coded(texts)
    distinct = texts.dictionary if coded else texts
    wanted = pc.match_substring_regex(distinct, pattern)
    if not pc.any(wanted).as_py():
        return texts
    wanted = wanted.fill_null(False)
    changed = [change(text) for text in distinct.filter(wanted).to_pylist()]
    distinct = pc.replace_with_mask(distinct, wanted, pa.array(changed, pa.large_string()))
    if coded:
        distinct = pa.DictionaryArray.from_arrays(texts.indices, distinct, safe=False)
    return coded_if_less(distinct)


def _tidied(coded: Any) -> Any:
    """Give texts codes in the order they come; moves codes, and of the texts those in use."""
    codes = coded.indices.dictionary_encode()
    used = coded.dictionary.take(codes.dictionary).dictionary_encode()
    indices = codes.indices
    if len(used.dictionary) < len(used):
        indices = used.indices.take(indices)
    return pa.DictionaryArray.from_arrays(indices, used.dictionary, safe=False)


def _nearly_distinct(texts: Any) -> bool:
    """Judge by a run of texts, in which sorted ones repeat, then by every so many of them all."""
    step = max(1, min(_STEP, len(texts) // _STEP**3))
    count = len(texts) // step
    run = texts.slice((len(texts) - count) // 2, count)
    return _distinct(run) and _distinct(texts.take(from_numpy(np.arange(0, len(texts), step))))


def _distinct(texts: Any) -> bool:
    return bool(pc.count_distinct(texts, mode="all").as_py() > _DISTINCT * len(texts))


def decoded(texts: Any) -> Any:
    """Return one text or null an item, ``large_string`` (n,)."""
    return texts.dictionary_decode() if is_coded(texts) else texts
