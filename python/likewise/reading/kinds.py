"""Kinds of sources: what was passed, told by what it can do rather than by where it comes from.

Owns which objects stand for a table, a column, rows or files, and what each is read as.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = [
    "SUFFIXES", "as_table", "is_arrow", "is_column", "is_pandas", "is_paths", "is_rows", "is_table",
]  # fmt: skip

#: Formats by how names of files end, where they are not compressed.
SUFFIXES = {
    ".parquet": "parquet",
    ".parq": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}


def is_pandas(source: Any) -> bool:
    """Tell whether `source` is a frame of pandas."""
    return type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "columns")


def _is_lazy(source: Any) -> bool:
    return type(source).__name__ == "LazyFrame" and hasattr(source, "collect")


def as_table(source: Any) -> Any:
    """Return what stands for a table as one of the kinds that are read, and all else as it is.

    Lazy frames of polars are collected, datasets of Arrow are read batch by batch, structured
    arrays of NumPy are columns, named tuples are rows.
    """
    if _is_lazy(source):
        return source.collect()
    if _is_dataset(source):
        return (source.scanner() if hasattr(source, "scanner") else source).to_reader()
    if _is_batch(source):
        return pa.record_batch(source)
    if _is_structured(source):
        return {name: source[name] for name in source.dtype.names}
    if _is_named_tuples(source):
        return [row._asdict() if hasattr(row, "_asdict") else row for row in source]
    return source


def _is_batch(source: Any) -> bool:
    return (
        hasattr(source, "__arrow_c_array__")
        and not hasattr(source, "__arrow_c_stream__")
        and not is_column(source)
        and not isinstance(source, pa.RecordBatch)
    )


def _is_dataset(source: Any) -> bool:
    return type(source).__module__ == "pyarrow._dataset" and (
        hasattr(source, "scanner") or hasattr(source, "to_reader")
    )


def _is_structured(source: Any) -> bool:
    return isinstance(source, np.ndarray) and source.dtype.names is not None and source.ndim == 1


def _is_named_tuples(source: Any) -> bool:
    return isinstance(source, Sequence) and len(source) > 0 and hasattr(source[0], "_asdict")


def is_column(source: Any) -> bool:
    """Tell whether `source` is one column: a Series, or an Arrow array in chunks."""
    return isinstance(source, (pa.Array, pa.ChunkedArray)) or type(source).__name__ == "Series"


def is_arrow(source: Any) -> bool:
    """Tell whether `source` is a table, a batch or a stream of pyarrow."""
    return isinstance(source, (pa.Table, pa.RecordBatch, pa.RecordBatchReader))


def is_paths(source: Any) -> bool:
    """Tell whether `source` is a list of paths."""
    return (
        isinstance(source, (list, tuple))
        and len(source) > 0
        and (
            all(isinstance(path, os.PathLike) for path in source)
            or all(isinstance(path, str) and _is_file_name(path) for path in source)
        )
    )


def is_rows(source: Any) -> bool:
    """Tell whether `source` is a list of dicts."""
    return isinstance(source, Sequence) and len(source) > 0 and isinstance(source[0], Mapping)


def is_table(source: Any) -> bool:
    """Tell whether :func:`open_table` understands `source`."""
    return (
        isinstance(source, (str, os.PathLike, Mapping))
        or is_paths(source)
        or is_arrow(source)
        or is_pandas(source)
        or _is_lazy(source)
        or (hasattr(source, "__arrow_c_stream__") and not is_column(source))
        or is_rows(source)
        or _is_batch(source)
        or _is_dataset(source)
        or _is_structured(source)
        or _is_named_tuples(source)
    )


def _is_file_name(text: str) -> bool:
    """Tell whether a text ends as the files do that can be read."""
    name = text.lower().removesuffix(".gz").removesuffix(".zst")
    return name.endswith(tuple(SUFFIXES))
