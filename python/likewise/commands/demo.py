"""``likewise demo``: a simulated shop from its first event to a saved, evaluated model.

Owns what the demonstration shows and in which order. Everything is done through the public API,
as a shop's engineer would, except for the truth that only a simulation knows.
"""

from __future__ import annotations

import contextlib
import shlex
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from likewise.commands.options import (
    command,
    option,
    output_option,
    quiet_option,
    seed_option,
    threads_option,
)
from likewise.commands.output import print_labelled, print_text, print_trained
from likewise.display.tables import table
from likewise.display.terminal import cut, terminal_width
from likewise.errors import StorageError
from likewise.evaluation.evaluation import Evaluation, evaluate
from likewise.levels import JOIN, leaf_of, levels_of
from likewise.model.model import Model, save, train
from likewise.options import Options
from likewise.report.report import write_report
from likewise.search.matches import BatchMatches, Matches
from likewise.simulation.names import TYPES
from likewise.simulation.shop import Shop, simulate
from likewise.simulation.words import DEPARTMENTS
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions
from likewise.work.progress import TrainingProgress, WorkProgress
from likewise.work.replacing import whole_file

__all__ = ["demo"]

_EVENTS, _PRODUCTS = "events.parquet", "products.parquet"
_MODEL, _REPORT = "model", "report.html"
_FILES = {_EVENTS, _PRODUCTS, _MODEL, _REPORT}
_WIDTH = 100
_SHOWN = 5


@command(
    "demo",
    short_help="Simulate a shop, train on it, show what is found.",
    examples="""
likewise demo
likewise demo --output big-shop --items 10000 --sessions 100000
likewise demo --baskets
""",
)
@output_option(
    "Folder for the simulated data and the model.", default="likewise-demo", show_default=True
)
@option("--items", type=click.IntRange(200), default=5000, show_default=True,
        help="Size of the catalogue.")  # fmt: skip
@option("--sessions", type=click.IntRange(1000), default=60000, show_default=True,
        help="Size of the history.")  # fmt: skip
@option("--baskets", is_flag=True, help="Sessions are baskets, which have no order.")
@seed_option("Another seed, another shop.", most=None)
@threads_option()
@quiet_option
def demo(
    output: Path, items: int, sessions: int, baskets: bool, seed: int, threads: int, quiet: bool
) -> None:
    """Simulate a shop, train on it, show what is found, and evaluate it.

    Takes about a minute. No data is needed and none is downloaded.
    """
    began = time.monotonic()
    options = Options(threads=threads, seed=seed)
    with _folder(output):
        # More and smaller groups of alike items than by default: the lists below become varied.
        shop = simulate(items, sessions, seed=seed, items_per_intent=25.0, baskets=baskets)
        new = int(shop.truth.is_new.sum())
        print_text(
            f"A simulated shop: {items:,} items in {len(DEPARTMENTS)} departments, with names in "
            f"{len(set(shop.truth.language.tolist()))} languages.",
            f"{sessions:,} {'baskets bought there' if baskets else 'visits to it'}; {new:,} items "
            "are new and nobody has seen them yet.",
            "",
        )
        catalogue = Catalogue.read(shop.catalogue)
        history = Sessions.read(shop.events, catalogue)
        print_labelled("catalogue", str(catalogue.report))
        print_labelled("sessions", str(history.report))
        with TrainingProgress(quiet=quiet) as progress:
            model = train(history, catalogue, options, progress=progress)
        _write(output, shop, model)
    print_trained(model, output / _MODEL)
    _show_answers(shop, model, catalogue)
    found = _show_evaluation(history, catalogue, options, quiet)
    missing = _write_report(output, model, history, found, seed, quiet)
    _show_next(output, shop, model, missing, time.monotonic() - began)


@contextlib.contextmanager
def _folder(output: Path) -> Iterator[None]:
    """Make the folder before the work, and take it away again when the work fails."""
    made = False
    try:
        if not output.exists():
            output.mkdir()
            made = True
        elif not output.is_dir() or {path.name for path in output.iterdir()} - _FILES:
            raise StorageError(
                f"cannot write {output}: it is there and is not the folder of a demonstration; "
                "choose another --output"
            )
        yield
    except OSError as error:
        if isinstance(error, StorageError | BrokenPipeError):
            raise
        raise StorageError(f"cannot write {output}: {error.strerror or error}") from error
    finally:
        if made:
            with contextlib.suppress(OSError):  # not empty: the demonstration succeeded
                output.rmdir()


def _write(output: Path, shop: Shop, model: Model) -> None:
    fresh = [name for name in (_EVENTS, _PRODUCTS) if not (output / name).exists()]
    try:
        for name, rows in ((_EVENTS, shop.events), (_PRODUCTS, shop.catalogue)):
            with whole_file(output / name) as draft:
                pq.write_table(rows, draft, compression="zstd")
        save(model, output / _MODEL)
    except BaseException:
        for name in fresh:
            (output / name).unlink(missing_ok=True)
        raise


# --- answers --------------------------------------------------------------------------------------


