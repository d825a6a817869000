"""likewise and every baseline on real sets, as Markdown.

    python benchmarks/tables.py amazon_beauty_toys online_retail --seeds 1 2 3

Owns the tables of notes/baselines.md: HR@20 of `likewise.evaluate` by the splits `last` and
`cold`, default options, one training for each seed; and what the lists look like. A line is printed
as soon as a seed is through, since gensim takes minutes for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

import likewise as lw
from likewise.evaluation.baselines import BASELINES
from likewise.evaluation.evaluation import Result, evaluate
from support.corpora import read_real
from support.runs import parser_of_sets

KINDS = ("warm", "cold query", "cold target")
SLOW = ("ease", "als", "lightfm")  # run when they are named; the first takes 12,000 items at most
Rows = dict[tuple[str, str], list[Result]]  # of each system and kind, one for each seed


def measured(name: str, seeds: Sequence[int], baselines: Sequence[str], threads: int) -> Rows:
    """Evaluate one set with each seed; systems in the order of the table."""
    sessions = read_real(name, min_length=1)
    rows: Rows = defaultdict(list)
    for seed in seeds:
        options = lw.Options(seed=seed, threads=threads)
        for split in ("last", "cold"):
            done = evaluate(sessions, options=options, split=split, baselines=baselines)
            for row in done.rows:
                # Without the settings that a baseline chose: they differ by split and seed.
                rows[row.system.partition(" (")[0], row.kind].append(row)
        print(f"<!-- {name}: seed {seed} is through -->", flush=True)
    return rows


def cell(found: list[Result]) -> str:
    """HR@20: mean of the seeds, their spread, the mean 95 % interval of the pairs."""
    rates = [row.hr for row in found]
    low, high = (np.mean([getattr(row, f"hr_{end}") for row in found]) for end in ("low", "high"))
    spread = f" ± {np.std(rates):.4f}" if len(rates) > 1 else ""
    return f"{np.mean(rates):.4f}{spread} ({low:.3f} to {high:.3f})"


def shown(found: list[Result]) -> str:
    """What the lists for warm queries look like: same category, coverage, popularity."""
    figures = ("same_category", "coverage", "popularity")
    means = [float(np.mean([getattr(row, figure) for row in found])) for figure in figures]
    return " / ".join("-" if np.isnan(mean) else f"{mean:.2f}" for mean in means)


def printed(name: str, rows: Rows) -> None:
    """Print the table of one set; figures without their leading zero, as the page has them."""
    print(f"\n| {name} | {' | '.join(KINDS)} | same category / coverage / popularity |")
    print("| --- | --- | --- | --- | --- |")
    for system in dict.fromkeys(system for system, _ in rows):
        cells = [cell(rows[system, kind]) for kind in KINDS]
        line = f"| {system} | {' | '.join(cells)} | {shown(rows[system, 'warm'])} |"
        print(line.replace("| 0.", "| .").replace(" 0.", " .").replace("(0.", "(."), flush=True)


def main() -> None:
    """Read the arguments and print a table for each set."""
    parser = parser_of_sets(__doc__, seeds=[1, 2, 3])
    usual = [name for name in BASELINES if name not in SLOW]
    parser.add_argument("--baselines", nargs="*", default=usual, choices=BASELINES)
    arguments = parser.parse_args()
    try:
        for name in arguments.sets:
            rows = measured(name, arguments.seeds, arguments.baselines, arguments.threads)
            printed(name, rows)
    except FileNotFoundError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
