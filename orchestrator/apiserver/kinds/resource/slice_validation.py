"""What Kubernetes refuses of slices: the devices of a pool, where they are, and what they can do."""

import re
from functools import partial
from typing import Final

from orchestrator.api.empty_lists import is_said
from orchestrator.api.resource.v1 import (
    CapacityRequestPolicy,
    CapacityRequestPolicyRange,
    CounterSet,
    Device,
    DeviceAttribute,
    DeviceCapacity,
    DeviceCounterConsumption,
    DeviceTaint,
    ResourcePool,
    ResourceSlice,
    ResourceSliceSpec,
)
from orchestrator.apiserver.kinds.core.volumes.sources_validation import driver_errors
from orchestrator.apiserver.kinds.resource.validation import (
    binding_errors,
    each_errors,
    label_errors,
    label_key_errors,
    pool_name_errors,
    qualified_errors,
    set_errors,
)
from orchestrator.apiserver.validation.field import (
    NOT_POSITIVE,
    Errors,
    chosen,
    complaints,
    forbidden,
    immutable,
    invalid,
    named,
    required,
    too_long,
    too_many,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.selectors import node_selector_errors
from orchestrator.machinery.names import (
    dns1123_label_errors,
    dns1123_subdomain_errors,
    label_value_errors,
)
from orchestrator.machinery.quantities import add, nano, value

_MAX_DEVICES: Final = 128
_MAX_INTRICATE_DEVICES: Final = 64  # with taints or counters
_MAX_COUNTER_SETS: Final = 8
_MAX_COUNTERS: Final = 32
_MAX_CONSUMPTIONS: Final = 2
_MAX_TAINTS: Final = 16
_MAX_PROPERTIES: Final = 32
_MAX_TEXT: Final = 64  # bytes of an attribute's value
_MAX_OPTIONS: Final = 10
_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_PLACES: Final = (
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
)
_DEVICE_PLACES: Final = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "
    "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"
)
_NO_DEVICE_PLACES: Final = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is "
    "set to true in the ResourceSlice spec"
)
_UNSET_OR_TRUE: Final = "must be either unset or set to true"
_ONE_VALUE: Final = "exactly one value must be specified"
_SEMVER: Final = re.compile(
    r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
    r"(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
).fullmatch


def _slice_errors(found: ResourceSlice, old: ResourceSlice | None = None) -> Errors:
    spec = found.spec
    if spec.driver:
        yield from driver_errors("spec.driver", spec.driver)
    else:
        yield required("spec.driver")
    yield from _pool_errors("spec.pool", spec.pool)
    if old is not None:
        yield from immutable("spec.pool.name", spec.pool.name, old.spec.pool.name)
        yield from immutable("spec.driver", spec.driver, old.spec.driver)
        yield from immutable("spec.nodeName", spec.node_name, old.spec.node_name)
    yield from _place_errors(spec)
    if is_said(spec.shared_counters) and is_said(spec.devices):
        yield invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed")
    intricate = any(each.taints or each.consumes_counters for each in spec.devices)
    most = _MAX_INTRICATE_DEVICES if intricate else _MAX_DEVICES
    check = partial(_device_errors, spec.per_device_node_selection is True)
    yield from set_errors("spec.devices", spec.devices, most, check, lambda each: each.name)
    yield from set_errors(
        "spec.sharedCounters",
        spec.shared_counters,
        _MAX_COUNTER_SETS,
        _counter_set_errors,
        lambda each: each.name,
    )


def _pool_errors(path: str, pool: ResourcePool) -> Errors:
    yield from pool_name_errors(f"{path}.name", pool.name)
    if pool.resource_slice_count <= 0:
        yield invalid(f"{path}.resourceSliceCount", pool.resource_slice_count, NOT_POSITIVE)
    if pool.generation < 0:
        detail = "must be greater than or equal to zero"
        yield invalid(f"{path}.generation", pool.generation, detail)


def _place_errors(spec: ResourceSliceSpec) -> Errors:
    fields = []
    if spec.node_name is not None:
        if spec.node_name:
            fields.append("`nodeName`")
            yield from _node_name_errors("spec.nodeName", spec.node_name)
        else:
            detail = "must be either unset or set to a non-empty string"
            yield invalid("spec.nodeName", "", detail)
    if spec.node_selector is not None:
        fields.append("`nodeSelector`")
        yield from node_selector_errors("spec.nodeSelector", spec.node_selector)
        terms = spec.node_selector.node_selector_terms
        if len(terms) != 1:
            where = "spec.nodeSelector.nodeSelectorTerms"
            yield invalid(where, terms, "must have exactly one node selector term")
    for name, given in (
        ("allNodes", spec.all_nodes),
        ("perDeviceNodeSelection", spec.per_device_node_selection),
    ):
        if given:
            fields.append(f"`{name}`")
        elif given is not None:
            yield invalid(f"spec.{name}", given, _UNSET_OR_TRUE)
    if not fields:
        yield required("spec", _PLACES)
    elif len(fields) > 1:
        found = f"{{{', '.join(fields)}}}"
        yield invalid("spec", found, f"{_PLACES}, but multiple fields are set")