def _show_answers(shop: Shop, model: Model, catalogue: Catalogue) -> None:
    warm = _popular(shop, catalogue, new=False)
    departments = {_levels(catalogue, item)[0] for item in warm[:3]}
    cold = _popular(shop, catalogue, new=True)
    cold.sort(key=lambda item: _levels(catalogue, item)[0] in departments)  # others first
    _heading("Similar items, for items with history")
    for item in warm[:3]:
        _show(shop, model, _similar(model, catalogue, item), item)
    _heading("Similar items, for new ones: no event has them, their name and category must do")
    for item in cold[:2]:
        _show(shop, model, _similar(model, catalogue, item), item)
    name, category, kind = _invented(shop)
    found = model.similar(name=name, category=category, k=_SHOWN)
    assert isinstance(found, Matches)
    alike = _types(shop, found.positions) == kind
    _show_table(f'"{name}"', f"{category}; not in the catalogue", found, alike, "kind")
    _show_shares(shop, model, catalogue)
    _heading("Goes with: items that are looked at along with one, of other kinds than its own")
    for item in warm[:3]:
        goes = _complements(model, catalogue, item)
        _show_table(*_titles(model, item), goes, _fits(shop, item, goes.positions), "fits")
    _show_fitting(shop, model, catalogue)


def _similar(model: Model, catalogue: Catalogue, item: int) -> Matches:
    return cast(Matches, model.similar(str(catalogue.ids[item]), _SHOWN))


def _complements(model: Model, catalogue: Catalogue, item: int) -> Matches:
    """Ask for what goes with an item among the items of another category at the lowest level."""
    paths = catalogue.categories
    known = pc.equal(pc.count_substring(paths, JOIN), 2)
    others = pc.not_equal(paths, paths[item])
    where = pc.and_(known, others).fill_null(False).to_numpy(zero_copy_only=False)
    return cast(Matches, model.complements(str(catalogue.ids[item]), _SHOWN, where=where))


def _popular(shop: Shop, catalogue: Catalogue, *, new: bool) -> list[int]:
    """Return an item of each department: the one seen most, or a new one of the most seen kind."""
    seen = np.bincount(shop.items, minlength=len(catalogue))
    if new:
        seen = np.bincount(shop.truth.intent, seen)[shop.truth.intent].astype(np.int64)
    chosen: dict[str, int] = {}
    for item in np.argsort(-seen, kind="stable").tolist():
        levels = _levels(catalogue, item)
        if len(levels) == 3 and bool(shop.truth.is_new[item]) == new:
            chosen.setdefault(levels[0], item)
    return list(chosen.values())


def _levels(catalogue: Catalogue, item: int) -> list[str]:
    path: str | None = catalogue.categories_of(np.array([item]))[0].as_py()
    return levels_of(path)


