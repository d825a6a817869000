"""Memory of training: what its tables take, what is free, and giving back what reading left."""

from __future__ import annotations

import pyarrow as pa

import likewise._core as _core
from likewise.options import Options
from likewise.work.machine import free_memory

__all__ = ["check_memory", "give_back"]


def give_back() -> None:
    """Give freed memory back to the system: reading leaves as much as a third of the tables."""
    pa.default_memory_pool().release_unused()
    _core.trim_allocator()


def check_memory(options: Options, n_items: int, content_rows: int) -> None:
    """Say how large the tables would be, before the system runs out of memory."""
    rows = 2 * n_items
    rows += content_rows * (2 if options.context == "content" else 1)
    needed = rows * _core.row_floats(options.dim) * 4
    free = free_memory()
    if free is not None and needed > free:
        raise MemoryError(
            f"{rows:,} rows of {options.dim} floats need {needed / 1e9:.1f} GB, "
            f"{free / 1e9:.1f} GB are free; lower dim or buckets"
        )
