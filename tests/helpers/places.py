"""Where things are: the repository, its tests, and the data that is not part of it."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
#: Data of the project; tests that need it are skipped where there is none.
SHARED = Path(os.environ.get("LIKEWISE_DATA", ROOT.parent / "shared"))
