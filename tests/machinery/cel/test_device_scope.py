"""Expressions that choose devices are judged by the types of a device, and by what they may cost."""

import pytest

from orchestrator.machinery.cel import CompileError
from orchestrator.machinery.cel.device_scope import TooComplexError, check_selector

_ATTRIBUTES = "device.attributes['a.b']"
_CAPACITY = "device.capacity['a.b']"


@pytest.mark.parametrize(
    "text",
    [
        "device.driver == 'a.b'",
        "device.allowMultipleAllocations",
        f"{_ATTRIBUTES}.x",
        f"{_ATTRIBUTES}.x == 1 && {_ATTRIBUTES}.?y.orValue(true)",
        f"{_ATTRIBUTES}.x.isLessThan(semver('1.2.3'))",
        f"{_CAPACITY}.x.compareTo(quantity('1')) > 0",
        f"cel.bind(d, {_ATTRIBUTES}, d.x && d.y)",
        f"{_ATTRIBUTES}.all(k, v, v)",
    ],
)
def test_what_chooses_devices(text: str) -> None:
    """Attributes have a type only when there is a device, so all may be done with them."""
    check_selector(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("device.foo", "undefined field 'foo'"),
        ("device.driver.x", "type 'string' does not support field selection"),
        ("a.b", "undeclared reference to 'a'"),
        (f"{_CAPACITY}.x > 1", "found no matching overload for '_>_'"),
        (f"{_ATTRIBUTES}.x.exists(y, true)", "expression of type 'any' cannot be range"),
        ("dyn(true)", "must evaluate to bool or the unknown type, not dyn"),
        (_ATTRIBUTES, "the unknown type, not map(string, google.protobuf.Any)"),
        ("uint(-1) == 1u", "program instantiation failed: unsigned integer overflow"),
    ],
)
def test_what_cannot_be(text: str, fault: str) -> None:
    """It is said in the words of the compiler."""
    with pytest.raises(CompileError) as found:
        check_selector(text)
    assert fault in str(found.value)


def test_what_costs_too_much() -> None:
    """Five loops through all attributes, each in the other."""
    text = "true"
    for name in "edcba":
        text = f"device.attributes.all({name}, {text})"
    with pytest.raises(TooComplexError):
        check_selector(text)
