"""Long texts that are nearly right take a time that grows with their length only.

A pattern that reads a part of them twice would take minutes for each of these.
"""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.machinery import addresses
from orchestrator.machinery.cel.conversions import to_double
from orchestrator.machinery.cel.data import Fault
from orchestrator.machinery.request_uris import uri_fault

_MANY = 1_000_000


@pytest.mark.parametrize("read", [addresses.parse_address, addresses.parse_network])
@pytest.mark.parametrize("begun", ['"', "", ":", "1."])
def test_zeros_without_end_are_no_address(read: Callable[[str], Any], begun: str) -> None:
    assert read(begun + "0" * _MANY + "$/8") is None


@pytest.mark.parametrize("text", ["1" * _MANY + "x", "." + "1" * _MANY + "x", "1" * _MANY + "."])
def test_digits_without_end_are_read_once(text: str) -> None:
    assert type(to_double(text)) is Fault


@pytest.mark.parametrize("part", ["%25", "a@", "[", ":", "%"])
def test_a_host_without_end_is_read_once(part: str) -> None:
    assert isinstance(uri_fault("http://" + part * (_MANY // len(part)) + " "), str)
