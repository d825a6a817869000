"""Names with mistakes: what character n-grams find that words alone do not.

    python benchmarks/mistakes.py amazon_office_industrial online_retail --seeds 1 2 3

Owns the tables of notes/words-and-ngrams.md, section 3. A model is trained on items that stay in
a cold split; those that vanished ask by a category and a name, changed after training, and
`similar` answers with items that have history. HR@20 of the items that stood next to them.
"Mistake": a letter lost, doubled or swapped with the next in words of five letters and more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import likewise as lw
from likewise.evaluation.evaluation import cold_split
from likewise.evaluation.measures import Resampler, interval
from likewise.score.blend import blend_of
from likewise.score.popularity import POPULARITY
from support.corpora import read_real, sample
from support.runs import parser_of_sets

K = 20
_LETTERS = 5  # of a word that has a mistake, at least


def mistaken(word: str, rng: np.random.Generator) -> str:
    """Lose a letter of a word, double it or swap it with the next; never its first."""
    at, kind = int(rng.integers(1, len(word) - 1)), int(rng.integers(3))
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def with_mistakes(name: str, share: float, rng: np.random.Generator) -> str:
    """Put a mistake into a share of the words that are long enough."""
    return " ".join(
        mistaken(word, rng) if len(word) >= _LETTERS and rng.random() < share else word
        for word in name.split()
    )


def compounded(name: str, rng: np.random.Generator) -> str:
    """Write two words that follow each other as one."""
    words = name.split()
    if len(words) < 2:
        return name
    at = int(rng.integers(len(words) - 1))
    return " ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]])


CHANGES: dict[str, Callable[[str, np.random.Generator], str]] = {
    "as they are": lambda name, rng: name,
    "two words written as one": compounded,
    "a mistake in half of the words": lambda name, rng: with_mistakes(name, 0.5, rng),
    "a mistake in every word": lambda name, rng: with_mistakes(name, 1.0, rng),
}
WAYS = {"n-grams": {}, "words alone": {"min_n": 0, "max_n": 0}}


class Questions:
    """What is learned from, and the pairs of a vanished item and one that stayed."""

    def __init__(self, name: str, limit: int) -> None:
        sessions = read_real(name, min_length=1)
        cold = cold_split(sessions)
        kept, gone = np.flatnonzero(~cold.cold), np.flatnonzero(cold.cold)
        place = np.zeros(len(sessions.catalogue), np.int32)
        place[kept], place[gone] = np.arange(len(kept)), np.arange(len(gone))
        self.catalogue = sessions.catalogue.take(kept)
        self.train = lw.Sessions.from_arrays(
            place[cold.train.items], cold.train.offsets, self.catalogue
        )
        self.gone = sessions.catalogue.take(gone)
        queries, targets = place[cold.cold_queries], place[cold.warm_targets]
        self.queries, self.targets = sample(queries, targets, limit)
        self.resampler = Resampler(self.queries, 1000)

    def hits(self, model: lw.Model, seed: int) -> dict[str, np.ndarray]:
        """Return whether each pair was found, float64 (n_pairs,), by how names are changed."""
        blend = blend_of(model)
        answers = blend.trained_vectors()
        answers[model.counts == 0] = 0
        found = {}
        for label, change in CHANGES.items():
            rng = np.random.default_rng(seed)
            names = [None if n is None else change(n, rng) for n in self.gone.names.to_pylist()]
            asked = lw.Catalogue.from_arrays(self.gone.ids, self.gone.categories, names)
            vectors = blend.query_vectors(blend.item_vectors(asked), POPULARITY)
            hit = np.zeros(len(self.queries))
            for at in range(0, len(hit), 512):
                scores = vectors[self.queries[at : at + 512]] @ answers.T
                scores[:, ~answers.any(axis=1)] = -9
                reached = scores[np.arange(len(scores)), self.targets[at : at + 512]]
                hit[at : at + 512] = (scores > reached[:, None]).sum(axis=1) < K
            found[label] = hit
        return found


def study(name: str, seeds: list[int], limit: int, threads: int) -> None:
    """Print the table of one set: means of the seeds, their spread, 95 % intervals of the pairs."""
    questions = Questions(name, limit)
    found: dict[str, list[dict[str, np.ndarray]]] = {way: [] for way in WAYS}
    for seed in seeds:
        for way, changes in WAYS.items():
            options = lw.Options(seed=seed, threads=threads, **changes)
            model = lw.train(questions.train, options=options)
            found[way].append(questions.hits(model, seed))
    print(f"\n| {name} | {' | '.join(WAYS)} | gained by n-grams |")
    print("| --- | --- | --- | --- |")
    for label in CHANGES:
        columns = [[hits[label] for hits in found[way]] for way in WAYS]
        cells = []
        for column in columns:
            rates = [hit.mean() for hit in column]
            cells.append(f"{_short(np.mean(rates))} ± {_short(np.std(rates))}")
        gain = np.mean(columns[0], axis=0) - np.mean(columns[1], axis=0)
        low, high = interval(questions.resampler.means(gain[:, None])[:, 0])
        cells.append(f"{_short(gain.mean(), '+')} ({_short(low, '+')} to {_short(high, '+')})")
        print(f"| {label} | {' | '.join(cells)} |", flush=True)


def _short(figure: float, sign: str = "") -> str:
    return f"{figure:{sign}.4f}".replace("0.", ".", 1)


def main() -> None:
    """Read the arguments and print a table for each set."""
    parser = parser_of_sets(__doc__, seeds=[1, 2, 3])
    parser.add_argument("--limit", type=int, default=8000, help="pairs that are scored")
    arguments = parser.parse_args()
    try:
        for name in arguments.sets:
            study(name, arguments.seeds, arguments.limit, arguments.threads)
    except FileNotFoundError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
