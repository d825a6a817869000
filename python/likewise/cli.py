"""The command ``likewise``: demo, train, similar, complements, encode, evaluate, info.

Owns the verbs: what each reads, does and prints. How options are spelled is in _cli_options.py,
how output and errors look in _cli_output.py, the demonstration in _demo.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from likewise import __version__, kernels
from likewise._cli_options import (
    CATALOGUE_COLUMNS,
    EVENT_COLUMNS,
    Command,
    Option,
    column_options,
    columns_given,
    options_given,
    session_options,
    training_options,
)
from likewise._cli_output import (
    Group,
    TrainingProgress,
    check_model_place,
    print_json,
    print_labelled,
    print_text,
    print_trained,
    refusals,
    whole_file,
)
from likewise._demo import run_demo
from likewise.catalogue import Catalogue
from likewise.evaluation import evaluate as evaluate_model
from likewise.index import Index
from likewise.matches import Matches
from likewise.model import Model
from likewise.options import Options
from likewise.sessions import Sessions
from likewise.storage import load, save
from likewise.training import train as train_model

__all__ = ["main"]

# Items encoded and written at once: one row group of the Parquet file.
_ROW_GROUP = 1 << 16

_EXISTING = click.Path(path_type=Path)
_quiet = click.option("--quiet", "-q", is_flag=True, cls=Option, help="Show no progress.")
_json = click.option(
    "--json", "as_json", is_flag=True, cls=Option, help="Print JSON for other programs."
)


@click.group(
    cls=Group,
    invoke_without_command=True,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="likewise %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Similar products from names, categories and sessions.

    Files are Parquet, CSV, TSV or JSON lines, or a glob of them in quotes. Results go to standard
    output, progress to standard error. Exit code 0: done; 1: something is wrong with the data or
    the model; 2: with the command line; 130: interrupted.
    """
    if context.invoked_subcommand is None:
        print_text(context.get_help())


@main.command(
    cls=Command,
    short_help="Simulate a shop, train on it, show what is found.",
    examples="""
likewise demo
likewise demo --output big-shop --items 10000 --sessions 100000
""",
)
@click.option(
    "--output",
    "-o",
    type=_EXISTING,
    default=Path("likewise-demo"),
    show_default=True,
    cls=Option,
    help="Folder for the simulated data and the model.",
)
@click.option(
    "--items",
    type=click.IntRange(200),
    default=3000,
    show_default=True,
    cls=Option,
    help="Size of the catalogue.",
)
@click.option(
    "--sessions",
    type=click.IntRange(1000),
    default=30000,
    show_default=True,
    cls=Option,
    help="Size of the history.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    cls=Option,
    help="Another seed, another shop.",
)
@click.option(
    "--threads", type=click.IntRange(0), default=0, show_default=True, cls=Option,
    help="Workers; 0 takes the cores there are.",
)  # fmt: skip
@_quiet
def demo(output: Path, items: int, sessions: int, seed: int, threads: int, quiet: bool) -> None:
    """Simulate a shop, train on it, show what is found, and evaluate it.

    Takes about a minute. No data is needed and none is downloaded.
    """
    run_demo(output, items=items, sessions=sessions, seed=seed, threads=threads, quiet=quiet)


@main.command(
    cls=Command,
    short_help="Train a model on events and a catalogue.",
    examples="""
likewise train events.parquet products.parquet -o model
likewise train 'events/2024-*.csv.gz' products.csv -o model --gap 30m --timestamp-column time
likewise train events.parquet products.parquet -o model --epochs 5 --dim 64 --context content
likewise train events.parquet -o model --no-content        (item ids alone: plain item2vec)
""",
)
@click.argument("events")
@click.argument("catalogue", required=False)
@click.option(
    "--output", "-o", type=_EXISTING, required=True, cls=Option,
    help="Folder for the model; a model that is there is replaced.",
)  # fmt: skip
@session_options
@_json
@_quiet
@training_options
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
def train(
    events: str, catalogue: str | None, output: Path, as_json: bool, quiet: bool, **values: Any
) -> None:
    """Train a model on EVENTS and CATALOGUE.

    EVENTS has a row for everything a customer looked at: session_id, item_id, timestamp.
    CATALOGUE has a row for every item: item_id, category (levels joined by " > "), name. Items
    without events get vectors too.
    """
    options = options_given(values)
    if catalogue is None and options.content:
        raise click.UsageError("CATALOGUE is missing; without one only --no-content can be trained")
    check_model_place(output)
    items, sessions = _read(events, catalogue, values, say=not as_json)
    with TrainingProgress(quiet=quiet) as progress:
        model = train_model(sessions, items, options, progress=progress)
    save(model, output)
    last = model.history[-1]
    speed = last["pairs_done"] / max(last["seconds"], 1e-9)
    if as_json:
        return print_json(
            {
                "model": str(output),
                "catalogue": _report(model.catalogue.report),
                "sessions": _report(sessions.report),
                "seconds": last["seconds"],
                "pairs": last["pairs_done"],
                "pairs_per_second": speed,
                "loss_per_pair": last["loss_per_pair"],
                "kernels": kernels(),
                **{key: model.info()[key] for key in ("items", "warm_items", "bytes", "options")},
            }
        )
    print_trained(model, output)