def _node_name_errors(path: str, name: str) -> Errors:
    yield from complaints(path, name, dns1123_subdomain_errors(name))


def _slice_change_errors(new: ResourceSlice, old: ResourceSlice) -> Errors:
    if new.spec is not old.spec:
        yield from _slice_errors(new, old)


# --- devices ---------------------------------------------------------------------------------


def _device_errors(placed: bool, path: str, device: Device) -> Errors:
    yield from label_errors(f"{path}.name", device.name)
    properties = len(device.attributes) + len(device.capacity)
    if properties > _MAX_PROPERTIES:
        detail = f"the total number of attributes and capacities must not exceed {_MAX_PROPERTIES}"
        yield invalid(path, properties, detail)
    for name, attribute in sorted(device.attributes.items()):
        yield from qualified_errors(f"{path}.attributes", name)
        yield from _attribute_errors(f"{path}.attributes[{name}]", attribute)
    for name, capacity in sorted(device.capacity.items()):
        yield from qualified_errors(f"{path}.capacity", name)
        shared = device.allow_multiple_allocations is True
        yield from _capacity_errors(f"{path}.capacity[{name}]", capacity, shared)
    yield from each_errors(f"{path}.taints", device.taints, _MAX_TAINTS, _taint_errors)
    yield from set_errors(
        f"{path}.consumesCounters",
        device.consumes_counters,
        _MAX_CONSUMPTIONS,
        _consumption_errors,
        lambda each: each.counter_set,
    )
    if placed:
        yield from _device_place_errors(path, device)
    elif (device.node_name, device.node_selector, device.all_nodes) != (None, None, None):
        yield invalid(path, None, _NO_DEVICE_PLACES)
    yield from binding_errors(path, device.binding_conditions, device.binding_failure_conditions)


def _device_place_errors(path: str, device: Device) -> Errors:
    fields = []
    if device.node_name:
        fields.append("`nodeName`")
        yield from _node_name_errors(f"{path}.nodeName", device.node_name)
    elif device.node_name is not None:
        yield invalid(f"{path}.nodeName", "", "must not be empty")
    if device.node_selector is not None:
        fields.append("`nodeSelector`")
        yield from node_selector_errors(f"{path}.nodeSelector", device.node_selector)
    if device.all_nodes:
        fields.append("`allNodes`")
    elif device.all_nodes is not None:
        yield invalid(f"{path}.allNodes", False, _UNSET_OR_TRUE)
    if not fields:
        yield required(path, _DEVICE_PLACES)
    elif len(fields) > 1:
        yield invalid(path, f"{{{', '.join(fields)}}}", _DEVICE_PLACES)


def _attribute_errors(path: str, attribute: DeviceAttribute) -> Errors:
    values = {
        "int": attribute.int_,
        "bool": attribute.bool_,
        "string": attribute.string,
        "version": attribute.version,
    }
    if attribute.string is not None and len(attribute.string.encode()) > _MAX_TEXT:
        yield too_long(f"{path}.string", _MAX_TEXT)
    if attribute.version is not None:
        if not _SEMVER(attribute.version):
            detail = "must be a string compatible with semver.org spec 2.0.0"
            yield invalid(f"{path}.version", attribute.version, detail)
        if len(attribute.version.encode()) > _MAX_TEXT:
            yield too_long(f"{path}.version", _MAX_TEXT)
    given = {name: each for name, each in values.items() if each is not None}
    if len(given) != 1:
        yield invalid(path, _go_attribute(attribute) if given else "", _ONE_VALUE)


def _go_attribute(attribute: DeviceAttribute) -> dict[str, object]:
    """An attribute as complaints show it: the fields of Go's internal struct."""
    return {
        "IntValue": attribute.int_,
        "BoolValue": attribute.bool_,
        "StringValue": attribute.string,
        "VersionValue": attribute.version,
        "IntValues": None,
        "BoolValues": None,
        "StringValues": None,
        "VersionValues": None,
    }


