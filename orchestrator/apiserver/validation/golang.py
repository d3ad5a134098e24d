"""Objects as Kubernetes' complaints print them: the JSON of Go's internal structs.

Those have no names for the wire, so that the fields have Go's own names, stand in the order of the
declaration, and none is left out: `{"Type":"Odd","RollingUpdate":null}`. What belongs to the meta
types has its wire names there, too, and keys of maps are sorted.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from msgspec import Struct, structs

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import AuditAnnotation
from orchestrator.api.apps.v1 import (
    DaemonSetUpdateStrategy,
    DeploymentStrategy,
    RollingUpdateDaemonSet,
    RollingUpdateDeployment,
    RollingUpdateStatefulSetStrategy,
    StatefulSetUpdateStrategy,
)
from orchestrator.api.batch.v1 import (
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from orchestrator.api.core.v1 import PodSpec
from orchestrator.api.empty_lists import Said
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.networking.v1 import ParentReference
from orchestrator.api.policy.v1 import PodDisruptionBudgetSpec
from orchestrator.api.rbac.v1 import RoleRef
from orchestrator.api.resource.v1 import (
    CapacityRequirements,
    CELDeviceSelector,
    DeviceClaim,
    DeviceClaimConfiguration,
    DeviceConstraint,
    DeviceRequest,
    DeviceSelector,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    OpaqueDeviceConfiguration,
    ResourceClaimSpec,
    ResourceClaimTemplateSpec,
)
from orchestrator.api.storage.v1 import (
    CSINodeDriver,
    VolumeAttachmentSource,
    VolumeAttachmentSpec,
)
from orchestrator.apiserver.validation.golang_pods import CORE_FIELDS
from orchestrator.apiserver.validation.golang_volumes import VOLUME_FIELDS

# The marks are those of `golang_pods`, which has the structs of pods.
_FIELDS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    AuditAnnotation: ("Key=", "ValueExpression="),
    DaemonSetUpdateStrategy: ("Type=", "RollingUpdate"),
    DeploymentStrategy: ("Type=", "RollingUpdate"),
    RollingUpdateDaemonSet: ("MaxUnavailable", "MaxSurge"),
    RollingUpdateDeployment: ("MaxUnavailable", "MaxSurge"),
    RollingUpdateStatefulSetStrategy: ("Partition", "MaxUnavailable"),
    StatefulSetUpdateStrategy: ("Type=", "RollingUpdate"),
    PodFailurePolicy: ("Rules",),
    PodFailurePolicyRule: ("Action=", "OnExitCodes", "OnPodConditions"),
    PodFailurePolicyOnExitCodesRequirement: ("ContainerName", "Operator=", "Values"),
    PodFailurePolicyOnPodConditionsPattern: ("Type=", "Status="),
    SuccessPolicy: ("Rules",),
    SuccessPolicyRule: ("SucceededIndexes", "SucceededCount"),
    PodDisruptionBudgetSpec: (
        "MinAvailable",
        "Selector",
        "MaxUnavailable",
        "UnhealthyPodEvictionPolicy",
    ),
    ParentReference: ("Group=", "Resource=", "Namespace=", "Name="),
    VolumeAttachmentSpec: ("Attacher=", "Source", "NodeName="),
    VolumeAttachmentSource: ("PersistentVolumeName", "InlineVolumeSpec"),
    CSINodeDriver: ("Name=", "NodeID=", "TopologyKeys", "Allocatable"),
    RoleRef: ("APIGroup=", "Kind=", "Name="),
    ResourceClaimTemplateSpec: ("Spec",),
    ResourceClaimSpec: ("Devices",),
    DeviceClaim: ("Requests", "Constraints", "Config"),
    DeviceRequest: ("Name=", "Exactly", "FirstAvailable"),
    ExactDeviceRequest: (
        "DeviceClassName=",
        "Selectors",
        "AllocationMode=",
        "Count",
        "AdminAccess",
        "Tolerations",
        "Capacity",
    ),
    DeviceSubRequest: (
        "Name=",
        "DeviceClassName=",
        "Selectors",
        "AllocationMode=",
        "Count",
        "Tolerations",
        "Capacity",
    ),
    DeviceSelector: ("CEL",),
    CELDeviceSelector: ("Expression=",),
    DeviceToleration: ("Key=", "Operator=", "Value=", "Effect=", "TolerationSeconds"),
    CapacityRequirements: ("Requests",),
    OpaqueDeviceConfiguration: ("Driver=", "Parameters"),
    DeviceConstraint: ("Requests", "MatchAttribute", "DistinctAttribute"),
    DeviceClaimConfiguration: ("Requests", "Opaque"),
}
_WIRE: Final[Mapping[type[Any], tuple[str, ...]]] = {
    LabelSelector: ("matchLabels", "matchExpressions"),
}
_CORE: Final = "orchestrator.api.core.v1"
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def as_go(value: Any) -> Any:
    """The value as its JSON should be; a type that nothing is known of keeps its wire names."""
    if isinstance(value, Struct):
        return _struct(value)
    if type(value) is Said:
        return []
    if isinstance(value, tuple | list):
        return [as_go(each) for each in value] or None
    if isinstance(value, Mapping):
        return {name: _inside(value[name]) for name in sorted(value)} or None
    return value


def part_as_go(value: Struct, fields: str) -> dict[str, Any]:
    """Some fields of a struct, in their order and with their marks: in Go they are a struct of their own."""
    printed: dict[str, Any] = {}
    for name, zero in map(_field, fields.split()):
        found = as_go(_found(value, name))
        printed[name] = zero() if found is None else found
    return printed


def _inside(value: Any) -> Any:
    """A value of a map: free JSON keeps what is empty."""
    return value if value == {} or value == [] else as_go(value)


def _struct(value: Struct) -> Any:
    kind = type(value)
    if kind in _WIRE:
        given = {name: as_go(_found(value, name)) for name in _WIRE[kind]}
        return {name: each for name, each in given.items() if each is not None}
    fields = _fields(kind)
    if fields is None:
        return value
    printed: dict[str, Any] = {}
    for name, zero in fields:
        if name == _METADATA:
            printed |= _sorted_maps(codec.to_dict(value.metadata))  # type: ignore[attr-defined]
            continue
        found = as_go(_found(value, name))
        # A pointer to no text is none to nothing, where both are told apart here.
        unsaid = found is None or (found == "" and _default(kind, name) == "")
        printed[name] = zero() if unsaid else found
    if kind is PodSpec:
        of_host = [field.removesuffix("?") for field in _OF_HOST]
        printed["SecurityContext"] |= {name: printed.pop(name) for name in of_host}
    return printed


def _sorted_maps(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata with sorted maps, its last fields in the order of Go's struct."""
    return {
        name: dict(sorted(each.items())) if isinstance(each := metadata[name], dict) else each
        for name in sorted(metadata, key=lambda name: _LAST_OF_METADATA.get(name, 0))
    }


