"""Rules that claims, classes and slices of devices share: lists, names, selectors, configurations."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from orchestrator.api.resource.v1 import DeviceSelector, OpaqueDeviceConfiguration
from orchestrator.apiserver.kinds.core.volumes.sources_validation import driver_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    forbidden,
    internal,
    invalid,
    required,
    too_long,
    too_many,
)
from orchestrator.machinery.cel import CompileError
from orchestrator.machinery.cel.device_scope import TooComplexError, check_selector
from orchestrator.machinery.names import (
    c_identifier_errors,
    dns1123_label_errors,
    dns1123_subdomain_errors,
    qualified_name_errors,
)

Check: TypeAlias = Callable[[str, Any], Errors]

MAX_CONFIGS: Final = 32
MAX_REQUESTS: Final = 32
MAX_JSON: Final = 10 * 1024  # bytes of parameters or of a device's data
_MAX_SELECTORS: Final = 32
_MAX_EXPRESSION: Final = 10 * 1024  # bytes
_MAX_POOL: Final = 253  # bytes
_MAX_IDENTIFIER: Final = 32  # bytes
_MAX_BINDING_CONDITIONS: Final = 4
_OMITTED: Final = "<value omitted>"


def each_errors(path: str, items: Sequence[Any], most: int, check: Check) -> Errors:
    """A list of at most so many items (a negative number: any), each right in itself."""
    if 0 <= most < len(items):
        yield too_many(path, len(items), most)
        return
    for i, item in enumerate(items):
        yield from check(f"{path}[{i}]", item)


def set_errors(
    path: str,
    items: Sequence[Any],
    most: int,
    check: Check,
    key: Callable[[Any], Hashable] = lambda item: item,
) -> Errors:
    """A list like that, in which nothing stands twice."""
    yield from each_errors(path, items, most, check)
    if 0 <= most < len(items):
        return
    seen: set[Hashable] = set()
    for i, item in enumerate(items):
        if (found := key(item)) in seen:
            yield duplicate(f"{path}[{i}]", found)
        seen.add(found)


# --- names ---------------------------------------------------------------------------------


def label_errors(path: str, name: str) -> Errors:
    """The name of a device, a request or a counter: one DNS label."""
    yield from complaints(path, name, dns1123_label_errors(name))


def label_key_errors(path: str, name: str) -> Errors:
    """A qualified name, as labels and conditions have."""
    yield from complaints(path, name, qualified_name_errors(name))


def pool_name_errors(path: str, name: str) -> Errors:
    """The name of a pool: DNS subdomains with slashes between."""
    if not name:
        yield required(path)
        return
    if len(name.encode()) > _MAX_POOL:
        yield too_long(path, _MAX_POOL)
    for part in name.split("/"):
        yield from complaints(path, part, dns1123_subdomain_errors(part))


def qualified_errors(path: str, name: str) -> Errors:
    """The name of an attribute or a capacity: an identifier, which may stand after a domain."""
    parts = name.split("/")
    if len(parts) == 1:
        yield from _identifier_errors(path, name)
    elif len(parts) == 2:  # Kubernetes lets more slashes pass
        domain, identifier = parts
        if domain:
            yield from driver_errors(path, domain)
        else:
            yield invalid(path, "", "the domain must not be empty")
        if identifier:
            yield from _identifier_errors(path, identifier)
        else:
            yield invalid(path, "", "the name must not be empty")


def fully_qualified_errors(path: str, name: str) -> Errors:
    """The same, with a domain for sure."""
    yield from qualified_errors(path, name)
    if "/" not in name:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        yield invalid(path, name, detail)


def _identifier_errors(path: str, name: str) -> Errors:
    if len(name.encode()) > _MAX_IDENTIFIER:
        yield too_long(path, _MAX_IDENTIFIER)
    yield from complaints(path, name, c_identifier_errors(name))


# --- selectors and configurations ------------------------------------------------------------


def selectors_errors(path: str, selectors: Sequence[DeviceSelector]) -> Errors:
    """Expressions that choose devices."""
    yield from each_errors(path, selectors, _MAX_SELECTORS, _selector_errors)


def _selector_errors(path: str, selector: DeviceSelector) -> Errors:
    if selector.cel is None:
        yield required(f"{path}.cel")
        return
    where, text = f"{path}.cel.expression", selector.cel.expression
    if len(text.encode()) > _MAX_EXPRESSION:
        yield too_long(where, _MAX_EXPRESSION)
        return
    try:
        check_selector(text)
    except TooComplexError as error:
        yield forbidden(where, str(error))
    except CompileError as error:
        yield internal(where, str(error)) if error.is_internal else invalid(where, text, str(error))


def opaque_errors(path: str, opaque: OpaqueDeviceConfiguration | None) -> Errors:
    """What a driver is told, and which driver."""
    if opaque is None:
        yield required(f"{path}.opaque")
        return
    if opaque.driver:
        yield from driver_errors(f"{path}.opaque.driver", opaque.driver)
    else:
        yield required(f"{path}.opaque.driver")
    yield from json_errors(f"{path}.opaque.parameters", opaque.parameters)


def json_errors(path: str, value: Any) -> Errors:
    """A JSON object that only a driver understands."""
    if value is None:
        yield required(path)
    elif len(msgspec.json.encode(value)) > MAX_JSON:
        yield too_long(path, MAX_JSON)
    elif not isinstance(value, dict):
        yield invalid(path, _OMITTED, "must be a valid JSON object")


def binding_errors(path: str, conditions: Sequence[str], failures: Sequence[str]) -> Errors:
    """The conditions that binding a pod waits for, and those that end the wait."""
    most, where, there = (
        _MAX_BINDING_CONDITIONS,
        f"{path}.bindingConditions",
        f"{path}.bindingFailureConditions",
    )
    yield from each_errors(where, conditions, most, label_key_errors)
    yield from each_errors(there, failures, most, label_key_errors)
    for i, name in enumerate(conditions):
        if name in conditions[:i]:
            yield duplicate(f"{where}[{i}]", name)
    for i, name in enumerate(failures):
        if name in failures[:i]:
            yield duplicate(f"{there}[{i}]", name)
        if name in conditions:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            yield invalid(f"{there}[{i}]", name, detail)
    if failures and not conditions:
        detail = "bindingConditions are required to use bindingFailureConditions"
        yield invalid(where, None, detail)
    if conditions and not failures:
        detail = "bindingFailureConditions are required to use bindingConditions"
        yield invalid(there, None, detail)
