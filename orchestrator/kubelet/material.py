"""Of which objects a pod's volumes and its containers' environment are made, and what the latter misses of them.

An object is named by its kind and name; they are those of the pod's namespace. `Found` holds what was
looked up, None for what is not there.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.authentication.v1 import TokenRequest
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    EnvVarSource,
    KeyToPath,
    Pod,
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
    """The objects of which the pod's volumes are made."""
    parts = (part for volume in spec.volumes for part in parts_of(volume))
    return tuple(dict.fromkeys(source for source, _, _ in parts))


def world_sources(spec: PodSpec) -> tuple[Source, ...]:
    """All objects that lie in the pod's volumes, those of its account's included: what a container can look at."""
    found: dict[Source, None] = {}
    for volume in spec.volumes:
        found |= {source: None for source, _, _ in parts_of(volume, of_account=True)}
        for part in volume.projected.sources if volume.projected is not None else ():
            if part.service_account_token is not None:
                found[token_source(part.service_account_token)] = None
    return tuple(found)


def pull_sources(pod: Pod) -> tuple[Source, ...]:
    """The Secrets with which the pod's images may be pulled."""
    references = pod.spec.image_pull_secrets if pod.spec is not None else ()
    return tuple((Secret, each.name) for each in references if each.name)


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


def parts_of(
    volume: Volume, *, of_account: bool = False
) -> Iterator[tuple[Source, tuple[KeyToPath, ...], bool]]:
    """Object, keys and whether it may be missing, for each object of which a volume is made."""
    if volume.name.startswith(_ACCOUNT_VOLUME) and not of_account:
        return
    if (config := volume.config_map) is not None:
        yield (ConfigMap, config.name), config.items, bool(config.optional)
    elif (secret := volume.secret) is not None:
        yield (Secret, secret.secret_name), secret.items, bool(secret.optional)
    elif volume.projected is not None:
        for each in volume.projected.sources:
            if (part := each.config_map) is not None:
                yield (ConfigMap, part.name), part.items, bool(part.optional)
            elif (hidden := each.secret) is not None:
                yield (Secret, hidden.name), hidden.items, bool(hidden.optional)


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
