"""For all tests: no deadlines. For those that open pages: one browser and one trained shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

import likewise as lw
from helpers.browser import chromium

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("likewise", deadline=None)
settings.load_profile("likewise")


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def shop_model() -> lw.Model:
    shop = lw.simulate(1500, 8000, seed=3)
    sessions = lw.Sessions.read(shop.events, lw.Catalogue.read(shop.catalogue))
    return lw.train(sessions, options=lw.Options(dim=16, epochs=3, threads=1))
