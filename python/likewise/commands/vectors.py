"""The commands that write vectors: ``likewise encode`` and ``likewise export``.

Own what they ask and print, and the Parquet file of vectors of any catalogue.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from likewise.commands.errors import refusals
from likewise.commands.options import (
    as_json_option,
    command,
    model_argument,
    option,
    output_option,
    side_option,
)
from likewise.commands.output import print_json, print_labelled, report_values
from likewise.commands.sources import catalogue_given, catalogue_options
from likewise.model.model import Model, load
from likewise.storage.exports import to_projector, to_word2vec, write_parquet
from likewise.tables.catalogue import Catalogue
from likewise.version import __version__
from likewise.work.replacing import whole_file

__all__ = ["encode", "export"]

# Items encoded and written at once: one row group of the Parquet file.
_ROW_GROUP = 1 << 16


@command(
    "encode",
    short_help="Write vectors of any catalogue.",
    examples="""
likewise encode model products.parquet -o vectors.parquet
likewise encode model new-shop.csv -o vectors.parquet --item-id-column sku
""",
)
@model_argument
@click.argument("catalogue")
@output_option(
    "Parquet file: item_id, vector (list of float32), in the order of the catalogue.",
    required=True,
)
@side_option
@option(
    "--own-rows/--content-only", default=None,
    help="Items that were in training get their trained vector, or all that of their content "
    "alone. The latter, unless the model knows items by id only.",
)  # fmt: skip
@as_json_option
@catalogue_options
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
        items = Catalogue.read(catalogue, **catalogue_given(values))
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


@command(
    "export",
    short_help="Write a model's vectors for other tools.",
    examples="""
likewise export model -o vectors.txt --format word2vec
likewise export model -o vectors.bin --format word2vec-binary --side context
likewise export model -o projector --format projector
likewise export model -o vectors.parquet --format parquet
""",
)
@model_argument
@output_option(
    "File, or for the projector a folder; replaced when the new one is complete.", required=True
)
@option(
    "--format", "form", required=True,
    type=click.Choice(["word2vec", "word2vec-binary", "projector", "parquet"]),
    help="word2vec files are read by gensim and others, the projector is TensorBoard's.",
)  # fmt: skip
@side_option
@option(
    "--spaces", metavar="TEXT",
    help="What to write for white space in ids, which word2vec files cannot hold.",
)  # fmt: skip
@as_json_option
def export(
    model: Path, output: Path, form: str, side: str, spaces: str | None, as_json: bool
) -> None:
    """Write the vectors of a model's items in a format that other tools read.

    Items without a vector are left out, but for Parquet, which keeps the order of the catalogue.
    """
    loaded = load(model)
    with refusals():
        if form == "projector":
            to_projector(loaded, output, side)
        elif form == "parquet":
            write_parquet(loaded, output, side)
        else:
            to_word2vec(loaded, output, side, binary=form == "word2vec-binary", spaces=spaces)
    vectors = loaded.center if side == "center" else loaded.context
    count = len(vectors) if form == "parquet" else int(vectors.any(axis=1).sum())
    if as_json:
        return print_json({"output": str(output), "vectors": count, "format": form, "side": side})
    print_labelled("vectors", f"{output}: {count:,} {side} vectors as {form}")
