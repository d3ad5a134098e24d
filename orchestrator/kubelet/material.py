"""Of which objects a pod's volumes and its containers' environment are made, and what is missing of them.

An object is named by its kind and name; they are those of the pod's namespace. `Found` holds what was
looked up, None for what is not there.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.authentication.v1 import TokenRequest
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    EnvVarSource,
    KeyToPath,
    PersistentVolumeClaim,
    PodSpec,
    Secret,
    ServiceAccountTokenProjection,
    Volume,
)

Source: TypeAlias = tuple[type[Any], str]
Found: TypeAlias = Mapping[Source, Any]

# Every pod of an account has it, and the cluster has what is in it from its beginning.
_ACCOUNT_VOLUME: Final = "kube-api-access-"


def volume_sources(spec: PodSpec) -> tuple[Source, ...]:
    """The objects that the pod's volumes need."""
    parts = (part for volume in spec.volumes for part in _parts(volume))
    return tuple(dict.fromkeys(source for source, _, _ in parts))


def world_sources(spec: PodSpec) -> tuple[Source, ...]:
    """All objects that lie in the pod's volumes, those of its account's included: what a container can look at."""
    found: dict[Source, None] = {}
    for volume in spec.volumes:
        found |= {source: None for source, _, _ in _parts(volume, of_account=True)}
        for part in volume.projected.sources if volume.projected is not None else ():
            if part.service_account_token is not None:
                found[token_source(part.service_account_token)] = None
    return tuple(found)


def token_source(projection: ServiceAccountTokenProjection) -> Source:
    """How a token of the pod's account is named among the sources."""
    return TokenRequest, f"{projection.audience} {projection.expiration_seconds or ''}"


def token_projection(source: Source) -> ServiceAccountTokenProjection:
    """The projection that a token's source names."""
    audience, _, seconds = source[1].rpartition(" ")
    expiration = int(seconds) if seconds else None
    return ServiceAccountTokenProjection(
        audience=audience, expiration_seconds=expiration, path="token"
    )


def environment_sources(container: Container) -> tuple[Source, ...]:
    """The objects that the container's environment needs."""
    return tuple(dict.fromkeys(source for source, _, _ in _wanted(container)))


def _parts(
    volume: Volume, *, of_account: bool = False
) -> Iterator[tuple[Source, tuple[KeyToPath, ...], bool]]:
    """Object, keys and whether it may be missing, for each object that a volume needs."""
    if volume.name.startswith(_ACCOUNT_VOLUME) and not of_account:
        return
    if (config := volume.config_map) is not None:
        yield (ConfigMap, config.name), config.items, bool(config.optional)
    elif (secret := volume.secret) is not None:
        yield (Secret, secret.secret_name), secret.items, bool(secret.optional)
    elif (claim := volume.persistent_volume_claim) is not None:
        yield (PersistentVolumeClaim, claim.claim_name), (), False
    elif volume.projected is not None:
        for each in volume.projected.sources:
            if (part := each.config_map) is not None:
                yield (ConfigMap, part.name), part.items, bool(part.optional)
            elif (hidden := each.secret) is not None:
                yield (Secret, hidden.name), hidden.items, bool(hidden.optional)


def volume_fault(spec: PodSpec, namespace: str, found: Found) -> str:
    """What keeps the first of the pod's volumes from being mounted; empty when nothing does."""
    for volume in spec.volumes:
        if volume.persistent_volume_claim is not None:
            fault = _claim_fault(volume, namespace, found)
        else:
            faults = [f for part in _parts(volume) if (f := _part_fault(*part, found))]
            text = ", ".join(faults)
            text = f"[{text}]" if len(faults) > 1 else text
            fault = (
                f'MountVolume.SetUp failed for volume "{volume.name}" : {text}' if faults else ""
            )
        if fault:
            return fault
    return ""


def _part_fault(source: Source, items: Iterable[KeyToPath], optional: bool, found: Found) -> str:
    kind, name = source
    if found.get(source) is None:
        return "" if optional else f'{kind.__name__.lower()} "{name}" not found'
    keys = contents(found[source])
    for item in items:
        if item.key not in keys and not optional:
            what = "secret" if kind is Secret else "config"
            return f"references non-existent {what} key: {item.key}"
    return ""


def _claim_fault(volume: Volume, namespace: str, found: Found) -> str:
    assert volume.persistent_volume_claim is not None
    name = volume.persistent_volume_claim.claim_name
    claim = found.get((PersistentVolumeClaim, name))
    if claim is None:
        text = f'failed to fetch PVC from API server: persistentvolumeclaim "{name}" not found'
    elif claim.status is None or claim.status.phase != "Bound":
        text = "PVC is not bound"
    else:
        return ""
    return (
        f"Unable to attach or mount volumes: unmounted volumes=[{volume.name}], unattached volumes=[], "
        f"failed to process volumes=[{volume.name}]: error processing PVC {namespace}/{name}: {text}"
    )


def _wanted(container: Container) -> Iterator[tuple[Source, str, bool]]:
    """Object, key (empty: all) and whether it may be missing."""
    for each in container.env_from:
        if each.config_map_ref is not None:
            yield (ConfigMap, each.config_map_ref.name), "", bool(each.config_map_ref.optional)
        elif each.secret_ref is not None:
            yield (Secret, each.secret_ref.name), "", bool(each.secret_ref.optional)
    for variable in container.env:
        if variable.value_from is not None and (key := key_of(variable.value_from)) is not None:
            yield key


def key_of(value: EnvVarSource) -> tuple[Source, str, bool] | None:
    """The object and key from which a variable's value comes; None if it comes from elsewhere."""
    if (config := value.config_map_key_ref) is not None:
        return (ConfigMap, config.name), config.key, bool(config.optional)
    if (secret := value.secret_key_ref) is not None:
        return (Secret, secret.name), secret.key, bool(secret.optional)
    return None


def environment_fault(container: Container, namespace: str, found: Found) -> str:
    """Why the container cannot be configured; empty when it can."""
    for source, key, optional in _wanted(container):
        kind, name = source
        if optional:
            continue
        if found.get(source) is None:
            return f'{kind.__name__.lower()} "{name}" not found'
        if key and key not in contents(found[source]):
            return f"couldn't find key {key} in {kind.__name__} {namespace}/{name}"
    return ""


def contents(obj: ConfigMap | Secret) -> Mapping[str, str]:
    """The keys of an object, with their values as they are written in it (a Secret's in base64)."""
    if isinstance(obj, ConfigMap):
        return {**obj.data, **obj.binary_data} if obj.binary_data else obj.data
    return obj.data
