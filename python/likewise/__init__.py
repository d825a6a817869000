"""likewise: similar products from names, categories and sessions."""

from __future__ import annotations

try:
    from likewise import _core
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "the compiled part of likewise is missing: run `pip install .` in the repository"
    ) from error

from likewise.options import Options

__version__ = "0.1.0"
__all__ = ["Options", "__version__"]