def _read(
    events: str, catalogue: str | None, values: dict[str, Any], *, say: bool
) -> tuple[Catalogue | None, Sessions]:
    """Read what is trained on, and say what was read and what dropped."""
    event_columns: dict[str, Any] = columns_given(values, *EVENT_COLUMNS)
    item_columns = columns_given(values, *CATALOGUE_COLUMNS)
    items = None if catalogue is None else Catalogue.read(catalogue, **item_columns)
    if say and items is not None:
        print_labelled("catalogue", str(items.report))
    sessions = Sessions.read(events, items, **event_columns, **values)
    if say:
        print_labelled("sessions", str(sessions.report))
    return items, sessions


def _report(report: Any) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__dataclass_fields__}


# --- questions ------------------------------------------------------------------------------------


def _question(verb: str, short: str, about: str) -> click.Command:
    """Make the command ``similar`` or ``complements``: one question, two sides of the model."""

    @main.command(
        verb,
        cls=Command,
        short_help=short,
        help=f"{about}\n\nAsk by item id, or by name and category of an item that need not exist.",
        examples=f"""
likewise {verb} model --id B000X
likewise {verb} model --id B000X --id B000Y -k 5 --json
likewise {verb} model --name "red rubber ball" --category "Pets > Dogs > Toys"
likewise {verb} model --id B000X --catalogue other-shop.parquet
""",
    )
    @click.argument("model", type=_EXISTING)
    @click.option(
        "--id", "ids", multiple=True, metavar="ID", cls=Option,
        help="Item to ask about; several times for several.",
    )  # fmt: skip
    @click.option("--name", metavar="TEXT", cls=Option, help="What an item is called.")
    @click.option(
        "--category", metavar="PATH", cls=Option, help='Where it belongs: "Pets > Dogs > Toys".'
    )
    @click.option(
        "-k", type=click.IntRange(1), default=10, show_default=True, cls=Option,
        help="Answers for each item.",
    )  # fmt: skip
    @click.option(
        "--catalogue", metavar="FILE", cls=Option,
        help="Answer with items of this catalogue instead of those of training.",
    )  # fmt: skip
    @_json
    @column_options(*CATALOGUE_COLUMNS)
    def command(
        model: Path,
        ids: tuple[str, ...],
        name: str | None,
        category: str | None,
        k: int,
        catalogue: str | None,
        as_json: bool,
        **values: Any,
    ) -> None:
        by_text = name is not None or category is not None
        if bool(ids) == by_text:
            raise click.UsageError("ask by --id, or by --name and --category")
        loaded = load(model)
        index = None
        side = "center" if verb == "similar" else "context"
        if catalogue is not None:
            with refusals():
                items = Catalogue.read(catalogue, **columns_given(values, *CATALOGUE_COLUMNS))
                index = loaded.index(items, side=side)
        answers = _ask(loaded, verb, ids, {"name": name, "category": category}, k, index)
        if as_json:
            asked: list[dict[str, Any]] = [{"id": item_id} for item_id in ids]
            if by_text:
                asked = [{"name": name, "category": category}]
            return print_json(
                [
                    {"query": query, "matches": found.to_dicts()}
                    for query, found in zip(asked, answers, strict=True)
                ]
            )
        print_text("\n\n".join(map(repr, answers)))

    made: click.Command = command
    return made


def _ask(
    model: Model,
    verb: str,
    ids: tuple[str, ...],
    text: dict[str, str | None],
    k: int,
    index: Index | None,
) -> list[Matches]:
    ask = getattr(model, verb)
    with refusals():
        if ids:
            return [ask(item_id, k, index=index) for item_id in ids]
        return [ask(k=k, index=index, **text)]


_question("similar", "Find the items most like one.", "Find the items most alike.")
_question(
    "complements",
    "Find what goes with an item.",
    "Find what goes with an item: seen or bought along with it.",
)


# --- the rest -------------------------------------------------------------------------------------


