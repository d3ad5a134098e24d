"""CSI drivers, what they are on each node, and how much they can still hold."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSINodeDriver,
    CSIStorageCapacity,
    TokenRequest,
)
from orchestrator.apiserver.kinds.core.volumes.sources_validation import driver_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.resources import nonnegative_quantity_errors
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.names import qualified_name_errors

_FS_GROUP_POLICIES: Final = ("File", "None", "ReadWriteOnceWithFSType")
_LIFECYCLE_MODES: Final = ("Persistent", "Ephemeral")
_MIN_TOKEN_SECONDS: Final = 600
_MAX_TOKEN_SECONDS: Final = 1 << 32
_MIN_UPDATE_SECONDS: Final = 10
_MAX_NODE_ID: Final = 256  # bytes


def _driver_errors(driver: CSIDriver) -> Errors:
    spec = driver.spec
    for wire, value in (
        ("attachedRequired", spec.attach_required),  # the original's own spelling
        ("podInfoOnMount", spec.pod_info_on_mount),
        ("storageCapacity", spec.storage_capacity),
    ):
        if value is None:
            yield required(f"spec.{wire}")
    policy = spec.fs_group_policy
    if policy is not None and policy not in _FS_GROUP_POLICIES:
        yield not_supported("spec.fsGroupPolicy", policy, _FS_GROUP_POLICIES)
    yield from _token_errors("spec.tokenRequests", spec.token_requests)
    for mode in spec.volume_lifecycle_modes:
        if mode not in _LIFECYCLE_MODES:
            yield not_supported("spec.volumeLifecycleModes", mode, _LIFECYCLE_MODES)
    if spec.se_linux_mount is None:
        yield required("spec.seLinuxMount")
    period = spec.node_allocatable_update_period_seconds
    if period is not None and period < _MIN_UPDATE_SECONDS:
        detail = "must be greater than or equal to 10 seconds"
        yield invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, detail)
    in_secrets = spec.service_account_token_in_secrets
    if in_secrets is not None and not spec.token_requests:
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        yield invalid("spec.serviceAccountTokenInSecrets", in_secrets, detail)


def _token_errors(path: str, requests: Sequence[TokenRequest]) -> Errors:
    audiences: set[str] = set()
    for i, request in enumerate(requests):
        if request.audience in audiences:
            yield duplicate(f"{path}[{i}].audience", request.audience)
            continue
        audiences.add(request.audience)
        seconds, where = request.expiration_seconds, f"{path}[{i}].expirationSeconds"
        if seconds is None:
            continue
        if seconds < _MIN_TOKEN_SECONDS:
            yield invalid(where, seconds, "may not specify a duration less than 10 minutes")
        if seconds > _MAX_TOKEN_SECONDS:
            yield invalid(where, seconds, "may not specify a duration larger than 2^32 seconds")


def _driver_change_errors(new: CSIDriver, old: CSIDriver) -> Errors:
    attach = (new.spec.attach_required, old.spec.attach_required)
    yield from immutable("spec.attachedRequired", *attach)
    modes = (new.spec.volume_lifecycle_modes, old.spec.volume_lifecycle_modes)
    yield from immutable("spec.volumeLifecycleModes", *modes)


# --- nodes ---------------------------------------------------------------------------------


def _node_errors(node: CSINode) -> Errors:
    names: set[str] = set()
    for i, driver in enumerate(node.spec.drivers):
        yield from _node_driver_errors(f"spec.drivers[{i}]", driver, names)


def _node_driver_errors(path: str, driver: CSINodeDriver, names: set[str]) -> Errors:
    if not driver.name:
        yield required(f"{path}.name")
    else:
        yield from driver_errors(f"{path}.name", driver.name)
    if not driver.node_id:
        yield required(f"{path}.nodeID")
    if len(driver.node_id.encode()) > _MAX_NODE_ID:
        detail = f"must be {_MAX_NODE_ID} characters or less"
        yield invalid(f"{path}.nodeID", driver.node_id, detail)
    if driver.allocatable is not None:
        yield from nonnegative(f"{path}.allocatable.count", driver.allocatable.count)
    if driver.name in names:
        yield duplicate(f"{path}.name", driver.name)
    names.add(driver.name)
    keys: set[str] = set()
    for key in driver.topology_keys:
        if not key:
            yield required(path)
        if key in keys:
            yield duplicate(path, key)
        keys.add(key)
        yield from complaints(path, key, qualified_name_errors(key))


def _node_change_errors(new: CSINode, old: CSINode) -> Errors:
    """What a driver once said of itself stays, but for how many volumes it takes."""
    for before in old.spec.drivers:
        for after in new.spec.drivers:
            if before.name != after.name:
                continue
            yield from immutable("spec.drivers", _without_count(after), _without_count(before))


def _without_count(driver: CSINodeDriver) -> CSINodeDriver:
    return replace(driver, allocatable=None)


# --- capacities ----------------------------------------------------------------------------


def _capacity_errors(capacity: CSIStorageCapacity) -> Errors:
    yield from label_selector_errors("nodeTopology", capacity.node_topology)
    name = capacity.storage_class_name
    yield from complaints("storageClassName", name, dns_subdomain(name))
    if capacity.capacity is not None:
        yield from nonnegative_quantity_errors("capacity", capacity.capacity)


def _capacity_change_errors(new: CSIStorageCapacity, old: CSIStorageCapacity) -> Errors:
    yield from immutable("nodeTopology", new.node_topology, old.node_topology)
    yield from immutable("storageClassName", new.storage_class_name, old.storage_class_name)


DRIVER_RULES: Final = Rules(spec=_driver_errors, update=_driver_change_errors)

NODE_RULES: Final = Rules(spec=_node_errors, update=_node_change_errors, metadata_again=WHOLE)

CAPACITY_RULES: Final = Rules(
    spec=_capacity_errors,
    update=_capacity_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
)
