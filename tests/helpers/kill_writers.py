"""Writes lists, models and indexes over and over until it is killed. Run by work/test_kill.py.

python kill_writers.py FOLDER [ROUNDS]: FOLDER holds the models "a" and "b".
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import likewise as lw


def main() -> None:
    folder = Path(sys.argv[1])
    rounds = range(int(sys.argv[2])) if len(sys.argv) > 2 else count()
    models = [lw.load(folder / "a"), lw.load(folder / "b")]
    print("ready", flush=True)
    for round_ in rounds:
        model = models[round_ % 2]
        model.recommend_all(folder / "lists.parquet", 3 + round_ % 2)
        model.save(folder / "model")
        model.index(exact=round_ % 4 < 2).save(folder / "index")


if __name__ == "__main__":
    main()
