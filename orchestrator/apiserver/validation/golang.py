"""Objects as Kubernetes' complaints print them: the JSON of Go's internal structs.

Those have no names for the wire, so that the fields have Go's own names, stand in the order of the
declaration, and none is left out: `{"Type":"Odd","RollingUpdate":null}`. What belongs to the meta
types has its wire names there, too, and keys of maps are sorted.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.apps.v1 import (
    DaemonSetUpdateStrategy,
    DeploymentStrategy,
    RollingUpdateDaemonSet,
    RollingUpdateDeployment,
    RollingUpdateStatefulSetStrategy,
    StatefulSetUpdateStrategy,
)
from orchestrator.api.batch.v1 import SuccessPolicy, SuccessPolicyRule
from orchestrator.api.core.v1 import Capabilities, SecurityContext
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.policy.v1 import PodDisruptionBudgetSpec
from orchestrator.api.rbac.v1 import RoleRef
from orchestrator.api.resource.v1 import (
    DeviceClaim,
    DeviceClaimConfiguration,
    DeviceConstraint,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaimSpec,
    ResourceClaimTemplateSpec,
)

# A name with `=` is a plain string of Go, which is empty when nothing is said.
_FIELDS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    DaemonSetUpdateStrategy: ("Type=", "RollingUpdate"),
    DeploymentStrategy: ("Type=", "RollingUpdate"),
    RollingUpdateDaemonSet: ("MaxUnavailable", "MaxSurge"),
    RollingUpdateDeployment: ("MaxUnavailable", "MaxSurge"),
    RollingUpdateStatefulSetStrategy: ("Partition", "MaxUnavailable"),
    StatefulSetUpdateStrategy: ("Type=", "RollingUpdate"),
    SuccessPolicy: ("Rules",),
    SuccessPolicyRule: ("SucceededIndexes", "SucceededCount"),
    PodDisruptionBudgetSpec: (
        "MinAvailable",
        "Selector",
        "MaxUnavailable",
        "UnhealthyPodEvictionPolicy",
    ),
    RoleRef: ("APIGroup=", "Kind=", "Name="),
    Capabilities: ("Add", "Drop"),
    SecurityContext: (
        "Capabilities",
        "Privileged",
        "SELinuxOptions",
        "WindowsOptions",
        "RunAsUser",
        "RunAsGroup",
        "RunAsNonRoot",
        "ReadOnlyRootFilesystem",
        "AllowPrivilegeEscalation",
        "ProcMount",
        "SeccompProfile",
        "AppArmorProfile",
    ),
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
    DeviceConstraint: ("Requests", "MatchAttribute", "DistinctAttribute"),
    DeviceClaimConfiguration: ("Requests", "Opaque"),
}
_WIRE: Final[Mapping[type[Any], tuple[str, ...]]] = {
    LabelSelector: ("matchLabels", "matchExpressions"),
}
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def as_go(value: Any) -> Any:
    """The value as its JSON should be; a type that nothing is known of keeps its wire names."""
    if isinstance(value, Struct):
        return _struct(value)
    if isinstance(value, tuple | list):
        return [as_go(each) for each in value] or None
    if isinstance(value, Mapping):
        return {name: as_go(value[name]) for name in sorted(value)} or None
    return value


def _struct(value: Struct) -> Any:
    kind = type(value)
    if kind in _WIRE:
        given = {name: as_go(getattr(value, _attribute(kind, name))) for name in _WIRE[kind]}
        return {name: each for name, each in given.items() if each is not None}
    if kind not in _FIELDS:
        return value
    printed = {}
    for field in _FIELDS[kind]:
        name = field.removesuffix("=")
        found = as_go(getattr(value, _attribute(kind, name)))
        printed[name] = "" if found is None and field.endswith("=") else found
    return printed


def _attribute(kind: type[Any], name: str) -> str:
    """The Python name of a field of Go (or of the wire)."""
    attribute = _WORD.sub("_", name).lower()
    if attribute in kind.__struct_fields__:
        return attribute
    # Words of capitals are cut in another place: SELinux is se_linux, and APIGroup api_group.
    squeezed = attribute.replace("_", "")
    fields: tuple[str, ...] = kind.__struct_fields__
    return next(each for each in fields if each.replace("_", "") == squeezed)
