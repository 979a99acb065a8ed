"""Devices: the processor is always there, and what is not there is said so."""

from __future__ import annotations

import pytest
import torch

from core.devices import available, free_memory, resolve, used_memory
from core.errors import UserError


def test_the_processor_is_always_there_and_never_first_choice() -> None:
    devices = available()
    assert devices[-1].name == "cpu"
    assert len({device.name for device in devices}) == len(devices)
    assert all(device.title for device in devices)


def test_names() -> None:
    assert resolve("cpu") == torch.device("cpu")
    assert resolve("auto") == torch.device(available()[0].name)
    for device in available():
        assert str(resolve(device.name)) == device.name


@pytest.mark.parametrize("name", ["cuda:77", "toaster", "", "CPU", "cpu:1", "cuda:-1", "meta"])
def test_an_unknown_device_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(name)
    assert repr(name) in caught.value.what
    assert "auto" in caught.value.remedy
    assert "cpu" in caught.value.remedy


def test_memory() -> None:
    assert free_memory(torch.device("cpu")) > 2**20
    assert 2**25 < used_memory() < 2**40
