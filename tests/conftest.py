"""For all tests: no deadlines, BLAS on one thread. For pages: one browser and one trained shop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

# Before NumPy is loaded, which reads it once: in products as small as those of tests the threads of
# BLAS wait for each other longer than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Started in the background of a script, a process ignores Ctrl-C, which tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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
