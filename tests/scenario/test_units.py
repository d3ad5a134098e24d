"""Numbers as people read them."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario import units


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (units.number(1234567), "1,234,567"),
        (units.number(0.12345), "0.123"),
        (units.number(2718.7), "2,719"),
        (units.about(1_458_767), "1,460,000"),
        (units.number(math.nan), "–"),
        (units.seconds(0), "0 s"),
        (units.seconds(12e-6), "12 µs"),
        (units.seconds(0.9999), "1 s"),
        (units.seconds(90), "90 s"),
        (units.seconds(300), "5 min"),
        (units.seconds(150 * 86_400), "150 d"),
        (units.seconds(-0.2), "-200 ms"),
        (units.size(1536 * 1024), "1.5 MiB"),
        (units.share(0.4512), "45.1 %"),
        (units.of_measure("podStartSecondsP99", 4.2), "4.2 s"),
        (units.bound_of_measure("podStartSecondsP99", 3600), "3,600 s"),
        (units.bound_of_measure("peakRssBytes", 1 << 30), "1 GiB"),
        (units.bound_of_measure("requested/cpu/a", 0.5), "50 %"),
        (units.bound_of_measure("pods", 1_234_567), "1,234,567"),
        (units.share(0.000056), "0.01 %"),
        (units.signed("0 %"), "0 %"),
        (units.of_measure("peakRssBytes", 1 << 30), "1 GiB"),
        (units.of_measure("requested/nvidia.com/gpu/a", 0.5), "50 %"),
        (units.of_resource("memory", 1 << 20), "1 MiB"),
        (units.of_resource("cpu", 3.5), "3.5"),
        (units.signed("3 s"), "+3 s"),
        (units.signed("-3 s"), "-3 s"),
    ],
)
def test_numbers_are_written_in_the_unit_that_suits_them(written: str, text: str) -> None:
    assert written == text


@pytest.mark.parametrize(
    "write", [units.number, units.about, units.seconds, units.size, units.share]
)
@given(value=st.floats())
def test_any_number_can_be_written(write: Callable[[float], str], value: float) -> None:
    assert write(value)
