"""Category paths of saved models: all of an item's are kept, and spelled as they were."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers.store_helpers import ITEMS, small_model
from likewise.model.model import load
from likewise.tables.catalogue import Catalogue


@pytest.mark.parametrize("several", [False, True])
def test_all_paths_of_an_item_are_kept(several: bool, tmp_path: Path) -> None:
    items = list(ITEMS)
    if several:
        items[3] = ("B4", "Pets > Cats > Toys\nGifts > Cheap", "feather toy")
    made = small_model(items=items)
    made.save(tmp_path / "model")
    columns = pq.read_schema(tmp_path / "model" / "catalogue.parquet").names
    more = ["category_paths"] if several else []
    assert columns == ["item_id", "category", "name", "count", *more]
    back = load(tmp_path / "model", verify=True)
    assert back.catalogue.table.equals(made.catalogue.table)
    assert back.catalogue.category_paths.equals(made.catalogue.category_paths)
    assert back.catalogue.has_several_paths == several
    assert back.catalogue.categories[3].as_py() == "Pets > Cats > Toys"
    assert back.similar("B4").scores.tolist() == made.similar("B4").scores.tolist()


def test_categories_of_a_saved_model_are_not_spelled_anew(tmp_path: Path) -> None:
    odd = [("a", "x>y", "one"), ("b", " > ", "two"), ("c", "", None), ("d", "x > y", None)]
    columns = [list(column) for column in zip(*odd, strict=True)]
    old = Catalogue.from_arrays(*columns, canonical=True)
    assert list(old) == odd
    small_model(items=odd, changes={"catalogue": old}).save(tmp_path / "model")
    back = load(tmp_path / "model")
    assert list(back.catalogue) == odd
    vectors = back.category_vectors()
    assert vectors.column("category").to_pylist() == ["x", "x > y"]
    assert vectors.column("items").to_pylist() == [2, 2]
