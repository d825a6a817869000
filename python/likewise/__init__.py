"""likewise: similar products from names, categories and sessions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    import likewise._core as _core
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "the compiled part of likewise is missing: run `pip install .` in the repository"
    ) from error

from likewise import doors
from likewise.content.features import Features, Recipe
from likewise.errors import InputError, StorageError, TrainingError, UnknownItemError
from likewise.model.model import Model, load, save, train
from likewise.model.vectors import Vectors
from likewise.options import Options
from likewise.search.indexes import ApproximateIndex, ExactIndex, load_index
from likewise.search.matches import BatchMatches, Matches
from likewise.tables.catalogue import Catalogue
from likewise.tables.sessions import Sessions
from likewise.version import __version__
from likewise.work.machine import usable_cores

if TYPE_CHECKING:
    from likewise import maps
    from likewise.clustering.grouping import Clusters, clusters
    from likewise.evaluation.evaluation import Evaluation, evaluate
    from likewise.report.report import write_report
    from likewise.simulation.shop import Shop, simulate
    from likewise.tuning.tuning import tune

#: Where the names stand that a nightly job does not need: imported when first asked for.
_LATER = {
    "Clusters": "clustering.grouping",
    "Evaluation": "evaluation.evaluation",
    "Shop": "simulation.shop",
    "clusters": "clustering.grouping",
    "evaluate": "evaluation.evaluation",
    "simulate": "simulation.shop",
    "tune": "tuning.tuning",
    "write_report": "report.report",
}


doors.keep_moved()
_core.set_default_threads(usable_cores())


def __getattr__(name: str) -> Any:
    if name == "maps":
        return import_module("likewise.maps")
    if name not in _LATER:
        raise AttributeError(f"module 'likewise' has no attribute {name!r}")
    found = getattr(import_module(f"likewise.{_LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def kernels() -> str:
    """Name the kernel set in use: avx512bf16, avx512, avx2, neon or scalar.

    The fastest that this machine can run, or the one that the environment variable
    ``LIKEWISE_KERNELS`` names.

    Raises
    ------
    ValueError
        When ``LIKEWISE_KERNELS`` names a set that this machine cannot run.
    """
    return _core.kernels()


def supported_kernels() -> tuple[str, ...]:
    """Name the kernel sets that this machine can run, the fastest first."""
    return tuple(_core.supported_kernels())


__all__ = [
    "ApproximateIndex",
    "BatchMatches",
    "Catalogue",
    "Clusters",
    "Evaluation",
    "ExactIndex",
    "Features",
    "InputError",
    "Matches",
    "Model",
    "Options",
    "Recipe",
    "Sessions",
    "Shop",
    "StorageError",
    "TrainingError",
    "UnknownItemError",
    "Vectors",
    "__version__",
    "clusters",
    "evaluate",
    "kernels",
    "load",
    "load_index",
    "maps",
    "save",
    "simulate",
    "supported_kernels",
    "train",
    "tune",
    "write_report",
]
