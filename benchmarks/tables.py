"""likewise and every baseline on real sets, as Markdown.

    python benchmarks/tables.py amazon_beauty_toys online_retail --seeds 1 2 3
    python benchmarks/tables.py amazon_beauty_toys online_retail --shop

Owns the tables of notes/baselines.md: HR@20 of `likewise.evaluate` by the splits `last` and
`cold`, default options, one training for each seed; and what the lists look like. With ``--shop``
the table of a shop without history (split `shop`): the seed says which items are the shop, too. A
line is printed as soon as a seed is through, since gensim takes minutes for each.
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
SHOP = ("shop", "last of shop")
SLOW = ("ease", "als", "lightfm")  # run when they are named; the first takes 12,000 items at most
OF_SHOP = ("tf-idf", "fasttext", "item-knn", "pair-counts")
Rows = dict[tuple[str, str], list[Result]]  # of each system and kind, one for each seed


def measured(
    name: str, seeds: Sequence[int], baselines: Sequence[str], threads: int, shop: bool
) -> Rows:
    """Evaluate one set with each seed; systems in the order of the table."""
    sessions = read_real(name, min_length=1)
    rows: Rows = defaultdict(list)
    for seed in seeds:
        options = lw.Options(seed=seed, threads=threads)
        for split in ("shop",) if shop else ("last", "cold"):
            drawn = {"seed": seed} if shop else {}
            done = evaluate(sessions, options=options, split=split, baselines=baselines, **drawn)
            for row in done.rows:
                # Without the settings that a baseline chose: they differ by split and seed.
                rows[row.system.partition(" (")[0], row.kind].append(row)
        print(f"<!-- {name}: seed {seed} is through -->", flush=True)
    return rows


def cell(found: list[Result], figure: str = "hr") -> str:
    """HR@20 or MRR@20: mean of the seeds, their spread, the mean 95 % interval of the pairs."""
    if not found:
        return "-"
    means = [getattr(row, figure) for row in found]
    ends = (np.mean([getattr(row, f"{figure}_{end}") for row in found]) for end in ("low", "high"))
    spread = f" ± {np.std(means):.4f}" if len(means) > 1 else ""
    return f"{np.mean(means):.4f}{spread} ({' to '.join(f'{end:.3f}' for end in ends)})"


def shown(found: list[Result]) -> str:
    """What the lists for warm queries look like: same category, coverage, popularity."""
    figures = ("same_category", "coverage", "popularity")
    means = [float(np.mean([getattr(row, figure) for row in found])) for figure in figures]
    return " / ".join("-" if np.isnan(mean) else f"{mean:.2f}" for mean in means)


def printed(name: str, rows: Rows) -> None:
    """Print the table of one set."""
    print(f"\n| {name} | {' | '.join(KINDS)} | same category / coverage / popularity |")
    print("| --- | --- | --- | --- | --- |")
    for system in dict.fromkeys(system for system, _ in rows):
        cells = [cell(rows[system, kind]) for kind in KINDS]
        line_of(system, *cells, shown(rows[system, "warm"]))


def printed_shop(name: str, rows: Rows) -> None:
    """Print the table of one set as a shop without history, with means of ratios of each seed."""
    print(f"\n| {name} | HR@20 | MRR@20 | times TF-IDF | last events: HR@20 | MRR@20 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for system in dict.fromkeys(system for system, _ in rows):
        shop, last = (rows[system, kind] for kind in SHOP)
        peers = rows["TF-IDF", "shop"]
        ratios = [
            np.mean([getattr(a, of) / getattr(b, of) for a, b in zip(shop, peers, strict=True)])
            for of in ("hr", "mrr")
            if shop and peers
        ]
        times = ", ".join(f"{ratio:.2f}" for ratio in ratios) or "-"
        line_of(system, cell(shop), cell(shop, "mrr"), times, cell(last), cell(last, "mrr"))


def line_of(*cells: str) -> None:
    """Print a line, figures without their leading zero, as the pages have them."""
    line = f"| {' | '.join(cells)} |"
    print(line.replace("| 0.", "| .").replace(" 0.", " .").replace("(0.", "(."), flush=True)


def main() -> None:
    """Read the arguments and print a table for each set."""
    parser = parser_of_sets(__doc__, seeds=[1, 2, 3])
    parser.add_argument("--shop", action="store_true", help="half of the items without history")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES)
    arguments = parser.parse_args()
    usual = OF_SHOP if arguments.shop else [name for name in BASELINES if name not in SLOW]
    baselines = usual if arguments.baselines is None else arguments.baselines
    try:
        for name in arguments.sets:
            rows = measured(name, arguments.seeds, baselines, arguments.threads, arguments.shop)
            (printed_shop if arguments.shop else printed)(name, rows)
    except FileNotFoundError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
