"""What holds for all tests: examples of properties take as long as the machine needs."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("likewise", deadline=None)
settings.load_profile("likewise")
