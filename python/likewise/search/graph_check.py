"""Whether bytes are a graph that hnswlib can read and walk without harm.

Owns the layout of hnswlib 0.8's files, which it reads without looking: every size, count and link
in them is compared here before it may, and that its vectors are finite. Knows no scores.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["check_graph"]

# offset_level0, max_elements, count, bytes of an element, offset of the label, offset of the
# vector; highest level, entry point; links per element above and on level 0, M; mult; ef.
_HEADER = np.dtype(
    [
        ("level0", "<u8"), ("max_elements", "<u8"), ("count", "<u8"), ("element", "<u8"),
        ("label", "<u8"), ("vector", "<u8"), ("top", "<i4"), ("entry", "<u4"),
        ("links", "<u8"), ("links0", "<u8"), ("m", "<u8"), ("mult", "<f8"), ("ef", "<u8"),
    ]
)  # fmt: skip
_MOST_LINKS = 1000
_HIGHEST = 64


class _Level(NamedTuple):
    counts: npt.NDArray[np.uint16]  # (elements,)
    links: npt.NDArray[np.uint32]  # (elements, links per element)


def check_graph(data: Any, *, dim: int, labels: npt.NDArray[np.int64], size: int) -> None:
    """Raise ValueError saying what does not fit, unless everything does.

    Parameters
    ----------
    data : bytes-like
        What hnswlib's ``save_index`` wrote.
    dim : int
        Floats in a vector.
    labels : int64 array
        The positions that the graph must hold, each once.
    size : int
        How many positions there are.
    """
    buffer = np.frombuffer(data, dtype=np.uint8)
    _require(len(buffer) >= _HEADER.itemsize, "the graph is shorter than its header")
    about = {name: np.frombuffer(data, _HEADER, 1)[name][0].item() for name in _HEADER.names or ()}
    count, links0, links = about["count"], about["links0"], about["links"]
    _require(count == len(labels), f"the graph holds {count} of {len(labels)} vectors")
    _require(
        0 < links <= _MOST_LINKS and about["m"] == links and links0 == 2 * links,
        "the numbers of links of the graph do not fit together",
    )
    link_bytes0 = 4 + 4 * links0
    element = link_bytes0 + 4 * dim + 8
    sizes = (about["level0"], about["vector"], about["label"], about["element"])
    _require(
        sizes == (0, link_bytes0, link_bytes0 + 4 * dim, element),
        f"the graph is not one of {dim} dimensions",
    )
    _require(
        count <= about["max_elements"] <= max(1, size), "the graph's capacity does not fit its size"
    )
    _require(0 < about["ef"] <= 1_000_000, "the graph's width of construction is out of range")
    _require(0.0 < about["mult"] <= 10.0, "the graph's level multiplier is out of range")
    start = _HEADER.itemsize
    _require(len(buffer) >= start + count * element, "the graph is cut off")
    rows = buffer[start : start + count * element].reshape(count, element)
    ground = _level(rows[:, :link_bytes0], links0, count)
    found = np.ascontiguousarray(rows[:, -8:]).view("<u8").reshape(-1)
    _require(
        bool((np.sort(found) == np.sort(labels).astype(np.uint64)).all()),
        "the graph holds other vectors than it should",
    )
    levels = _upper_levels(buffer[start + count * element :], count, links)
    highest = int(levels.max(initial=-1))
    if count == 0:
        _require(about["top"] == -1, "the graph is empty and has a level")
    else:
        _require(about["top"] == highest <= _HIGHEST, "the graph's highest level is wrong")
        _require(about["entry"] < count, "the graph's entry point is out of range")
        _require(levels[about["entry"]] == highest, "the graph's entry point is too low")
    _require(bool((ground.counts <= links0).all()), "the graph has too many links")
    vectors = np.ascontiguousarray(rows[:, link_bytes0:-8]).view("<f4")
    _require(bool(np.isfinite(vectors).all()), "the graph's vectors are not finite")


def _level(block: npt.NDArray[np.uint8], most: int, count: int) -> _Level:
    """Read the links of a level and check that they lead to elements."""
    counts = np.ascontiguousarray(block[:, :2]).view("<u2").reshape(-1)
    _require(not block[:, 2:4].any(), "the graph has deleted vectors")
    _require(bool((counts <= most).all()), "the graph has too many links")
    links = np.ascontiguousarray(block[:, 4:]).view("<u4").reshape(len(block), most)
    used = np.arange(most) < counts[:, None]
    _require(bool((links[used] < count).all()), "a link of the graph leads nowhere")
    return _Level(counts, links)


def _upper_levels(tail: npt.NDArray[np.uint8], count: int, links: int) -> npt.NDArray[np.int64]:
    """Check the levels above the ground; return the highest level of every element."""
    level_bytes = 4 + 4 * links
    levels = np.zeros(count, dtype=np.int64)
    starts = np.zeros(count, dtype=np.int64)
    at = 0
    view = tail.tobytes()
    for i in range(count):
        _require(at + 4 <= len(view), "the graph is cut off")
        length = int.from_bytes(view[at : at + 4], "little")
        at += 4
        _require(length % level_bytes == 0, "the links of the graph have a wrong size")
        levels[i], starts[i] = length // level_bytes, at
        at += length
        _require(at <= len(view), "the graph is cut off")
    _require(at == len(view), "the graph has bytes beyond its end")
    for level in range(1, int(levels.max(initial=0)) + 1):
        owners = np.flatnonzero(levels >= level)
        places = starts[owners] + (level - 1) * level_bytes
        block = tail[places[:, None] + np.arange(level_bytes)]
        found = _level(block, links, count)
        used = np.arange(links) < found.counts[:, None]
        _require(
            bool((levels[found.links[used]] >= level).all()),
            "a link of the graph leads to a vector below its level",
        )
    return levels


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)
