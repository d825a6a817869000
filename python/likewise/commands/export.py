"""The command ``likewise export``: a model's vectors for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from likewise.commands.options import PATH, Command, Option, as_json_option, output_option
from likewise.commands.output import print_json, print_labelled, refusals
from likewise.interop import to_projector, to_word2vec, write_parquet
from likewise.model.model import load

__all__ = ["export"]


@click.command(
    cls=Command,
    short_help="Write a model's vectors for other tools.",
    examples="""
likewise export model -o vectors.txt --format word2vec
likewise export model -o vectors.bin --format word2vec-binary --side context
likewise export model -o projector --format projector
likewise export model -o vectors.parquet --format parquet
""",
)
@click.argument("model", type=PATH)
@output_option(
    "File, or for the projector a folder; replaced when the new one is complete.", required=True
)
@click.option(
    "--format", "form", required=True, cls=Option,
    type=click.Choice(["word2vec", "word2vec-binary", "projector", "parquet"]),
    help="word2vec files are read by gensim and others, the projector is TensorBoard's.",
)  # fmt: skip
@click.option(
    "--side", type=click.Choice(["center", "context"]), default="center", show_default=True,
    cls=Option, help="Center vectors for similar items, context vectors for complements.",
)  # fmt: skip
@click.option(
    "--spaces", metavar="TEXT", cls=Option,
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
