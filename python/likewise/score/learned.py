"""The learned part: center and context vectors, as skip-gram has trained them.

Owns how both make one vector, which compose.py makes: ``c + b o`` of an item's center vector c and
context vector o, both of length 1, with b the trust in its context, ``.5 + .75 l`` of its
popularity l. Such a sum holds four cosines of query and answer: center and center, center and
context either way, context and context.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.arrays import Float32
from likewise.content.composition import Contribution
from likewise.score.part import Batch, Part, forgotten, scaled

__all__ = ["TRUST_LEAST", "TRUST_MORE", "Learned"]

# Trust in an item's context: what it is along with says the more, the oftener it was seen.
TRUST_LEAST, TRUST_MORE = 0.5, 0.75


class Learned(Part):
    """As many columns as a vector of the model has."""

    def width(self, out_of_domain: bool) -> int:
        return self.trained.dim

    def most(self, popularity: float) -> float:
        return (1.0 + TRUST_LEAST + TRUST_MORE) ** 2

    def ask(
        self, columns: Float32, unknown: Float32, out_of_domain: bool, popularity: float
    ) -> None:
        columns *= forgotten(unknown, out_of_domain)

    def contributions(self, batch: Batch) -> list[Contribution]:
        at, trusted = int(batch.at[0]), float(trust(batch.popularity[0]))
        found = []
        for side, vectors, scale in (
            ("center", batch.center, 1.0),
            ("context", batch.context, trusted),
        ):
            length = float(np.linalg.norm(vectors[0].astype(np.float64)))
            if length:
                found += scaled(self.trained.contributions(at, side), scale / length)
        return found


def trust(popularity: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return how much contexts of items that are so popular count beside their centers."""
    trusted: npt.NDArray[Any] = TRUST_LEAST + TRUST_MORE * popularity
    return trusted
