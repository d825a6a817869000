"""Fixtures of the tests that open pages: one browser and one trained shop for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import likewise as lw
from browser import chromium


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def shop_model() -> lw.Model:
    shop = lw.simulate(1500, 8000, seed=3)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    return lw.train(sessions, options=lw.Options(dim=16, epochs=3, threads=1))
