"""Expressions in CEL that choose devices.

An expression sees `device`: its driver, its attributes and its capacity by domain and name. A domain that
a device has nothing in reads as an empty map, so that `device.attributes["d"].x` misses `x`, not `"d"`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.resource.v1 import Device, DeviceAttribute
from orchestrator.machinery import quantities
from orchestrator.machinery.cel import CompileError, EvaluationError, Expression, compile_expression
from orchestrator.machinery.cel.data import Opaque, type_name
from orchestrator.machinery.cel.device_scope import DEVICE

_INDEX: Final = re.compile(r"""(?:attributes|capacity)\s*\[\s*(?:"([^"]*)"|'([^']*)')""")


class SelectorError(Exception):
    """An expression cannot be compiled, or has no value for a device; in kube-scheduler's words."""


def matches(text: str, driver: str, device: Device) -> bool:
    """Whether an expression chooses a device. Raises SelectorError."""
    try:
        expression = compile_expression(text, DEVICE)
    except CompileError as error:
        raise SelectorError(f"CEL compile error: compilation failed: {error}") from None
    try:
        found = expression.value({"device": _seen(expression, driver, device)})
    except EvaluationError as error:
        raise SelectorError(f"CEL runtime error: {error}") from None
    if not isinstance(found, bool):
        raise SelectorError(
            f"CEL runtime error: CEL result of type {type_name(found)} could not be converted to bool"
        )
    return found


def _seen(expression: Expression, driver: str, device: Device) -> dict[str, Any]:
    """What an expression sees of a device."""
    attributes = _by_domain(
        driver, {name: _value(each) for name, each in device.attributes.items()}
    )
    amounts = {
        name: Opaque("quantity", str(quantities.nano(each.value)))
        for name, each in device.capacity.items()
    }
    capacity = _by_domain(driver, amounts)
    named = [first or second for first, second in _INDEX.findall(expression.text)]
    for domain in (*named, driver):
        attributes.setdefault(domain, {})
        capacity.setdefault(domain, {})
    return {
        "driver": driver,
        "allowMultipleAllocations": bool(device.allow_multiple_allocations),
        "attributes": attributes,
        "capacity": capacity,
    }


def _by_domain(driver: str, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by their domains and names; a name without a domain is in the driver's."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        domain, slash, identifier = name.partition("/")
        if not slash:
            domain, identifier = driver, name
        found.setdefault(domain, {})[identifier] = value
    return found


def _value(attribute: DeviceAttribute) -> Any:
    if attribute.int_ is not None:
        return attribute.int_
    if attribute.bool_ is not None:
        return attribute.bool_
    if attribute.string is not None:
        return attribute.string
    if attribute.version is not None:
        return Opaque("semver", attribute.version)
    raise SelectorError("CEL runtime error: unsupported attribute value")
