"""Make tests/formats/v<version>/: a tiny saved model and what it answers, kept for ever.

Run once for each format version, before its first release: ``python tools/make_format_fixture.py``.
The model is made by hand (tests/helpers/store_helpers.py), so that training does not change it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parent.parent / "tests"
TEXTS = ["red rubber ball", "never seen before", "großer Topf 5 l", "南部鉄器 急須", ""]


def pairs() -> dict[str, np.ndarray]:
    """Pairs of the six of its items that have history, the third of them with none."""
    return {
        "pair_offsets": np.array([0, 2, 4, 4, 7, 8, 9, *[9] * 6], np.int64),
        "pair_items": np.array([1, 3, 0, 3, 4, 0, 1, 3, 0], np.int32),
        "pair_weights": np.array([90, 4, 75, 2.5, 300, 30, 1, 40, 12], np.float32),
        "pair_times": np.array([6, 2, 6, 1, 5, 2, 1, 5, 1], np.int32),
    }


def main() -> None:
    sys.path.insert(0, str(TESTS))
    from helpers.store_helpers import catalogue_of, small_model
    from likewise.search.matches import Matches
    from likewise.storage.models import FORMAT_VERSION

    folder = TESTS / "formats" / f"v{FORMAT_VERSION}"
    if folder.exists() and "--again" not in sys.argv[1:]:
        sys.exit(f"{folder} exists and is kept for ever; --again replaces it before a release")
    folder.mkdir(parents=True, exist_ok=True)
    learned = small_model(context="content").learned | pairs()
    model = small_model(context="content", changes={"learned": learned})
    model.save(folder / "model")

    similar = {}
    for item in model.catalogue.ids.to_pylist():
        found = model.similar(item, k=3, side="center")  # a score that is frozen
        assert isinstance(found, Matches)
        similar[item] = [[item_id, round(score, 6)] for item_id, score, _ in found]
    encoded = {}
    for text in TEXTS:
        vector = model.encode(catalogue_of([("new", "Pets > Dogs", text)]))[0]
        encoded[text] = [round(value, 6) for value in vector.tolist()]
    expected = {"items": len(model.catalogue), "similar": similar, "encode": encoded}
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")
    print(f"wrote {folder}")


if __name__ == "__main__":
    main()
