"""The command ``likewise``: the group of its commands, and encode and info.

Training is in commands/training.py, evaluation in commands/evaluation.py and commands/tune.py, questions are in
commands/questions.py, the nightly job in commands/recommend.py, formats of other tools in commands/export.py,
pictures in commands/maps.py, commands/clusters.py and commands/report.py, the demonstration in commands/demo.py; how
options are spelled is in commands/options.py, how output and errors look in commands/output.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from likewise import kernels
from likewise.commands.clusters import clusters
from likewise.commands.demo import run_demo
from likewise.commands.evaluation import evaluate
from likewise.commands.export import export
from likewise.commands.maps import map_command
from likewise.commands.options import (
    CATALOGUE_COLUMNS,
    PATH,
    Command,
    Option,
    as_json_option,
    column_options,
    columns_given,
    quiet_option,
)
from likewise.commands.output import (
    Group,
    print_json,
    print_labelled,
    print_text,
    refusals,
    report_values,
    whole_file,
)
from likewise.commands.questions import complements, similar
from likewise.commands.recommend import recommend
from likewise.commands.report import report
from likewise.commands.training import train
from likewise.commands.tune import tune
from likewise.model.model import Model, load
from likewise.options import Options
from likewise.tables.catalogue import Catalogue
from likewise.version import __version__

__all__ = ["main"]

# Items encoded and written at once: one row group of the Parquet file.
_ROW_GROUP = 1 << 16


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
    with refusals():
        kernels()  # LIKEWISE_KERNELS may name a set that there is not


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
    type=PATH,
    default=Path("likewise-demo"),
    show_default=True,
    cls=Option,
    help="Folder for the simulated data and the model.",
)
@click.option(
    "--items",
    type=click.IntRange(200),
    default=5000,
    show_default=True,
    cls=Option,
    help="Size of the catalogue.",
)
@click.option(
    "--sessions",
    type=click.IntRange(1000),
    default=60000,
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
@quiet_option
def demo(output: Path, items: int, sessions: int, seed: int, threads: int, quiet: bool) -> None:
    """Simulate a shop, train on it, show what is found, and evaluate it.

    Takes about a minute. No data is needed and none is downloaded.
    """
    run_demo(output, items=items, sessions=sessions, seed=seed, threads=threads, quiet=quiet)


@main.command(
    cls=Command,
    short_help="Write vectors of any catalogue.",
    examples="""
likewise encode model products.parquet -o vectors.parquet
likewise encode model new-shop.csv -o vectors.parquet --item-id-column sku
""",
)
@click.argument("model", type=PATH)
@click.argument("catalogue")
@click.option(
    "--output", "-o", type=PATH, required=True, cls=Option,
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
@as_json_option
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
                "catalogue": report_values(items.report),
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


@main.command(cls=Command, examples="likewise info model\nlikewise info model --json")
@click.argument("model", type=PATH)
@as_json_option
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


for _command in (
    train, similar, complements, recommend, export, evaluate, tune, map_command, clusters, report,
):  # fmt: skip
    main.add_command(_command)
