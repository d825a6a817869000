"""Models as vectors alone score them: what tests of the parts of a score compare with."""

from __future__ import annotations

from dataclasses import replace

import likewise as lw


def without_pairs(model: lw.Model) -> lw.Model:
    """Return the model less the pairs that its sessions showed together."""
    learned = {name: array for name, array in model.learned.items() if name[:5] != "pair_"}
    return replace(model, learned=learned)
