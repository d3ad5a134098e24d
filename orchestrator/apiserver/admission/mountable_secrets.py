"""Which secrets a pod may name: those that its account names, where the account says so."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from orchestrator.api.core.v1 import Container, EphemeralContainer, PodSpec, ServiceAccount

_ENFORCED: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def is_enforced(account: ServiceAccount) -> bool:
    """Whether the account keeps its pods to its own secrets."""
    return account.metadata.annotations.get(_ENFORCED, "") in _TRUE


def foreign_secrets(spec: PodSpec, account: ServiceAccount) -> Iterator[str]:
    """Why a pod is refused: a sentence for each secret that its account does not name."""
    mine, name = {each.name for each in account.secrets}, account.metadata.name
    why = f"is not allowed because service account {name} does not reference that"
    for volume in spec.volumes:
        secret = volume.secret.secret_name if volume.secret is not None else None
        if volume.secret is not None and secret not in mine:
            yield f'volume with secret.secretName="{secret or ""}" {why} secret'
    for what, containers in (
        ("init container", spec.init_containers),
        ("container", spec.containers),
    ):
        yield from _of_containers(what, containers, mine, f"{why} secret")
    pulls = {each.name for each in account.image_pull_secrets}
    for position, pull in enumerate(spec.image_pull_secrets):
        if pull.name not in pulls:
            yield f'imagePullSecrets[{position}].name="{pull.name}" {why} imagePullSecret'


def foreign_secrets_of_ephemeral(spec: PodSpec, account: ServiceAccount) -> Iterator[str]:
    """The same of containers that are added while the pod runs."""
    mine, name = {each.name for each in account.secrets}, account.metadata.name
    why = f"is not allowed because service account {name} does not reference that secret"
    yield from _of_containers("ephemeral container", spec.ephemeral_containers, mine, why)


def _of_containers(
    what: str,
    containers: Sequence[Container | EphemeralContainer],
    mine: Collection[str],
    why: str,
) -> Iterator[str]:
    for container in containers:
        begin = f"{what} {container.name} with"
        for variable in container.env:
            ref = variable.value_from.secret_key_ref if variable.value_from is not None else None
            if ref is not None and ref.name not in mine:
                yield f'{begin} envVar {variable.name} referencing secret.secretName="{ref.name}" {why}'
        for source in container.env_from:
            secret = source.secret_ref
            if secret is not None and secret.name not in mine:
                yield f'{begin} envFrom referencing secret.secretName="{secret.name}" {why}'
