"""Which kinds Kubernetes knows in which versions, served or not, and how it says that it does not."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api import protobuf
from orchestrator.machinery.documents import kind_of

NO_KIND: Final = "couldn't get version/kind; json parse error: "

_SCHEME: Final = "pkg/api/legacyscheme/scheme.go:30"
_SCHEMES: Final = {
    "apiextensions.k8s.io": "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55",
    "apiregistration.k8s.io": "k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28",
}
# Where the scales of custom resources are read, in patches and in bodies. The latter does not know its own kind.
SCALES: Final = "k8s.io/client-go/scale/util.go:146"
_SCALE_READER: Final = "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:781"
UNREADABLE_SCALE: Final = f'no kind is registered for the type v1.Scale in scheme "{_SCALE_READER}"'
# Versions that Kubernetes still reads and does not serve, and the versions where their kinds are now.
_UNSERVED: Final[Mapping[str, tuple[str, ...]]] = {
    "admissionregistration.k8s.io/v1alpha1": ("admissionregistration.k8s.io/v1",),
    "admissionregistration.k8s.io/v1beta1": ("admissionregistration.k8s.io/v1",),
    "apps/v1beta1": ("apps/v1",),
    "apps/v1beta2": ("apps/v1",),
    "batch/v1beta1": ("batch/v1",),
    "certificates.k8s.io/v1beta1": ("certificates.k8s.io/v1",),
    "coordination.k8s.io/v1beta1": ("coordination.k8s.io/v1",),
    "discovery.k8s.io/v1beta1": ("discovery.k8s.io/v1",),
    "events.k8s.io/v1beta1": ("events.k8s.io/v1",),
    "extensions/v1beta1": ("apps/v1", "networking.k8s.io/v1"),
    "flowcontrol.apiserver.k8s.io/v1beta1": ("flowcontrol.apiserver.k8s.io/v1",),
    "flowcontrol.apiserver.k8s.io/v1beta2": ("flowcontrol.apiserver.k8s.io/v1",),
    "flowcontrol.apiserver.k8s.io/v1beta3": ("flowcontrol.apiserver.k8s.io/v1",),
    "networking.k8s.io/v1beta1": ("networking.k8s.io/v1",),
    "node.k8s.io/v1alpha1": ("node.k8s.io/v1",),
    "node.k8s.io/v1beta1": ("node.k8s.io/v1",),
    "policy/v1beta1": ("policy/v1",),
    "rbac.authorization.k8s.io/v1alpha1": ("rbac.authorization.k8s.io/v1",),
    "rbac.authorization.k8s.io/v1beta1": ("rbac.authorization.k8s.io/v1",),
    "resource.k8s.io/v1beta1": ("resource.k8s.io/v1",),
    "resource.k8s.io/v1beta2": ("resource.k8s.io/v1",),
    "scheduling.k8s.io/v1beta1": ("scheduling.k8s.io/v1",),
    "storage.k8s.io/v1alpha1": ("storage.k8s.io/v1",),
    "storage.k8s.io/v1beta1": ("storage.k8s.io/v1",),
}


def is_registered(api_version: str, kind: str) -> bool:
    """Whether Kubernetes knows the kind in the version, served or not."""
    if protobuf.definition_of(api_version, kind) is not None:
        return True
    successors = _UNSERVED.get(api_version, ())
    return any(protobuf.definition_of(each, kind) is not None for each in successors)


def unregistered(api_version: str, kind: str, expected: str, scheme: str = "") -> str:
    """It does not; Kubernetes names the place in its source where the kinds of `expected` are registered."""
    scheme = scheme or _SCHEMES.get(expected.rpartition("/")[0], _SCHEME)
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "{scheme}"'


def type_fault(document: Mapping[str, Any]) -> str:
    """What is wrong with the types of a document's version and kind; "" if both are text or missing."""
    if type(document.get("kind")) is type(document.get("apiVersion")) is str:
        return ""
    for name in document:
        value = document[name]
        if name in ("kind", "apiVersion") and not (value is None or isinstance(value, str)):
            wrong = kind_of(value)
            return f"{NO_KIND}json: cannot unmarshal {wrong} into Go struct field .{name} of type string"
    return ""


def unconvertible(api_version: str, kind: str, expected_version: str, expected_kind: str) -> str:
    """Why an object of one kind is none of another."""
    if not is_registered(api_version, kind):
        return unregistered(api_version, kind, expected_version)
    version = api_version.rpartition("/")[2]
    group = expected_version.rpartition("/")[0]
    # Inside, events of both groups are core's.
    package = "core" if group in ("", "events.k8s.io") else group.partition(".")[0]
    return f"converting ({version}.{kind}) to ({package}.{expected_kind}): unknown conversion"
