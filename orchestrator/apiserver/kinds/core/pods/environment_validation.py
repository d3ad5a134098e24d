"""Environment variables: where their values come from, and the downward API's fields."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import (
    ConfigMapKeySelector,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    FileKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
    named,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import backstep_errors
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.names import (
    as_prefix,
    config_key_errors,
    dns1123_label_errors,
    qualified_name_errors,
    relaxed_env_var_errors,
)
from orchestrator.machinery.quantities import canonical

_ENV_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS: Final = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
# What the conversion knows, though neither use takes it.
_OTHER_FIELDS: Final = ("spec.restartPolicy", "spec.schedulerName", "status.phase")
_KNOWN_FIELDS: Final = frozenset({*_ENV_FIELDS, *VOLUME_FIELDS, *_OTHER_FIELDS})
_RESOURCES: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGES: Final = ("limits.hugepages-", "requests.hugepages-")
_SIZES: Final = ("1", *(f"1{u}" for u in "kMGTPE"), *(f"1{u}i" for u in "KMGTPE"))
# What a resource may be divided by, and the resource's name in the complaint.
_DIVISORS: Final = (
    ("cpu", ("1m", "1"), "1m and 1", "cpu"),
    ("memory", _SIZES, ", ".join(_SIZES), "memory"),
    ("ephemeral-storage", _SIZES, ", ".join(_SIZES), "local ephemeral storage"),
    ("hugepages-", _SIZES, ", ".join(_SIZES), "hugepages"),
)


def env_errors(path: str, variables: Sequence[EnvVar]) -> Errors:
    """Single variables."""
    for i, variable in enumerate(variables):
        here = f"{path}[{i}]"
        yield from named(f"{here}.name", variable.name, relaxed_env_var_errors)
        if variable.value_from is not None:
            source = variable.value_from
            yield from _source_errors(f"{here}.valueFrom", source, variable.value)


def _source_errors(path: str, source: EnvVarSource, value: str | None) -> Errors:
    found = 0
    if source.field_ref is not None:
        found += 1
        yield from field_ref_errors(f"{path}.fieldRef", source.field_ref, _ENV_FIELDS)
    if source.resource_field_ref is not None:
        found += 1
        ref = source.resource_field_ref
        yield from resource_ref_errors(f"{path}.resourceFieldRef", ref, volume=False)
    if source.config_map_key_ref is not None:
        found += 1
        yield from _key_errors(f"{path}.configMapKeyRef", source.config_map_key_ref)
    if source.secret_key_ref is not None:
        found += 1
        yield from _key_errors(f"{path}.secretKeyRef", source.secret_key_ref)
    if source.file_key_ref is not None:
        found += 1
        yield from _file_key_errors(f"{path}.fileKeyRef", source.file_key_ref)
    if found == 0:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        yield invalid(path, "", detail)
    elif value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif found > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


def _key_errors(path: str, selector: ConfigMapKeySelector | SecretKeySelector) -> Errors:
    name = selector.name or ""
    yield from complaints(f"{path}.name", name, dns_subdomain(name))
    yield from named(f"{path}.key", selector.key, config_key_errors)


def _file_key_errors(path: str, selector: FileKeySelector) -> Errors:
    yield from named(f"{path}.key", selector.key, relaxed_env_var_errors)
    yield from named(f"{path}.volumeName", selector.volume_name, dns1123_label_errors)
    yield from named(f"{path}.path", selector.path, backstep_errors)


def env_from_errors(path: str, sources: Sequence[EnvFromSource]) -> Errors:
    """Whole maps as variables."""
    for i, source in enumerate(sources):
        here = f"{path}[{i}]"
        if source.prefix:
            messages = relaxed_env_var_errors(source.prefix)
            yield from complaints(f"{here}.prefix", source.prefix, messages)
        refs: dict[str, Any] = {
            "configMapRef": source.config_map_ref,
            "secretRef": source.secret_ref,
        }
        given = {name: ref for name, ref in refs.items() if ref is not None}
        for name, ref in given.items():
            yield from named(f"{here}.{name}.name", ref.name, _prefix_subdomain)
        # The paths of these two lack the index in Kubernetes, too.
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")


def _prefix_subdomain(name: str) -> tuple[str, ...]:
    return dns_subdomain(as_prefix(name))


# --- the downward API ----------------------------------------------------------------------


def field_ref_errors(path: str, ref: ObjectFieldSelector, fields: Collection[str]) -> Errors:
    """A field of the pod itself, one of `fields` or a single label or annotation."""
    if not ref.api_version:
        yield required(f"{path}.apiVersion")
        return
    if not ref.field_path:
        yield required(f"{path}.fieldPath")
        return
    name, subscript = _split_subscript(ref.field_path)
    if error := _conversion_error(ref.api_version, ref.field_path, name, subscript):
        detail = f"error converting fieldPath: {error}"
        yield invalid(f"{path}.fieldPath", ref.field_path, detail)
    elif subscript is None:
        if name not in fields:
            yield not_supported(f"{path}.fieldPath", name, sorted(fields))
    elif name == "metadata.annotations":
        yield from complaints(path, subscript.lower(), qualified_name_errors(subscript.lower()))
    else:
        yield from complaints(path, subscript, qualified_name_errors(subscript))


def _split_subscript(field_path: str) -> tuple[str, str | None]:
    name, bracket, rest = field_path.partition("['")
    return (name, rest[:-2]) if bracket and rest.endswith("']") else (field_path, None)


def _conversion_error(version: str, field_path: str, name: str, subscript: str | None) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if subscript is not None:
        if name in ("metadata.annotations", "metadata.labels"):
            return ""
        return f"field label does not support subscript: {field_path}"
    return "" if name in _KNOWN_FIELDS else f"field label not supported: {field_path}"


def resource_ref_errors(path: str, ref: ResourceFieldSelector, *, volume: bool) -> Errors:
    """A container's resource. `volume`: a volume must say which container's."""
    if volume and not ref.container_name:
        yield required(f"{path}.containerName")
    elif not ref.resource:
        yield required(f"{path}.resource")
    elif ref.resource not in _RESOURCES and not ref.resource.startswith(_HUGE_PAGES):
        yield not_supported(f"{path}.resource", ref.resource, _RESOURCES)
    if ref.divisor is not None:
        yield from _divisor_errors(f"{path}.divisor", ref.resource, ref.divisor)


def _divisor_errors(path: str, resource: str, divisor: Any) -> Errors:
    try:
        text = canonical(divisor)
    except QuantityError as error:
        yield invalid(path, divisor, str(error))
        return
    kind = resource.partition(".")[2]
    for name, allowed, listed, title in _DIVISORS:
        if (kind == name or (name.endswith("-") and kind.startswith(name))) and (
            text not in (*allowed, "0")
        ):
            detail = f"only divisor's values {listed} are supported with the {title} resource"
            yield invalid(path, resource, detail)
