"""without.py: a package that is not installed, as far as likewise can tell."""

from __future__ import annotations

import builtins
from typing import Any

import pytest


def hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let imports of a package by modules of likewise fail."""
    real = builtins.__import__

    def without(name: str, names: Any = None, *rest: Any, **more: Any) -> Any:
        asking = str((names or {}).get("__name__", ""))
        if name.split(".")[0] == package and asking.startswith("likewise"):
            raise ImportError(f"no {name}")
        return real(name, names, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