_LAST_OF_METADATA: Final = {"annotations": 1, "ownerReferences": 2, "finalizers": 3}
Zero: TypeAlias = Callable[[], Any]
_METADATA: Final = "*"
_ZEROS: Final[Mapping[str, Zero]] = {
    "=": lambda: "",
    "#": lambda: 0,
    "?": lambda: False,
    "@": lambda: "0",
}
# Inside of Kubernetes these are parts of a pod's security context, which is always there.
_OF_HOST: Final = ("HostNetwork?", "HostPID?", "HostIPC?", "ShareProcessNamespace", "HostUsers")


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Zero], ...] | None:
    """The fields of a type in order, and what each is while it is empty; None for an unknown type."""
    written = _FIELDS.get(kind)
    if written is not None:
        return tuple(map(_field, written))
    if not kind.__module__.startswith(_CORE):
        return None
    core = _core_fields(kind.__name__)
    if kind is PodSpec and core is not None:
        context = "SecurityContext{PodSecurityContext}"
        core = tuple(_field(context) if each[0] == "SecurityContext" else each for each in core)
        core += tuple(map(_field, _OF_HOST))
    return core


@cache
def _core_fields(name: str) -> tuple[tuple[str, Zero], ...] | None:
    text = CORE_FIELDS.get(name) or VOLUME_FIELDS.get(name)
    return None if text is None else tuple(map(_field, text.split()))


def _field(text: str) -> tuple[str, Zero]:
    if text[-1] == "}":
        name, _, inner = text[:-1].partition("{")
        return name, lambda: _zero_struct(inner)
    zero = _ZEROS.get(text[-1])
    return (text, lambda: None) if zero is None else (text[:-1], zero)


def _zero_struct(name: str) -> Any:
    return {field: zero() for field, zero in _core_fields(name) or () if field != _METADATA}


def _found(value: Struct, name: str) -> Any:
    """The value of a field of Go (or of the wire); None for one that is not here."""
    attribute = _attribute(type(value), name)
    return None if attribute is None else getattr(value, attribute)


@cache
def _default(kind: Any, name: str) -> Any:
    """What a field of Go is here while nobody says it."""
    attribute = _attribute(kind, name)
    return next((each.default for each in structs.fields(kind) if each.name == attribute), None)


# Fields that have other words on the wire than in Go.
_RENAMED: Final[Mapping[str, str]] = {
    "CephMonitors": "monitors",
    "DataDiskURI": "disk_uri",
    "DiscoveryCHAPAuth": "chap_auth_discovery",
    "EndpointsName": "endpoints",
    "RBDImage": "image",
    "RBDPool": "pool",
    "RadosUser": "user",
    "SessionCHAPAuth": "chap_auth_session",
}


@cache
def _attribute(kind: type[Any], name: str) -> str | None:
    if name in _RENAMED:
        return _RENAMED[name]
    attribute = _WORD.sub("_", name).lower()
    fields: tuple[str, ...] = kind.__struct_fields__
    if attribute in fields:
        return attribute
    # Words of capitals are cut in another place: SELinux is se_linux, and APIGroup api_group.
    squeezed = attribute.replace("_", "")
    return next((each for each in fields if each.replace("_", "") == squeezed), None)
