"""Which kernel sets there are, and which one is in use."""

from __future__ import annotations

import pytest

import likewise
import likewise._core as _core
from helpers import tiny_shop


def test_scalar_is_always_there_and_the_last_choice():
    names = _core.supported_kernels()
    assert names[-1] == "scalar"
    assert len(set(names)) == len(names)
    assert set(names) <= {"avx512bf16", "avx512", "avx2", "neon", "scalar"}


def test_the_first_supported_set_is_used(monkeypatch):
    monkeypatch.delenv("LIKEWISE_KERNELS", raising=False)
    assert likewise.kernels() == _core.supported_kernels()[0]


def test_an_empty_choice_is_no_choice(monkeypatch):
    monkeypatch.setenv("LIKEWISE_KERNELS", "")
    assert likewise.kernels() == _core.supported_kernels()[0]


@pytest.mark.parametrize("name", _core.supported_kernels())
def test_a_set_can_be_forced(name, monkeypatch):
    monkeypatch.setenv("LIKEWISE_KERNELS", name)
    assert likewise.kernels() == name


@pytest.mark.parametrize("name", ["sse9", "AVX2", "scalar ", "avx2,scalar"])
def test_an_unknown_set_is_refused_by_name(name, monkeypatch):
    monkeypatch.setenv("LIKEWISE_KERNELS", name)
    wanted = "LIKEWISE_KERNELS must be one of " + ", ".join(_core.supported_kernels())
    for call in (likewise.kernels, lambda: likewise.train(tiny_shop.sessions())):
        with pytest.raises(ValueError, match=wanted) as caught:
            call()
        assert str(caught.value).endswith(f"got {name}")


def test_a_set_of_another_machine_is_refused(monkeypatch):
    other = "avx2" if "neon" in _core.supported_kernels() else "neon"
    monkeypatch.setenv("LIKEWISE_KERNELS", other)
    with pytest.raises(ValueError, match="on this machine"):
        likewise.kernels()