def _types(shop: Shop, items: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the true product type of items: mug, teapot."""
    types: npt.NDArray[np.int32] = shop.truth.intent_type[shop.truth.intent[items]]
    return types


def _invented(shop: Shop) -> tuple[str, str, int]:
    """Name an item that is not in the catalogue, its category and its type.

    It is of the commonest type of the first department that the shop has.
    """
    counts = np.bincount(_types(shop, np.arange(len(shop.truth.intent))), minlength=len(TYPES))
    kind = min(np.flatnonzero(counts).tolist(), key=lambda t: (TYPES[t][0], -counts[t]))
    place, product = TYPES[kind]
    department = DEPARTMENTS[place]
    path = JOIN.join([department.name, product.subcategory, product.leaf])
    return f"{department.materials[0][0]} {product.words[0]}", path, kind


def _fits(shop: Shop, item: int, found: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Tell which items are of a type that goes with the item."""
    partners = shop.truth.intent_type[shop.truth.complements[shop.truth.intent[item]]]
    return np.isin(_types(shop, found), partners)


def _titles(model: Model, item: int) -> tuple[str, str]:
    catalogue = model.catalogue
    count = int(model.counts[item])
    seen = f"seen {count:,} times" if count else "new, never seen"
    return (
        f"{catalogue.ids[item]}  {catalogue.names[item]}",
        f"{catalogue.categories_of(np.array([item]))[0]}; {seen}",
    )


def _show(shop: Shop, model: Model, found: Matches, item: int) -> None:
    alike = shop.truth.intent[found.positions] == shop.truth.intent[item]
    _show_table(*_titles(model, item), found, alike, "alike")


def _show_table(
    title: str, about: str, found: Matches, right: npt.NDArray[np.bool_], label: str
) -> None:
    rows = [
        [str(rank), f"{score:.3f}", "yes" if true else "-", item_id, name or "", leaf_of(category)]
        for rank, ((item_id, score, name), category, true) in enumerate(
            zip(zip(found.ids, found.scores.tolist(), found.names, strict=True),
                found.categories, right.tolist(), strict=True), 1)
    ]  # fmt: skip
    width = _width()
    print_text(
        cut(title, width),
        cut(about, width),
        table(
            ["", "score", label, "id", "name", "category"], rows,
            right=(0, 1), flexible=(4, 5), width=width, indent="  ",
        ),
        "",
    )  # fmt: skip


def _show_shares(shop: Shop, model: Model, catalogue: Catalogue) -> None:
    """Say how often neighbours are really alike, over all items."""
    k = 10
    shares = []
    for new in (False, True):
        items = np.flatnonzero(shop.truth.is_new == new)
        found = model.similar(catalogue.ids.take(pa.array(items)), k)
        assert isinstance(found, BatchMatches)
        shares.append(shop.same_intent(found.positions, items))
    sizes = np.bincount(shop.truth.intent) / len(catalogue)
    chance = float((sizes**2).sum())
    _paragraph(
        f"alike: wanted for the same purpose, which is known because the shop is simulated (kind: "
        f"the same kind of product). Over all items, {shares[0]:.0%} of the {k} most similar are "
        f"alike for those with history, {shares[1]:.0%} for new ones, and {chance:.0%} of items "
        f"drawn by chance. Purposes may differ in what no name shows."
    )


def _show_fitting(shop: Shop, model: Model, catalogue: Catalogue) -> None:
    """Say how often answers are really accessories, over a sample of items."""
    rng = np.random.default_rng(0)
    warm = np.flatnonzero(~shop.truth.is_new)
    sample = rng.choice(warm, min(200, len(warm)), replace=False).tolist()
    fitting = np.concatenate(
        [_fits(shop, item, _complements(model, catalogue, item).positions) for item in sample]
    )
    chance = np.mean([_fits(shop, item, warm).mean() for item in sample])
    _paragraph(
        f"fits: an accessory of such items, as the simulation has it. Over all items with history "
        f"{fitting.mean():.0%} of the {_SHOWN} best answers fit, {chance:.0%} of items drawn by "
        f"chance."
    )


# --- evaluation -----------------------------------------------------------------------------------


def _show_evaluation(
    history: Sessions, catalogue: Catalogue, options: Options, quiet: bool
) -> list[Evaluation]:
    k = 20
    found: list[Evaluation] = []
    for split in ("last", "cold"):
        with TrainingProgress(f"training without what is held out ({split})", quiet) as progress:
            found.append(evaluate(history, catalogue, options, split, k, progress=progress))
    # Baselines choose other settings in each split: what stands in brackets is left out.
    hits = {
        (row.system.partition(" (")[0], row.kind): row.hr for result in found for row in result.rows
    }
    kinds = list(dict.fromkeys(kind for _, kind in hits))
    names = {
        "likewise similar": "likewise, similar",
        "likewise center-context": "likewise, complements",
        "likewise center-center": "likewise, center vectors alone",
    }
    rows = [
        [names.get(system, system), *(f"{hits[system, kind]:.3f}" for kind in kinds)]
        for system in dict.fromkeys(system for system, _ in hits)
    ]
    _heading(f"HR@{k}: how often the item looked at next is among the {k} best")
    print_text(
        table(["", *kinds], rows, right=range(1, len(kinds) + 1), width=_width(), indent="  "),
        "",
        "warm:        both items have history; the last item of a session was held out",
        "cold query:  the item asked about was taken out of all history",
        "cold target: the item to be found was taken out of all history",
    )
    return found


def _write_report(
    output: Path,
    model: Model,
    history: Sessions,
    found: list[Evaluation],
    seed: int,
    quiet: bool,
) -> str:
    """Write the report beside the model; return what to install where that cannot be done."""
    try:
        with WorkProgress("report", quiet) as progress:
            write_report(
                model, output / _REPORT, sessions=history, evaluations=found,
                title="A simulated shop", seed=seed, progress=progress,
            )  # fmt: skip
    except ImportError as error:
        if "pip install" not in str(error):
            raise
        # A report of an earlier demonstration would be one of another model.
        (output / _REPORT).unlink(missing_ok=True)
        return str(error)
    return ""


def _show_next(output: Path, shop: Shop, model: Model, missing: str, seconds: float) -> None:
    folder = shlex.quote(str(output))
    warm = _popular(shop, model.catalogue, new=False)
    name, category, _ = _invented(shop)
    _heading("Written")
    print_text(
        f"  {output / _MODEL}  the model",
        f"  {output / _EVENTS} and {_PRODUCTS}  what it was trained on",
        f"  no report: {missing}"
        if missing
        else f"  {output / _REPORT}  all of this and more to look at: open it in a browser",
    )
    _heading("Try next")
    print_text(
        f"  likewise similar {folder}/{_MODEL} --id {model.catalogue.ids[warm[0]]}",
        f'  likewise similar {folder}/{_MODEL} --name "{name}" \\',
        f'      --category "{category}"',
        f"  likewise train {folder}/{_EVENTS} {folder}/{_PRODUCTS} \\",
        "      -o my-model --context content",
        "  likewise train YOUR-EVENTS YOUR-CATALOGUE -o my-model",
        "",
        f"Done in {seconds:.0f} s.",
    )


def _paragraph(text: str) -> None:
    print_text(*textwrap.wrap(text, _width()))


def _heading(text: str) -> None:
    print_text("", text, "=" * min(len(text), _width()), "")


def _width() -> int:
    return min(_WIDTH, terminal_width(_WIDTH))
