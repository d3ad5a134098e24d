"""The secrets that a service account lets its pods use, where it limits them.

https://kubernetes.io/docs/concepts/security/service-accounts/#enforce-mountable-secrets: the annotation says that
the account's lists of secrets are all that its pods may name.
"""

from collections.abc import Iterator, Set
from typing import Any, Final

from orchestrator.api.core.v1 import PodSpec, ServiceAccount

_ANNOTATION: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = frozenset(("1", "t", "T", "true", "TRUE", "True"))


def is_limited(account: ServiceAccount) -> bool:
    """Whether the account limits the secrets of its pods."""
    return account.metadata.annotations.get(_ANNOTATION, "") in _TRUE


def faults(account: ServiceAccount, spec: PodSpec) -> Iterator[str]:
    """What a new pod names that its account does not list."""
    name = account.metadata.name
    listed = {each.name for each in account.secrets}
    for volume in spec.volumes:
        if volume.secret is not None and volume.secret.secret_name not in listed:
            yield _fault(f'volume with secret.secretName="{volume.secret.secret_name}"', name)
    yield from _of_containers("init container", spec.init_containers, listed, name)
    yield from _of_containers("container", spec.containers, listed, name)
    pulls = {each.name for each in account.image_pull_secrets}
    for number, each in enumerate(spec.image_pull_secrets):
        if each.name not in pulls:
            yield (
                f'imagePullSecrets[{number}].name="{each.name}" is not allowed because service account '
                f"{name} does not reference that imagePullSecret"
            )


def ephemeral_faults(account: ServiceAccount, spec: PodSpec) -> Iterator[str]:
    """The same of containers that come later."""
    listed = {each.name for each in account.secrets}
    containers = spec.ephemeral_containers
    yield from _of_containers("ephemeral container", containers, listed, account.metadata.name)


def _of_containers(kind: str, containers: Any, listed: Set[str], account: str) -> Iterator[str]:
    for container in containers:
        for variable in container.env:
            source = variable.value_from.secret_key_ref if variable.value_from else None
            if source is not None and source.name not in listed:
                yield _fault(
                    f"{kind} {container.name} with envVar {variable.name} referencing "
                    f'secret.secretName="{source.name}"',
                    account,
                )
        for each in container.env_from:
            if each.secret_ref is not None and each.secret_ref.name not in listed:
                yield _fault(
                    f"{kind} {container.name} with envFrom referencing "
                    f'secret.secretName="{each.secret_ref.name}"',
                    account,
                )


def _fault(what: str, account: str) -> str:
    return f"{what} is not allowed because service account {account} does not reference that secret"
