"""The simulated shop: its shape, its determinism, and that it holds what it promises."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from likewise.errors import InputError
from likewise.simulation import process
from likewise.simulation.shop import Shop, simulate
from likewise.simulation.words import DEPARTMENTS, LANGUAGES
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(n_items=1500, n_sessions=6000, seed=3)


def names(shop: Shop) -> list[str]:
    return shop.catalogue["name"].to_pylist()


def test_words_are_complete():
    leaves = [kind.leaf for department in DEPARTMENTS for kind in department.types]
    assert len(set(leaves)) == len(leaves) == 96
    for department in DEPARTMENTS:
        assert len(department.materials) == len(department.uses) == 6
        assert department.sizes
        for words in (*department.materials, *department.uses):
            assert len(words) == len(LANGUAGES)
        for kind in department.types:
            assert len(kind.words) == len(LANGUAGES)
            assert all(other in leaves and other != kind.leaf for other in kind.accessories)


def test_same_seed_same_shop(shop):
    again = simulate(n_items=1500, n_sessions=6000, seed=3)
    assert again.catalogue.equals(shop.catalogue)
    assert again.events.equals(shop.events)
    assert np.array_equal(again.truth.intent, shop.truth.intent)
    other = simulate(n_items=1500, n_sessions=6000, seed=4)
    assert not other.catalogue.equals(shop.catalogue)
    assert not np.array_equal(other.items[:100], shop.items[:100])


def test_catalogue_does_not_depend_on_history(shop):
    assert simulate(n_items=1500, n_sessions=10, seed=3).catalogue.equals(shop.catalogue)


def test_catalogue(shop):
    table = shop.catalogue
    assert table.column_names == ["item_id", "category", "name"]
    ids = table["item_id"].to_pylist()
    assert len(set(ids)) == len(ids) == 1500
    assert all(names(shop))
    levels = [
        0 if path is None else path.count(" > ") + 1 for path in table["category"].to_pylist()
    ]
    shares = np.bincount(levels, minlength=4) / 1500
    assert shares[1] == 0
    assert 0 < shares[0] < 0.03
    assert 0.2 < shares[2] < 0.3


def test_events(shop):
    table = shop.events
    assert table.column_names == ["session_id", "item_id", "timestamp", "event"]
    session = table["session_id"].to_numpy()
    seconds = table["timestamp"].cast("int64").to_numpy()
    within = session[1:] == session[:-1]
    assert (np.diff(session) >= 0).all()
    assert (np.diff(seconds)[within] > 0).all()
    starts = seconds[shop.offsets[:-1]]
    assert (np.diff(starts) >= 0).all()
    ids = np.array(shop.catalogue["item_id"].to_pylist())
    assert table["item_id"].to_pylist() == ids[shop.items].tolist()
    kinds = table["event"].value_counts().to_pylist()
    assert [kind["values"] for kind in sorted(kinds, key=lambda kind: -kind["counts"])] == [
        "view",
        "cart",
        "purchase",
    ]


def test_sessions(shop):
    lengths = np.diff(shop.offsets)
    assert lengths.min() == 2
    assert lengths.max() <= 200
    assert 8.5 < lengths.mean() < 9.5
    assert 4.7 < np.diff(simulate(50, 4000, mean_length=5).offsets).mean() < 5.3
    assert np.diff(simulate(50, 40, mean_length=2).offsets).tolist() == [2] * 40
    intent = shop.truth.intent[shop.items]
    within = np.ones(len(intent) + 1, bool)
    within[shop.offsets] = False
    within = within[1:-1]
    stays = (intent[1:] == intent[:-1])[within].mean()
    assert 0.7 < stays < 0.85
    repeats = (shop.items[1:] == shop.items[:-1])[within].mean()
    assert repeats < 0.03


def test_new_items_have_no_events(shop):
    counts = np.bincount(shop.items, minlength=1500)
    assert shop.truth.is_new.sum() == 150
    assert not counts[shop.truth.is_new].any()
    sold = counts[~shop.truth.is_new]
    assert (sold > 0).mean() > 0.95
    assert not simulate(50, 10, new_items=0).truth.is_new.any()


def test_popularity_is_uneven(shop):
    counts = np.sort(np.bincount(shop.items, minlength=1500))[::-1]
    assert counts[:150].sum() > 0.4 * counts.sum()
    assert counts[:150].sum() < 0.9 * counts.sum()
    truth = shop.truth
    assert np.allclose(np.bincount(truth.intent, truth.popularity), 1)
    assert np.isclose(truth.intent_popularity.sum(), 1)
    each = np.bincount(truth.intent[shop.items], minlength=truth.n_intents)
    assert np.corrcoef(each, truth.intent_popularity)[0, 1] > 0.8


def test_complements_are_looked_at_together(shop):
    truth = shop.truth
    partner = truth.complements
    assert partner.shape == (truth.n_intents, 3)
    assert (truth.intent_type[partner] != truth.intent_type[:, None]).all()

    def follows(shop: Shop) -> float:
        intent = shop.truth.intent[shop.items]
        within = np.ones(len(intent) + 1, bool)
        within[shop.offsets] = False
        before, after = intent[:-1][within[1:-1]], intent[1:][within[1:-1]]
        return float((shop.truth.complements[before] == after[:, None]).any(axis=1).mean())

    never = simulate(n_items=1500, n_sessions=6000, seed=3, excursions=0)
    often = simulate(n_items=1500, n_sessions=6000, seed=3, excursions=0.2)
    assert follows(never) + 0.03 < follows(shop) < follows(often) - 0.08


# --- baskets --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baskets() -> Shop:
    return simulate(n_items=1500, n_sessions=6000, seed=3, baskets=True)


def test_baskets_are_sets_of_one_time(shop, baskets):
    lengths = np.diff(baskets.offsets)
    basket = np.repeat(np.arange(6000), lengths)
    assert len(lengths) == 6000
    assert lengths.min() >= 1
    assert 6 < lengths.mean() < 9
    assert len(np.unique(basket * 1500 + baskets.items)) == len(baskets.items)
    table = baskets.events
    assert table.schema == shop.events.schema
    seconds = table["timestamp"].cast("int64").to_numpy()
    assert (np.diff(seconds)[basket[1:] == basket[:-1]] == 0).all()
    assert (np.diff(seconds) >= 0).all()
    assert len(np.unique(seconds)) > 5000
    assert set(table["event"].to_pylist()) == {"purchase"}
    again = simulate(n_items=1500, n_sessions=6000, seed=3, baskets=True)
    assert again.events.equals(table)
    assert baskets.catalogue.equals(shop.catalogue)  # the same shop, seen otherwise
    assert not np.bincount(baskets.items, minlength=1500)[baskets.truth.is_new].any()


def together(shop: Shop) -> np.ndarray:
    """In how many sessions two items are, (n_items, n_items)."""
    there = np.zeros((len(shop.offsets) - 1, len(shop.truth.intent)), np.float32)
    there[np.repeat(np.arange(len(there)), np.diff(shop.offsets)), shop.items] = 1
    counts = there.T @ there
    np.fill_diagonal(counts, 0)
    return counts


def test_baskets_hold_complements_and_staples(baskets):
    truth, counts = baskets.truth, together(baskets)
    staples = np.flatnonzero(truth.is_staple)
    assert len(staples) == 15
    assert len(set(truth.intent[staples].tolist())) == 15  # one of a purpose
    assert 0.1 < truth.is_staple[baskets.items].mean() < 0.25
    others = counts.sum(axis=1)[:, None] * counts.sum(axis=0) / counts.sum()

    def more_than_by_chance(which: np.ndarray) -> float:
        return float(counts[which].sum() / others[which].sum())

    partners = truth.complements[truth.intent]
    goes_with = (partners[:, :, None] == truth.intent).any(axis=1)
    same = truth.intent[:, None] == truth.intent
    assert more_than_by_chance(goes_with) > 1.5
    assert more_than_by_chance(same) > 1.5
    assert more_than_by_chance(~goes_with & ~same) < 1.0
    # A staple goes with anything alike; any other item with some.
    spread = (counts > 0).mean(axis=1)
    assert spread[staples].min() > np.quantile(spread, 0.97)


def test_customers_buy_the_same_things_again(monkeypatch):
    """Pairs that nothing else joins are in several baskets; without such habits in fewer."""
    often = []
    for chance in (process._AGAIN, 0.0):
        monkeypatch.setattr(process, "_AGAIN", chance)
        made = simulate(n_items=1500, n_sessions=6000, seed=3, baskets=True)
        truth, counts = made.truth, together(made)
        expected = counts.sum(axis=1)[:, None] * counts.sum(axis=0) / counts.sum()
        goes_with = (truth.complements[truth.intent][:, :, None] == truth.intent).any(axis=1)
        alike = goes_with | goes_with.T | (truth.intent[:, None] == truth.intent)
        often.append((counts[~alike & (expected < 0.3)] >= 3).sum())
    assert often[0] > 1.3 * often[1]


def test_only_baskets_have_no_order(shop, baskets):
    """By one time for a basket, and by the data, whatever the size of the shop."""
    assert Sessions.read(shop.events).order == "time"
    assert Sessions.read(baskets.events).order == "none"
    for n_items, n_sessions, seed in ((300, 1500, 1), (1500, 6000, 2), (4000, 20_000, 3)):
        for is_baskets in (False, True):
            made = simulate(n_items, n_sessions, seed=seed, baskets=is_baskets)
            plain = Catalogue.from_arrays(made.catalogue["item_id"].to_pylist())
            sessions = Sessions.from_arrays(made.items, made.offsets, plain)
            assert sessions.order == ("none" if is_baskets else "time")


def test_visits_have_no_staples(shop):
    assert not shop.truth.is_staple.any()
    assert not shop.baskets


@pytest.mark.parametrize("n_items", [10, 11, 60])
def test_tiny_baskets(n_items):
    made = simulate(n_items, 5, items_per_intent=2, new_items=0.9, baskets=True)
    assert made.events.num_rows == len(made.items) == made.offsets[-1]
    assert made.truth.is_staple.sum() == 2


def test_known_pairs_go_together():
    truth = simulate(4000, 10, seed=2, items_per_intent=10).truth
    assert set(truth.intent_type.tolist()) == set(range(96))
    kind = truth.types.index("Printers")
    goes_with = truth.intent_type[truth.complements[truth.intent_type == kind]]
    sold = {truth.types[place] for place in goes_with.ravel()}
    assert sold == {"Ink Cartridges", "Printer Paper"}


def test_hidden_intents_share_their_words():
    shown = simulate(3000, 10, hidden_intents=0.0).truth
    assert shown.intent_visible.all()
    hidden = simulate(3000, 10, hidden_intents=1.0).truth
    assert hidden.intent_visible.mean() < 0.1


def word_neighbours(shop: Shop, queries: np.ndarray, k: int = 10) -> np.ndarray:
    """Nearest items by the share of common words, popular words counting less."""
    bags = [
        {*name.lower().split(), *(path or "").lower().split(" > ")}
        for name, path in zip(names(shop), shop.catalogue["category"].to_pylist(), strict=True)
    ]
    places = {word: place for place, word in enumerate(sorted(set().union(*bags)))}
    matrix = np.zeros((len(bags), len(places)), np.float32)
    for row, bag in enumerate(bags):
        matrix[row, [places[word] for word in bag]] = 1
    matrix *= np.log(len(bags) / matrix.sum(axis=0))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    scores = matrix[queries] @ matrix.T
    scores[np.arange(len(queries)), queries] = -1
    return np.argsort(-scores, axis=1)[:, :k]


def test_names_tell_much_but_not_all():
    shop = simulate(n_items=1500, n_sessions=10, seed=3, items_per_intent=20, hidden_intents=0.5)
    new = np.flatnonzero(shop.truth.is_new)
    answers = word_neighbours(shop, new)
    by_words, by_chance = shop.same_intent(answers, new), 1 / shop.truth.n_intents
    assert 10 * by_chance < by_words < 0.7
    visible = shop.truth.intent_visible[shop.truth.intent[new]]
    of_hidden = shop.same_intent(answers[~visible], new[~visible])
    of_visible = shop.same_intent(answers[visible], new[visible])
    assert of_hidden < 0.8 * of_visible


def test_languages(shop):
    shares = np.bincount(shop.truth.language) / 1500
    assert 0.5 < shares[0] < 0.7
    assert (shares[1:] > 0.08).all()
    turkish = simulate(200, 10, languages=("tr",))
    assert set(turkish.truth.language.tolist()) == {LANGUAGES.index("tr")}
    assert any(set("ığşçöü") & set(name.lower()) for name in names(turkish))


@pytest.mark.parametrize("words", [4, 8, 12])
def test_name_words(words):
    lengths = [len(name.split()) for name in names(simulate(400, 10, name_words=words))]
    assert min(lengths) >= words
    short = [len(name.split()) for name in names(simulate(400, 10))]
    assert np.mean(short) < 9


def test_no_row_is_lost_when_a_name_shows_little():
    # 30,000 names have a few that show no attribute at all; they must show their type
    shop = simulate(30000, 1, languages="en")
    assert shop.catalogue.num_rows == 30000
    assert min(len(name) for name in names(shop)) > 1


def test_same_intent(shop):
    intent = shop.truth.intent
    order = np.argsort(intent, kind="stable")
    right = np.empty((1500, 1), np.int64)
    right[order, 0] = np.roll(order, 1)
    assert shop.same_intent(right) == (intent[right[:, 0]] == intent).mean()
    assert shop.same_intent(right) > 0.95
    half = np.column_stack([np.arange(1500), np.full(1500, -1)])
    assert shop.same_intent(half) == 1.0
    assert shop.same_intent([[7]], [7]) == 1.0
    assert shop.goes_with([[7]], [7]) == 0.0
    partner = int(np.flatnonzero(intent == shop.truth.complements[intent[7], 1])[0])
    assert shop.goes_with([[partner, 7]], [7]) == 0.5
    assert np.isnan(shop.same_intent([[-1]], [7]))


@pytest.mark.parametrize(
    ("neighbours", "queries", "message"),
    [
        ([1, 2], None, r"neighbours must be of shape \(n, k\), got \(2,\)"),
        ([[1], [2]], None, r"queries must be of shape \(2,\), got \(1500,\)"),
        ([[1], [2]], [1], r"queries must be of shape \(2,\), got \(1,\)"),
    ],
)
def test_same_intent_shapes(shop, neighbours, queries, message):
    with pytest.raises(InputError, match=message):
        shop.same_intent(neighbours, queries)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_items": 9}, "n_items must be at least 10, got 9"),
        ({"n_items": 2.5}, "n_items must be a whole number, got 2.5"),
        ({"n_sessions": 0}, "n_sessions must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"mean_length": 1.5}, "mean_length must be from 2 to 50, got 1.5"),
        ({"mean_length": float("nan")}, "mean_length must be from 2 to 50, got nan"),
        ({"new_items": 1.0}, "new_items must be from 0 to 0.9, got 1.0"),
        ({"items_per_intent": 1.0}, "items_per_intent must be from 2 to inf, got 1.0"),
        ({"hidden_intents": 2}, "hidden_intents must be from 0 to 1, got 2"),
        ({"drift": -0.1}, "drift must be from 0 to 1, got -0.1"),
        ({"drift": 0.5, "jumps": 0.6}, r"drift \+ excursions \+ jumps must be from 0 to 1"),
        ({"languages": ("en", "xx")}, "languages must be of en, de, tr, es; got 'xx'"),
        ({"languages": ()}, "languages must be of en, de, tr, es; got none"),
        ({"name_words": -1}, "name_words must be at least 0, got -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate(**arguments)


@pytest.mark.parametrize("n_items", [10, 11, 60])
def test_tiny_shops(n_items):
    shop = simulate(n_items, 5, items_per_intent=2, new_items=0.9)
    assert shop.catalogue.num_rows == n_items
    assert shop.events.num_rows == len(shop.items)
    assert repr(shop).startswith(f"Shop({n_items} items")


def test_more_intents_than_words():
    # beyond 36 intents of a type, names of collections tell them apart
    shop = simulate(16000, 5, items_per_intent=2)
    assert shop.truth.n_intents == 8000
    assert shop.catalogue.num_rows == 16000


def test_write(shop, tmp_path):
    events, products = shop.write(tmp_path / "shop")
    assert pq.read_table(products).equals(shop.catalogue)
    assert pq.read_table(events).num_rows == len(shop.items)