def _taint_errors(path: str, taint: DeviceTaint) -> Errors:
    yield from label_key_errors(f"{path}.key", taint.key)
    if taint.value:
        yield from complaints(f"{path}.value", taint.value, label_value_errors(taint.value))
    yield from chosen(f"{path}.effect", taint.effect, _EFFECTS)


# --- counters --------------------------------------------------------------------------------


def _counter_set_errors(path: str, counters: CounterSet) -> Errors:
    yield from named(f"{path}.name", counters.name, dns1123_label_errors)
    yield from _counters_errors(f"{path}.counters", counters)


def _consumption_errors(path: str, consumption: DeviceCounterConsumption) -> Errors:
    yield from named(f"{path}.counterSet", consumption.counter_set, dns1123_label_errors)
    yield from _counters_errors(f"{path}.counters", consumption)


def _counters_errors(path: str, holder: CounterSet | DeviceCounterConsumption) -> Errors:
    counters = holder.counters
    if not counters:
        yield required(path)
    elif len(counters) > _MAX_COUNTERS:
        yield too_many(path, len(counters), _MAX_COUNTERS)
    else:
        for name in sorted(counters):
            yield from label_errors(path, name)


# --- capacities ------------------------------------------------------------------------------


def _capacity_errors(path: str, capacity: DeviceCapacity, shared: bool) -> Errors:
    policy = capacity.request_policy
    if policy is None:
        return
    path = f"{path}.requestPolicy"
    if not shared:
        yield forbidden(path, "allowMultipleAllocations must be true")
    elif policy.valid_values and policy.valid_range is not None:
        detail = (
            'exactly one policy can be specified, cannot specify "validValues" and "validRange" '
            "at the same time"
        )
        yield forbidden(path, detail)
    elif policy.valid_values:
        yield from _options_errors(path, policy, str(capacity.value))
    elif policy.valid_range is not None:
        if policy.default is None:
            yield required(f"{path}.default", "required when validRange is defined")
        else:
            default, most = str(policy.default), str(capacity.value)
            yield from _range_errors(f"{path}.validRange", policy.valid_range, default, most)


def _options_errors(path: str, policy: CapacityRequestPolicy, most: str) -> Errors:
    if policy.default is None:
        yield required(f"{path}.default", "required when validValues is defined")
        return
    path, options = f"{path}.validValues", [str(each) for each in policy.valid_values]
    for i in range(1, len(options)):
        if nano(options[i - 1]) > nano(options[i]):
            yield invalid(f"{path}[{i}]", options[i], "values must be sorted in ascending order")

    def option_errors(where: str, option: str) -> Errors:
        if nano(option) > nano(most):
            yield invalid(where, option, f"option is larger than capacity value: {most}")

    yield from set_errors(path, options, _MAX_OPTIONS, option_errors, lambda each: str(value(each)))
    default = str(policy.default)
    if len(options) > _MAX_OPTIONS or nano(default) not in map(nano, options):
        detail = "default value is not valid according to the requestPolicy"
        yield invalid(path, default, detail)


def _range_errors(
    path: str, allowed: CapacityRequestPolicyRange, default: str, capacity: str
) -> Errors:
    where = f"{path}.min"
    if allowed.min is None:
        yield required(where, "required when validRange is defined")
        return
    least, top = str(allowed.min), None if allowed.max is None else str(allowed.max)
    if nano(least) > nano(capacity):
        yield invalid(where, least, f"min is larger than capacity value: {capacity}")
    if nano(default) < nano(least):
        yield invalid(where, default, f"default is less than min: {least}")
    if top is not None:
        where = f"{path}.max"
        if nano(least) > nano(top):
            yield invalid(where, least, f"min is larger than max: {top}")
        if nano(top) > nano(capacity):
            yield invalid(where, top, f"max is larger than capacity value: {capacity}")
        if nano(default) > nano(top):
            yield invalid(where, default, f"default is more than max: {top}")
    if allowed.step is not None:
        held = [default] if top is None else [default, top]
        yield from _step_errors(f"{path}.step", str(allowed.step), least, held, capacity)


def _step_errors(path: str, step: str, least: str, held: list[str], capacity: str) -> Errors:
    if nano(least) + nano(step) > nano(capacity):
        detail = f"one step {add(least, step)} is larger than capacity value: {capacity}"
        yield invalid(path, step, detail)
    width = value(step)
    for each in held:
        if not width or (value(each) - value(least)) % width:
            detail = f"value is not a multiple of a given step ({step}) from ({least})"
            yield invalid(path, each, detail)


SLICE_RULES: Final = Rules(spec=_slice_errors, update=_slice_change_errors, recheck="never")
