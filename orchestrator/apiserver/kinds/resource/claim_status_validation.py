"""What Kubernetes refuses of a claim's status: the devices that were found, and who uses them."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final, TypeAlias

from orchestrator.api.resource.v1 import (
    AllocatedDeviceStatus,
    AllocationResult,
    DeviceAllocationConfiguration,
    DeviceRequestAllocationResult,
    NetworkDeviceData,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimStatus,
)
from orchestrator.apiserver.kinds.core.volumes.sources_validation import driver_errors
from orchestrator.apiserver.kinds.resource.names import request_names, request_reference_errors
from orchestrator.apiserver.kinds.resource.validation import (
    MAX_CONFIGS,
    MAX_REQUESTS,
    binding_errors,
    each_errors,
    json_errors,
    label_errors,
    opaque_errors,
    pool_name_errors,
    set_errors,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    forbidden,
    immutable,
    invalid,
    required,
    too_long,
    too_many,
)
from orchestrator.apiserver.validation.selectors import node_selector_errors

_MAX_CONSUMERS: Final = 256
_MAX_CONDITIONS: Final = 8
_MAX_INTERFACE: Final = 256  # bytes
_MAX_HARDWARE: Final = 128  # bytes
_SOURCES: Final = ("FromClaim", "FromClass")
_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_WRONG_UID: Final = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
    "with lowercase hexadecimal characters"
)

_Known: TypeAlias = Mapping[str, frozenset[str]]


def claim_status_errors(new: ResourceClaim, old: ResourceClaim) -> Errors:
    """An allocation stays as it is until it is taken away; its users come and go."""
    status, before = new.status or ResourceClaimStatus(), old.status or ResourceClaimStatus()
    yield from set_errors(
        "status.reservedFor",
        status.reserved_for,
        _MAX_CONSUMERS,
        _consumer_errors,
        lambda each: each.uid,
    )
    check = partial(_device_errors, _allocated(status.allocation))
    yield from set_errors("status.devices", status.devices, -1, check, _identity)
    yield from _reservation_errors(new, status, before)
    if status.allocation is not None:
        if before.allocation is not None:
            yield from immutable("status.allocation", status.allocation, before.allocation)
        else:
            known = request_names(new.spec.devices)
            yield from _allocation_errors("status.allocation", status.allocation, known)


def _consumer_errors(path: str, consumer: ResourceClaimConsumerReference) -> Errors:
    for name in ("resource", "name", "uid"):
        if not getattr(consumer, name):
            yield required(f"{path}.{name}")


def _reservation_errors(
    claim: ResourceClaim, status: ResourceClaimStatus, before: ResourceClaimStatus
) -> Errors:
    if not status.reserved_for:
        return
    path = "status.reservedFor"
    if status.allocation is None:
        yield forbidden(path, "may not be specified when `allocated` is not set")
    elif claim.metadata.deletion_timestamp is not None and not (
        set(status.reserved_for) <= set(before.reserved_for)
    ):
        detail = (
            "new entries may not be added while `deallocationRequested` or "
            "`deletionTimestamp` are set"
        )
        yield forbidden(path, detail)


# --- allocation ------------------------------------------------------------------------------


def _allocation_errors(path: str, allocation: AllocationResult, known: _Known) -> Errors:
    devices = allocation.devices
    if devices is not None:
        check = partial(_result_errors, known)
        yield from each_errors(f"{path}.devices.results", devices.results, MAX_REQUESTS, check)
        check = partial(_configuration_errors, known)
        most = 2 * MAX_CONFIGS  # the class's and the claim's
        yield from each_errors(f"{path}.devices.config", devices.config, most, check)
    if allocation.node_selector is not None:
        yield from node_selector_errors(f"{path}.nodeSelector", allocation.node_selector)


def _result_errors(known: _Known, path: str, result: DeviceRequestAllocationResult) -> Errors:
    yield from request_reference_errors(known, f"{path}.request", result.request)
    yield from _device_name_errors(path, result)
    yield from binding_errors(path, result.binding_conditions, result.binding_failure_conditions)
    if result.share_id is not None:
        yield from _uid_errors(f"{path}.shareID", result.share_id)


def _device_name_errors(
    path: str, device: DeviceRequestAllocationResult | AllocatedDeviceStatus
) -> Errors:
    if device.driver:
        yield from driver_errors(f"{path}.driver", device.driver)
    else:
        yield required(f"{path}.driver")
    yield from pool_name_errors(f"{path}.pool", device.pool)
    yield from label_errors(f"{path}.device", device.device)


def _uid_errors(path: str, uid: str) -> Errors:
    if not _UID(uid):
        yield invalid(path, uid, _WRONG_UID)


def _configuration_errors(
    known: _Known, path: str, config: DeviceAllocationConfiguration
) -> Errors:
    yield from chosen(f"{path}.source", config.source, _SOURCES)
    check = partial(request_reference_errors, known)
    yield from set_errors(f"{path}.requests", config.requests, MAX_REQUESTS, check)
    yield from opaque_errors(path, config.opaque)


# --- devices ---------------------------------------------------------------------------------


def _identity(device: DeviceRequestAllocationResult | AllocatedDeviceStatus) -> str:
    parts = (device.driver, device.pool, device.device, device.share_id or "")
    return "/".join(part for part in parts if part)


def _allocated(allocation: AllocationResult | None) -> frozenset[str]:
    if allocation is None or allocation.devices is None:
        return frozenset()
    return frozenset(map(_identity, allocation.devices.results))


def _device_errors(allocated: frozenset[str], path: str, device: AllocatedDeviceStatus) -> Errors:
    yield from _device_name_errors(path, device)
    if device.share_id is not None:
        yield from _uid_errors(f"{path}.shareID", device.share_id)
    if _identity(device) not in allocated:
        shown = {
            "Driver": device.driver,
            "Pool": device.pool,
            "Device": device.device,
            "ShareID": device.share_id or "",
        }
        yield invalid(path, shown, "must be an allocated device in the claim")
    if len(device.conditions) > _MAX_CONDITIONS:
        yield too_many(f"{path}.conditions", len(device.conditions), _MAX_CONDITIONS)
    if device.data is not None:
        yield from json_errors(f"{path}.data", device.data)
    if device.network_data is not None:
        yield from _network_errors(f"{path}.networkData", device.network_data)


def _network_errors(path: str, data: NetworkDeviceData) -> Errors:
    if len((data.interface_name or "").encode()) > _MAX_INTERFACE:
        yield too_long(f"{path}.interfaceName", _MAX_INTERFACE)
    if len((data.hardware_address or "").encode()) > _MAX_HARDWARE:
        yield too_long(f"{path}.hardwareAddress", _MAX_HARDWARE)
