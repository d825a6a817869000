"""Parquet files as record batches, read by pyarrow a group of rows at a time.

Owns which columns come as the dictionaries they are stored as. Nothing is read ahead of need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from likewise.errors import InputError
from likewise.reading.files import Asked, Batches, lacking
from likewise.reading.messages import one_line, shown
from likewise.reading.nested import base_of, dug, has_field
from likewise.work.waiting import ahead

__all__ = ["open_batches"]

_BATCH_ROWS = 1 << 18
# A column of Parquet takes at most so many bytes a value where each text of a dictionary is used
# a few times; plain texts take more, their lengths alone four.
_DICTIONARY_BYTES = 4


@contextmanager
def _parquet_errors(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{what}: cannot read {shown(path)} as Parquet: {one_line(error)}"
        ) from None


def open_batches(asked: Asked) -> Batches:
    """Open Parquet files."""
    files, what, wanted, unit = asked.files, asked.what, asked.wanted, asked.unit
    columns: list[str] = []
    rows = 0
    for number, path in enumerate(files):
        with _parquet_errors(path, what), pq.ParquetFile(path) as file:
            rows += file.metadata.num_rows
            schema = file.schema_arrow
        names = list(schema.names)
        fields = [
            name
            for name in wanted
            if name not in names
            and (base := base_of(name, names)) in names
            and has_field(name, schema.field(base).type)
        ]
        names += fields
        if number == 0:
            columns = names
            continue
        more = [name for name in wanted if name in names and name not in columns]
        if more:
            raise lacking(what, files[0], more[0], path, columns)
        lost = sorted(set(columns) - set(names))
        if lost:
            raise lacking(what, path, lost[0], files[0], names)

    def read(names: Sequence[str], texts: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for path in files:
            with _parquet_errors(path, what):
                file = _with_dictionaries(path, texts)
                there = file.schema_arrow.names
            bases = list(dict.fromkeys(base_of(name, there) for name in names))
            with file:
                # By one thread: others would keep for good what they took for a while.
                batches = file.iter_batches(_BATCH_ROWS, columns=bases, use_threads=False)
                while True:
                    with _parquet_errors(path, what):
                        batch = next(batches, None)
                    if batch is None:
                        break
                    found = {base: batch.column(batch.schema.names.index(base)) for base in bases}
                    found = dug(found, names, f"{what}: {shown(path)}", unit)
                    yield pa.RecordBatch.from_arrays([found[name] for name in names], list(names))

    return Batches(columns, rows, lambda names, texts: ahead(read(names, texts)))


def _with_dictionaries(path: Path, texts: Sequence[str]) -> pq.ParquetFile:
    """Open a file so that text columns come as the dictionaries they are stored as.

    An id is then looked up once per dictionary, not once per event. For a column without one, or
    where the writer gave it up because it grew too large, pyarrow would make it, at a price.
    """
    file = pq.ParquetFile(path)
    metadata = file.metadata
    if metadata.num_row_groups == 0:
        return file
    # Columns of plain values alone: a list under the name of a text is refused later, in words.
    stored = set(texts) & {metadata.schema.column(i).path for i in range(metadata.num_columns)}
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in range(row_group.num_columns):
            column = row_group.column(number)
            whole = column.total_uncompressed_size <= _DICTIONARY_BYTES * column.num_values
            if not whole or not any("DICTIONARY" in encoding for encoding in column.encodings):
                stored.discard(column.path_in_schema)
    file.close()
    return pq.ParquetFile(path, read_dictionary=[text for text in texts if text in stored])
