"""Volume sources that pods and PersistentVolumes have in common.

Drivers of single clouds have left Kubernetes; their fields are still there, and are still checked.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import SecretReference
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    named,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import relative_path_errors
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.names import dns1123_label_errors, dns1123_subdomain_errors

SourceCheck = Callable[[str, Any], Iterator[FieldError]]

_MAX_DRIVER: Final = 63  # bytes
_ISCSI_NAMES: Final = {
    "iqn": re.compile(r"iqn\.[0-9]{4}-[0-9]{2}\.[0-9A-Za-z.-]+:[^,;*&$|\t\n\f\r ]+\Z"),
    "eui": re.compile(r"^eui.[0-9A-Za-z]{16}\Z"),
    "naa": re.compile(r"^naa.[0-9A-Za-z]{32}\Z"),
}
MAX_ISCSI: Final = 64  # bytes
ISCSI_TOO_LONG: Final = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
    "iscsi.initiatorName is specified."
)
_HOST_AND_PORT: Final = re.compile(r"([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*")
_MAX_TENANT: Final = 64  # bytes
_CACHING_MODES: Final = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS: Final = ("Dedicated", "Managed", "Shared")
_MANAGED_DISK: Final = (
    "/subscriptions/",
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
)
_BLOB_DISK: Final = (
    "https://",
    "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
)


def driver_errors(path: str, driver: str) -> Errors:
    """The name of a CSI driver."""
    if not driver:
        yield required(path)
        return
    if len(driver) > _MAX_DRIVER:
        yield too_long(path, _MAX_DRIVER)
    yield from complaints(path, driver, dns1123_subdomain_errors(driver.lower()))


def _demanding(**fields: str) -> SourceCheck:
    """A check that fields (attribute=wire name) are set."""

    def check(path: str, source: Any) -> Errors:
        for attribute, wire in fields.items():
            if not getattr(source, attribute):
                yield required(f"{path}.{wire}")

    return check


def _nfs_errors(path: str, source: Any) -> Errors:
    if not source.server:
        yield required(f"{path}.server")
    if not source.path:
        yield required(f"{path}.path")
    if not (source.path or "").startswith("/"):
        yield invalid(f"{path}.path", source.path or "", "must be an absolute path")


def _iscsi_check(unknown: str, *, names_secret: bool = False) -> SourceCheck:
    """`unknown`: what is said of a name that is of no known kind. `names_secret`: a reference to a Secret must name one."""

    def check(path: str, source: Any) -> Errors:
        if not source.target_portal:
            yield required(f"{path}.targetPortal")
        if not source.iqn:
            yield required(f"{path}.iqn")
        else:
            yield from _iscsi_name_errors(f"{path}.iqn", source.iqn, unknown)
        if not 0 <= (source.lun or 0) <= 255:
            yield invalid(f"{path}.lun", source.lun, "must be between 0 and 255, inclusive")
        asks = source.chap_auth_discovery or source.chap_auth_session
        if asks and source.secret_ref is None:
            yield required(f"{path}.secretRef")
        if names_secret and source.secret_ref is not None and not source.secret_ref.name:
            yield required(f"{path}.secretRef.name")
        if source.initiator_name is not None:
            where = f"{path}.initiatorname"
            yield from _iscsi_name_errors(where, source.initiator_name, unknown)

    return check


def _iscsi_name_errors(path: str, name: str, unknown: str) -> Errors:
    form = _ISCSI_NAMES.get(name[:3])
    if form is None:
        yield invalid(path, name, unknown)
    elif not form.search(name):
        yield invalid(path, name, "must be valid format")


def _git_repo_errors(path: str, source: Any) -> Errors:
    if not source.repository:
        yield required(f"{path}.repository")
    messages = relative_path_errors(source.directory)
    yield from complaints(f"{path}.directory", source.directory, messages)


def _disk_check(attribute: str, wire: str) -> SourceCheck:
    """A disk of a cloud, named by a field, and its partition."""

    def check(path: str, source: Any) -> Errors:
        yield from _demanding(**{attribute: wire})(path, source)
        if not 0 <= (source.partition or 0) <= 255:
            # Nought is no partition, and the original does not count it in its sentence.
            detail = "must be between 1 and 255, inclusive"
            yield invalid(f"{path}.partition", source.partition, detail)

    return check


def _azure_disk_errors(path: str, source: Any) -> Errors:
    yield from _demanding(disk_name="diskName", disk_uri="diskURI")(path, source)
    if source.caching_mode is not None and source.caching_mode not in _CACHING_MODES:
        yield not_supported(f"{path}.cachingMode", source.caching_mode, _CACHING_MODES)
    if source.kind is None:
        return
    if source.kind not in _DISK_KINDS:
        yield not_supported(f"{path}.kind", source.kind, _DISK_KINDS)
    start, form = _MANAGED_DISK if source.kind == "Managed" else _BLOB_DISK
    if not source.disk_uri.startswith(start):
        yield not_supported(f"{path}.diskURI", source.disk_uri, (form,))


def _quobyte_errors(path: str, source: Any) -> Errors:
    where = f"{path}.registry"
    detail = "must be a host:port pair or multiple pairs separated by commas"
    if not source.registry:
        yield required(where, detail)
    elif len(source.tenant.encode()) > _MAX_TENANT:
        too_much = f"must be a UUID and may not exceed a length of {_MAX_TENANT} characters"
        yield required(f"{path}.tenant", too_much)
    else:
        for pair in source.registry.split(","):
            if not _HOST_AND_PORT.fullmatch(pair):
                yield invalid(where, source.registry, detail)
    if not source.volume:
        yield required(f"{path}.volume")


def _flocker_errors(path: str, source: Any) -> Errors:
    if not source.dataset_name and not source.dataset_uuid:
        yield required(path, "one of datasetName and datasetUUID is required")
    if source.dataset_name and source.dataset_uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        yield invalid(path, "resource", detail)
    if "/" in source.dataset_name:
        yield invalid(f"{path}.datasetName", source.dataset_name, "must not contain '/'")


def _storageos_errors(path: str, source: Any) -> Errors:
    yield from named(f"{path}.volumeName", source.volume_name, dns1123_label_errors)
    if source.volume_namespace:
        messages = dns1123_label_errors(source.volume_namespace)
        yield from complaints(f"{path}.volumeNamespace", source.volume_namespace, messages)
    yield from _secret_errors(f"{path}.secretRef", source.secret_ref)


def _cinder_errors(path: str, source: Any) -> Errors:
    if not source.volume_id:
        yield required(f"{path}.volumeID")
    yield from _secret_errors(f"{path}.secretRef", source.secret_ref)


def _secret_errors(path: str, ref: Any) -> Errors:
    """A secret beside the pod; that of a PersistentVolume has a namespace, too."""
    if ref is None:
        return
    if not ref.name:
        yield required(f"{path}.name")
    if isinstance(ref, SecretReference) and not ref.namespace:
        yield required(f"{path}.namespace")


def _glusterfs_errors(path: str, source: Any) -> Errors:
    yield from _demanding(endpoints="endpoints", path="path")(path, source)
    namespace, where = getattr(source, "endpoints_namespace", None), f"{path}.endpointsNamespace"
    if namespace:
        yield from complaints(where, namespace, dns1123_label_errors(namespace))


def _fc_errors(path: str, source: Any) -> Errors:
    if not source.target_wwns and not source.wwids:
        detail = "must specify either targetWWNs or wwids, but not both"
        yield required(f"{path}.targetWWNs", detail)
    if source.target_wwns and source.wwids:
        yield invalid(
            f"{path}.targetWWNs",
            source.target_wwns,
            "targetWWNs and wwids can not be specified simultaneously",
        )
    if source.target_wwns:
        if source.lun is None:
            yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
        elif not 0 <= source.lun <= 255:
            yield invalid(f"{path}.lun", source.lun, "must be between 0 and 255, inclusive")


def _flex_errors(path: str, source: Any) -> Errors:
    if not source.driver:
        yield required(f"{path}.driver")
    for key in source.options:
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            yield invalid(f"{path}.options[{key}]", key, detail)


SHARED_SOURCES: Final[Mapping[str, tuple[str, SourceCheck]]] = {
    "nfs": ("nfs", _nfs_errors),
    "iscsi": (
        "iscsi",
        _iscsi_check("must be valid format starting with iqn, eui, or naa"),
    ),
    "fc": ("fc", _fc_errors),
    "flex_volume": ("flexVolume", _flex_errors),
    "rbd": ("rbd", _demanding(monitors="monitors", image="image")),
    "cephfs": ("cephfs", _demanding(monitors="monitors")),
    "cinder": ("cinder", _cinder_errors),
    "glusterfs": ("glusterfs", _glusterfs_errors),
    "quobyte": ("quobyte", _quobyte_errors),
    "azure_file": ("azureFile", _demanding(secret_name="secretName", share_name="shareName")),
    "azure_disk": ("azureDisk", _azure_disk_errors),
    "vsphere_volume": ("vsphereVolume", _demanding(volume_path="volumePath")),
    "photon_persistent_disk": ("photonPersistentDisk", _demanding(pd_id="pdID")),
    "portworx_volume": ("portworxVolume", _demanding(volume_id="volumeID")),
    "scale_io": (
        "scaleIO",
        _demanding(gateway="gateway", system="system", volume_name="volumeName"),
    ),
    "storageos": ("storageos", _storageos_errors),
    "git_repo": ("gitRepo", _git_repo_errors),
    "gce_persistent_disk": ("gcePersistentDisk", _disk_check("pd_name", "pdName")),
    "aws_elastic_block_store": (
        "awsElasticBlockStore",
        _disk_check("volume_id", "volumeID"),
    ),
    "flocker": ("flocker", _flocker_errors),
}

PERSISTENT_ISCSI: Final = ("iscsi", _iscsi_check("must be valid format", names_secret=True))

# What the original calls some sources: where it says that they are one too many, and where it looks into them.
_NAMES_OF_MANY: Final = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
_NAMES_INSIDE: Final = {"gcePersistentDisk": "persistentDisk"}


def one_source_errors(
    path: str,
    owner: Any,
    sources: Mapping[str, tuple[str, SourceCheck]],
    *,
    uncounted: str = "",
) -> Errors:
    """The one source that a volume has of those that it may have, in Kubernetes' order.

    Of two the later one is the one too many, unless it is `uncounted`.
    """
    found = False
    for attribute, (wire, check) in sources.items():
        source = getattr(owner, attribute)
        if source is None:
            continue
        if found and attribute != uncounted:
            called = _NAMES_OF_MANY.get(wire, wire)
            yield forbidden(f"{path}.{called}", "may not specify more than 1 volume type")
            continue
        found = True
        yield from check(f"{path}.{_NAMES_INSIDE.get(wire, wire)}", source)
    if not found:
        yield required(path, "must specify a volume type")
