"""The first singular vectors of the co-occurrence table as the core finds them, in plain NumPy.

The same space and the same approximation, by other sums: blocks of 16 columns, each the last one
times the table and its transpose, orthogonal to all before it; and from what they span Nystrom's
approximation in full.
"""

from __future__ import annotations

import numpy as np

BLOCK, STEPS = 16, 9


def first_vectors(table: np.ndarray, columns: int, seed: int = 0) -> np.ndarray:
    """Return vectors, float64 (rows, columns), each as long as its singular value."""
    rng = np.random.default_rng(seed)
    n = len(table)
    basis = np.zeros((n, 0))
    block = table @ rng.choice([-1.0, 1.0], size=(table.shape[1], BLOCK))
    for _ in range(STEPS):
        room = min(BLOCK, n - basis.shape[1])
        fresh = rng.normal(size=(n, BLOCK))  # in place of what the blocks before it hold already
        whole = np.linalg.qr(np.hstack([basis, block, fresh]))[0]
        lost = np.linalg.norm(block - basis @ (basis.T @ block), axis=0) < 1e-9
        if lost.any():
            block = np.where(lost, fresh, block)
            whole = np.linalg.qr(np.hstack([basis, block, fresh]))[0]
        block = whole[:, basis.shape[1] :][:, :room]
        basis = np.hstack([basis, block])
        if basis.shape[1] == n:
            break
        block = table @ (table.T @ block)
    image = table @ (table.T @ basis)
    values, turn = np.linalg.eigh(basis.T @ image)
    kept = values > 1e-12 * max(values[-1], 1e-300)
    factor = image @ (turn[:, kept] / np.sqrt(values[kept]))
    left, lengths, _ = np.linalg.svd(factor, full_matrices=False)
    found = np.zeros((n, columns))
    found[:, : min(columns, len(lengths))] = (left * lengths)[:, :columns]
    return found
