# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes resource.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.references import (
    NodeSelector,
)
from orchestrator.api.meta.v1 import (
    Condition,
    ListMeta,
    ObjectMeta,
)
from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
    shared as shared,
)


class AllocatedDeviceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[Condition, ...] = field(default_factory=required_tuple)
    data: Json = None
    device: str = field(default_factory=str)
    driver: str = field(default_factory=str)
    network_data: NetworkDeviceData | None = None
    pool: str = field(default_factory=str)
    share_id: str | None = field(default=None, name="shareID")


class AllocationResult(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allocation_timestamp: Time | None = None
    devices: DeviceAllocationResult | None = field(default_factory=shared(lambda: DeviceAllocationResult()))
    node_selector: NodeSelector | None = None


class CELDeviceSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expression: str = field(default_factory=str)


class CapacityRequestPolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    default: Quantity | None = field(default_factory=NoneType)
    valid_range: CapacityRequestPolicyRange | None = None
    valid_values: tuple[Quantity, ...] = ()


class CapacityRequestPolicyRange(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    max: Quantity | None = None
    min: Quantity | None = None
    step: Quantity | None = None


class CapacityRequirements(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    requests: Mapping[str, Quantity] = EMPTY


class Counter(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    value: Quantity = field(default_factory=lambda: "0")


class CounterSet(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    counters: Mapping[str, Counter] = EMPTY
    name: str = field(default_factory=str)


class Device(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    all_nodes: bool | None = None
    allow_multiple_allocations: bool | None = None
    attributes: Mapping[str, DeviceAttribute] = EMPTY
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    binds_to_node: bool | None = None
    capacity: Mapping[str, DeviceCapacity] = EMPTY
    consumes_counters: tuple[DeviceCounterConsumption, ...] = ()
    name: str = field(default_factory=str)
    node_allocatable_resource_mappings: Mapping[str, NodeAllocatableResourceMapping] = EMPTY
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    taints: tuple[DeviceTaint, ...] = ()


class DeviceAllocationConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: tuple[str, ...] = ()
    source: str = field(default_factory=str)


class DeviceAllocationResult(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    config: tuple[DeviceAllocationConfiguration, ...] = ()
    results: tuple[DeviceRequestAllocationResult, ...] = ()


class DeviceAttribute(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    bool_: bool | None = None
    bools: tuple[bool, ...] = ()
    int_: int | None = None
    ints: tuple[int, ...] = ()
    string: str | None = None
    strings: tuple[str, ...] = ()
    version: str | None = None
    versions: tuple[str, ...] = ()


class DeviceCapacity(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    request_policy: CapacityRequestPolicy | None = None
    value: Quantity = field(default_factory=lambda: "0")


class DeviceClaim(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    config: tuple[DeviceClaimConfiguration, ...] = ()
    constraints: tuple[DeviceConstraint, ...] = ()
    requests: tuple[DeviceRequest, ...] = field(default_factory=required_tuple)


class DeviceClaimConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: tuple[str, ...] = ()


class DeviceClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DeviceClass"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DeviceClassSpec = field(default_factory=shared(lambda: DeviceClassSpec()))


class DeviceClassConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    opaque: OpaqueDeviceConfiguration | None = None


class DeviceClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DeviceClassList"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    items: tuple[DeviceClass, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class DeviceClassSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    config: tuple[DeviceClassConfiguration, ...] = ()
    extended_resource_name: str | None = None
    selectors: tuple[DeviceSelector, ...] = ()


class DeviceConstraint(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    distinct_attribute: str | None = None
    match_attribute: str | None = None
    requests: tuple[str, ...] = ()


class DeviceCounterConsumption(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    counter_set: str = field(default_factory=str)
    counters: Mapping[str, Counter] = EMPTY


class DeviceRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    exactly: ExactDeviceRequest | None = None
    first_available: tuple[DeviceSubRequest, ...] = ()
    name: str = field(default_factory=str)


class DeviceRequestAllocationResult(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    admin_access: bool | None = None
    binding_conditions: tuple[str, ...] = ()
    binding_failure_conditions: tuple[str, ...] = ()
    consumed_capacity: Mapping[str, Quantity] = EMPTY
    device: str = field(default_factory=str)
    driver: str = field(default_factory=str)
    pool: str = field(default_factory=str)
    request: str = field(default_factory=str)
    share_id: str | None = field(default=None, name="shareID")
    tolerations: tuple[DeviceToleration, ...] = ()


class DeviceSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    cel: CELDeviceSelector | None = None


class DeviceSubRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allocation_mode: str | None = None
    capacity: CapacityRequirements | None = None
    count: int | None = None
    device_class_name: str = field(default_factory=str)
    name: str = field(default_factory=str)
    selectors: tuple[DeviceSelector, ...] = ()
    tolerations: tuple[DeviceToleration, ...] = ()


class DeviceTaint(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    effect: str = field(default_factory=str)
    key: str = field(default_factory=str)
    time_added: Time | None = None
    value: str | None = None


class DeviceToleration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    effect: str | None = None
    key: str | None = None
    operator: str | None = None
    toleration_seconds: int | None = None
    value: str | None = None


class ExactDeviceRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    admin_access: bool | None = None
    allocation_mode: str | None = None
    capacity: CapacityRequirements | None = None
    count: int | None = None
    device_class_name: str = field(default_factory=str)
    selectors: tuple[DeviceSelector, ...] = ()
    tolerations: tuple[DeviceToleration, ...] = ()


class NetworkDeviceData(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    hardware_address: str | None = None
    interface_name: str | None = None
    ips: tuple[str, ...] = ()


class NodeAllocatableResourceMapping(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allocation_multiplier: Quantity | None = None
    capacity_key: str | None = None


class OpaqueDeviceConfiguration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    driver: str = field(default_factory=str)
    parameters: Json = field(default_factory=NoneType)


class ResourceClaim(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceClaim"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceClaimSpec = field(default_factory=shared(lambda: ResourceClaimSpec()))
    status: ResourceClaimStatus | None = field(default_factory=shared(lambda: ResourceClaimStatus()))


class ResourceClaimConsumerReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_group: str | None = None
    name: str = field(default_factory=str)
    resource: str = field(default_factory=str)
    uid: str = field(default_factory=str)


class ResourceClaimList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceClaimList"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    items: tuple[ResourceClaim, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ResourceClaimSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    devices: DeviceClaim | None = field(default_factory=shared(lambda: DeviceClaim()))


class ResourceClaimStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allocation: AllocationResult | None = None
    devices: tuple[AllocatedDeviceStatus, ...] = ()
    reserved_for: tuple[ResourceClaimConsumerReference, ...] = ()


class ResourceClaimTemplate(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceClaimTemplate"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceClaimTemplateSpec = field(default_factory=shared(lambda: ResourceClaimTemplateSpec()))


class ResourceClaimTemplateList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceClaimTemplateList"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    items: tuple[ResourceClaimTemplate, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ResourceClaimTemplateSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceClaimSpec = field(default_factory=shared(lambda: ResourceClaimSpec()))


class ResourcePool(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    generation: int = field(default_factory=int)
    name: str = field(default_factory=str)
    resource_slice_count: int = field(default_factory=int)


class ResourceSlice(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceSlice"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceSliceSpec = field(default_factory=shared(lambda: ResourceSliceSpec()))


class ResourceSliceList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ResourceSliceList"
    api_version: ClassVar[str] = "resource.k8s.io/v1"
    items: tuple[ResourceSlice, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ResourceSliceSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    all_nodes: bool | None = None
    devices: tuple[Device, ...] = ()
    driver: str = field(default_factory=str)
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    per_device_node_selection: bool | None = None
    pool: ResourcePool = field(default_factory=shared(lambda: ResourcePool()))
    shared_counters: tuple[CounterSet, ...] = ()