@main.command(
    cls=Command,
    short_help="Write vectors of any catalogue.",
    examples="""
likewise encode model products.parquet -o vectors.parquet
likewise encode model new-shop.csv -o vectors.parquet --item-id-column sku
""",
)
@click.argument("model", type=_EXISTING)
@click.argument("catalogue")
@click.option(
    "--output", "-o", type=_EXISTING, required=True, cls=Option,
    help="Parquet file: item_id, vector (list of float32), in the order of the catalogue.",
)  # fmt: skip
@click.option(
    "--side", type=click.Choice(["center", "context"]), default="center", show_default=True,
    cls=Option, help="Center vectors for similar items, context vectors for complements.",
)  # fmt: skip
@click.option(
    "--own-rows/--content-only", default=None, cls=Option,
    help="Items that were in training get their trained vector, or all that of their content "
    "alone. The latter, unless the model knows items by id only.",
)  # fmt: skip
@_json
@column_options(*CATALOGUE_COLUMNS)
def encode(
    model: Path,
    catalogue: str,
    output: Path,
    side: str,
    own_rows: bool | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Write a vector for every item of CATALOGUE, from its name and category; no events needed."""
    with whole_file(output, (".parquet", ".pq")) as draft:
        loaded = load(model)
        items = Catalogue.read(catalogue, **columns_given(values, *CATALOGUE_COLUMNS))
        with refusals():
            empty = _write_vectors(draft, loaded, items, side, own_rows)
    if as_json:
        return print_json(
            {
                "output": str(output),
                "items": len(items),
                "without_vector": empty,
                "dim": loaded.options.dim,
                "side": side,
                "catalogue": _report(items.report),
            }
        )
    print_labelled("catalogue", str(items.report))
    print_labelled(
        "vectors",
        f"{output}: {len(items):,} {side} vectors of {loaded.options.dim} dimensions"
        + (f"; {empty:,} items of which nothing is known are all zero" if empty else ""),
    )


def _write_vectors(
    path: Path, model: Model, items: Catalogue, side: str, own_rows: bool | None
) -> int:
    """Encode and write piece by piece; return how many items have no vector."""
    dim = model.options.dim
    schema = pa.schema(
        [
            pa.field("item_id", pa.large_string(), nullable=False),
            pa.field("vector", pa.list_(pa.field("item", pa.float32(), nullable=False), dim)),
        ],
        metadata={"likewise_version": __version__, "side": side},
    )
    empty = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(items), _ROW_GROUP):
            part = items.take(range(start, min(start + _ROW_GROUP, len(items))))
            vectors = model.encode(part, side, own_rows=own_rows)
            empty += int((~vectors.any(axis=1)).sum())
            column = pa.FixedSizeListArray.from_arrays(
                pa.array(vectors.reshape(-1)), type=schema.field("vector").type
            )
            writer.write_table(pa.Table.from_arrays([part.ids, column], schema=schema))
    return empty


@main.command(
    cls=Command,
    short_help="Measure quality on held-out events.",
    examples="""
likewise evaluate events.parquet products.parquet
likewise evaluate events.parquet products.parquet --split cold --epochs 5 --json
""",
)
@click.argument("events")
@click.argument("catalogue", required=False)
@click.option(
    "--split", "splits", type=click.Choice(["last", "cold"]), multiple=True, default=["last"],
    show_default=True, cls=Option,
    help="last: the last item of a session, from the one before. cold: items that vanish from "
    "training, as queries and as targets. Both when given twice.",
)  # fmt: skip
@click.option("-k", type=click.IntRange(1), default=20, show_default=True, cls=Option,
              help="Length of the lists that targets are looked for in.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=20000, show_default=True, cls=Option,
              help="Pairs scored of each kind; of more, a sample.")  # fmt: skip
@click.option("--baselines/--no-baselines", default=True, show_default=True, cls=Option,
              help="Score popularity and item-kNN as well.")  # fmt: skip
@session_options
@_json
@_quiet
@training_options
@column_options(*EVENT_COLUMNS, *CATALOGUE_COLUMNS)
def evaluate(
    events: str,
    catalogue: str | None,
    splits: tuple[str, ...],
    k: int,
    limit: int,
    baselines: bool,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> None:
    """Hold out events, train on the rest, and look for what was held out.

    Prints hit rate and mean reciprocal rank beside those of simple baselines.
    """
    options: Options = options_given(values)
    if catalogue is None and options.content:
        raise click.UsageError("CATALOGUE is missing; without one only --no-content can be trained")
    items, sessions = _read(events, catalogue, values, say=not as_json)
    results = []
    for split in dict.fromkeys(splits):
        with TrainingProgress(f"training ({split})", quiet=quiet) as progress:
            found = evaluate_model(
                sessions, items, options, split, k,
                limit=limit, baselines=baselines, progress=progress,
            )  # fmt: skip
        results.append(found)
        if not as_json:
            print_text("", str(found))
    if as_json:
        print_json([json.loads(found.to_json()) for found in results])


@main.command(cls=Command, examples="likewise info model\nlikewise info model --json")
@click.argument("model", type=_EXISTING)
@_json
def info(model: Path, as_json: bool) -> None:
    """Say what a model is: items, vectors, options."""
    loaded = load(model)
    if as_json:
        return print_json({"model": str(model), **loaded.info()})
    print_text(repr(loaded))
    changed = [
        f"{name} {value}" for name, value in loaded.options.to_dict().items()
        if value != getattr(Options(), name)
    ]  # fmt: skip
    print_text(f"  options         {', '.join(changed) or 'all defaults'}")
