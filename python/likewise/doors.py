"""Doors: names that a room hands out, and modules that have moved into one.

Owns how both are found when they are asked for: importing a room loads nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["door", "keep_moved", "later"]

#: Public modules of the flat package, and where they stand now.
_MOVED = {
    "baselines": "evaluation.baselines",
    "catalogue": "tables.catalogue",
    "features": "content.features",
    "index": "search.indexes",
    "matches": "search.matches",
    "sessions": "tables.sessions",
    "vectors": "model.vectors",
}


def door(room: str, modules: dict[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that hands out names of its modules (PEP 562).

    Parameters
    ----------
    room : str
        The package's name.
    modules : dict of str to str
        A module of the package, and the names that it has, separated by spaces.
    """
    places = {name: module for module, names in modules.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{places[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return find


class _Later:
    """Stands for a module that is imported when something of it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def later(module: str) -> Any:
    """Return what stands for a module that takes long to import and is seldom needed."""
    return _Later(module)


class _Moved(MetaPathFinder, Loader):
    """Finds modules that have moved under their old names."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        there = package == "likewise" and name in _MOVED
        return ModuleSpec(fullname, self) if there else None

    def exec_module(self, module: ModuleType) -> None:
        package, _, name = module.__name__.partition(".")
        now = f"{package}.{_MOVED[name]}"
        warnings.warn(f"{module.__name__} is {now} now", DeprecationWarning, stacklevel=2)
        sys.modules[module.__name__] = import_module(now)


def keep_moved() -> None:
    """Let modules that have moved be imported by their old names, with a DeprecationWarning."""
    sys.meta_path.append(_Moved())
