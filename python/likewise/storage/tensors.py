"""Tensors of a safetensors file as memory-mapped, read-only arrays.

The library checks the file; its NumPy front copies, so the header is read here once more for the
places of the tensors. Used by storage.py alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors

from likewise.errors import StorageError

# Tensor name -> safetensors dtype and shape.
Expected = dict[str, tuple[str, tuple[int, ...]]]

_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "U8": np.dtype("u1"),
}


def open_tensors(path: Path, expected: Expected) -> dict[str, npt.NDArray[Any]]:
    """Map a file that holds exactly the expected tensors.

    Raises StorageError naming the file and what is wrong with it.
    """
    try:
        with safetensors.safe_open(path, framework="np"):
            pass  # header, sizes and offsets are checked here, without holes or overlaps
    except safetensors.SafetensorError as error:
        raise StorageError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from error
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(header_bytes))
    header.pop("__metadata__", None)
    if set(header) != set(expected):
        missing = ", ".join(sorted(set(expected) - set(header))) or "none"
        unknown = ", ".join(sorted(set(header) - set(expected))) or "none"
        raise StorageError(f"{path} is damaged: tensors missing: {missing}; unknown: {unknown}")

    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    tensors = {}
    for name, (dtype, shape) in expected.items():
        about = header[name]
        if about["dtype"] != dtype or tuple(about["shape"]) != shape:
            raise StorageError(
                f"{path} is damaged: {name} must be {dtype} {shape}, "
                f"got {about['dtype']} {tuple(about['shape'])}"
            )
        first, last = (8 + header_bytes + offset for offset in about["data_offsets"])
        # A plain read-only array that keeps the mapping alive, instead of np.memmap itself.
        flat = np.asarray(mapped[first:last])
        if first % _DTYPES[dtype].itemsize:
            flat = flat.copy()  # written by somebody else, unaligned
        array = flat.view(_DTYPES[dtype]).reshape(shape)
        array.flags.writeable = False
        tensors[name] = array
    return tensors
