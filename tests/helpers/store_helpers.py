"""A small model made by hand: every part is there, nothing is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from likewise.content.composition import SideWeights
from likewise.content.features import Features, Recipe
from likewise.model.model import Model
from likewise.options import Options
from likewise.score.co_occurrence import CO_OCCURRENCE_DIM
from likewise.tables.catalogue import Catalogue

ITEMS = [
    ("B1", "Pets > Dogs > Toys", "red rubber ball"),
    ("B2", "Pets > Dogs > Toys", "blue rubber ball"),
    ("B3", "Pets > Dogs > Beds", "soft bed for dogs"),
    ("B4", "Pets > Cats > Toys", "feather toy"),
    ("B5", "Pets > Cats", "scratching post"),
    ("B6", "Garden > Tools", "steel rake"),
    ("B7", "Garden > Tools", "rubber hose 25 m"),
    ("B8", "Garden", None),
    ("B9", None, "gift card"),
    ("B10", None, None),
    ("B11", "Küche > Töpfe", "großer Topf 5 l"),
    ("B12", "キッチン", "南部鉄器 急須 レッド 🍵"),
]
NEW = [
    ("N1", "Pets > Dogs > Toys", "yellow rubber ball"),
    ("N2", None, "unheardof"),
    ("N3", None, None),
    ("B1", "Garden > Tools", "steel rake"),
]
DIM = 16
BUCKETS = 64


def catalogue_of(items: list[tuple[str, str | None, str | None]]) -> Catalogue:
    return Catalogue.from_arrays(*(list(column) for column in zip(*items, strict=True)))


def small_model(
    *,
    content: bool = True,
    context: str = "item",
    items: list[tuple[str, str | None, str | None]] = ITEMS,
    seed: int = 0,
    changes: dict[str, Any] | None = None,
) -> Model:
    """Vectors of content from random rows; the first half of the items has own rows on top."""
    rng = np.random.default_rng(seed)
    catalogue = catalogue_of(items)
    n_items = len(catalogue)

    def rows(n: int) -> np.ndarray:
        return rng.standard_normal((n, DIM)).astype(np.float32)

    parts: dict[str, Any] = {
        "options": Options(dim=DIM, content=content, context=context, threads=1),
        "recipe": None,
        "catalogue": catalogue,
        "counts": np.where(np.arange(n_items) < n_items // 2, 7, 0).astype(np.int64),
        "center": np.zeros((n_items, DIM), np.float32),
        "context": np.zeros((n_items, DIM), np.float32),
        "center_content": None,
        "context_content": None,
        "token_weights": np.zeros(0, np.float32),
        "kind_weights": np.array([0.5, 1.0, 0.25, 0.5], np.float32),
        "unknown_weight": 1.5,
        "history": [{"epoch": 1, "loss_per_pair": np.float32(0.7), "pairs_done": np.int64(12)}],
        "created": "2026-01-02T03:04:05+00:00",
        "version": "0.1.0",
    }
    own = np.where(np.arange(n_items) < n_items // 2, 0.5, 0.0).astype(np.float32)[:, None]
    if content:
        parts["recipe"] = Recipe(buckets=BUCKETS)
        features = Features.encode(catalogue, parts["recipe"], threads=1)
        hashes = np.sort(features.token_hashes)
        parts["token_weights"] = rng.uniform(0.5, 2.0, len(hashes)).astype(np.float32)
        for side in ("center", "context"):
            if side == "center" or context == "content":
                parts[f"{side}_content"] = SideWeights(hashes, rows(len(hashes)), rows(BUCKETS))
        half = Model(**parts)
        for side in ("center", "context"):
            if parts[f"{side}_content"] is not None:
                parts[side] = half.encoder.compose(features, side)
    parts["center"] = parts["center"] + own * rows(n_items)
    parts["context"] = parts["context"] + own * rows(n_items)
    company = (0.025 * rng.standard_normal((n_items, CO_OCCURRENCE_DIM))).astype(np.float32)
    some = np.arange(n_items // 2, dtype=np.int32)
    parts["learned"] = {"company": company[some], "company_items": some}
    return Model(**(parts | (changes or {})))


def unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
