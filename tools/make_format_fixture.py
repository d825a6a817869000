"""Make tests/formats/v<version>/: a tiny saved model and what it answers, kept for ever.

Run once for each format version, before its first release: ``python tools/make_format_fixture.py``.
The model is made by hand (tests/helpers/store_helpers.py), so that training does not change it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
TEXTS = ["red rubber ball", "never seen before", "großer Topf 5 l", "南部鉄器 急須", ""]


def main() -> None:
    sys.path.insert(0, str(TESTS))
    from helpers.store_helpers import catalogue_of, small_model
    from likewise.search.matches import Matches
    from likewise.storage.models import FORMAT_VERSION

    folder = TESTS / "formats" / f"v{FORMAT_VERSION}"
    if folder.exists() and "--again" not in sys.argv[1:]:
        sys.exit(f"{folder} exists and is kept for ever; --again replaces it before a release")
    folder.mkdir(parents=True, exist_ok=True)
    model = small_model(context="content")
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
