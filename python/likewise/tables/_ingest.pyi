from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

UNKNOWN_ID: int
MISSING_ID: int

class IdTable:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def encode(
        self,
        offsets: npt.NDArray[np.int64],
        data: npt.NDArray[np.uint8],
        nulls: npt.NDArray[np.uint8] | None,
        insert: bool,
    ) -> npt.NDArray[np.int32]: ...
    def lend(self) -> tuple[tuple[int, int], tuple[int, int]]: ...
    def position(self, text: str) -> int: ...

def encode_sequences(
    sequences: Iterable[Any],
    table: IdTable,
    insert: bool,
    to_text: Callable[[Any, int], str | None],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]: ...
