"""Service accounts that limit the secrets of their pods."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.api.core.v1 import (
    Container,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    LocalObjectReference,
    ObjectReference,
    Pod,
    SecretEnvSource,
    SecretKeySelector,
    SecretVolumeSource,
    ServiceAccount,
    Volume,
)
from orchestrator.protocol import Forbidden
from tests.apiserver.harness import Api, meta, pod, refused

_ANNOTATION = "kubernetes.io/enforce-mountable-secrets"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """An account that lets its pods use the secret `a`, and pull with `pull`."""
    async with Api() as server:
        await server.create(
            ServiceAccount(
                metadata=meta("limited", annotations={_ANNOTATION: "true"}),
                secrets=(ObjectReference(name="a"),),
                image_pull_secrets=(LocalObjectReference(name="pull"),),
            )
        )
        yield server


def _container(name: str = "c", *, of: str, all_of: bool = False) -> Container:
    if all_of:
        source = EnvFromSource(secret_ref=SecretEnvSource(name=of))
        return Container(name=name, image="i", env_from=(source,))
    key = EnvVarSource(secret_key_ref=SecretKeySelector(name=of, key="k"))
    return Container(name=name, image="i", env=(EnvVar(name="V", value_from=key),))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"volumes": (Volume(name="v", secret=SecretVolumeSource(secret_name="b")),)},
            'volume with secret.secretName="b" is not allowed because service account limited does '
            "not reference that secret",
        ),
        (
            {"containers": (_container(of="b"),)},
            'container c with envVar V referencing secret.secretName="b" is not allowed',
        ),
        (
            {"init_containers": (_container("i", of="b", all_of=True),)},
            'init container i with envFrom referencing secret.secretName="b" is not allowed',
        ),
        (
            {"image_pull_secrets": (LocalObjectReference(name="other"),)},
            'imagePullSecrets[0].name="other" is not allowed because service account limited does '
            "not reference that imagePullSecret",
        ),
    ],
)
async def test_a_pod_names_the_secrets_of_its_account_alone(
    api: Api, spec: dict[str, Any], words: str
) -> None:
    """Where the account says so; elsewhere all secrets of the namespace."""
    error = await refused(Forbidden, api.create(pod("p", service_account_name="limited", **spec)))
    assert words in error.message
    await api.create(pod("p", **spec))


async def test_what_the_account_lists_may_be_used(api: Api) -> None:
    """By its pods, in every way."""
    volume = Volume(name="v", secret=SecretVolumeSource(secret_name="a"))
    containers = (_container(of="a", all_of=True),)
    made = await api.create(
        pod("p", service_account_name="limited", containers=containers, volumes=(volume,))
    )
    assert made.spec.image_pull_secrets == (LocalObjectReference(name="pull"),)


async def test_a_container_that_comes_later_is_held_to_the_same(api: Api) -> None:
    """CVE-2023-2728: an ephemeral container read the secrets that its pod must not name."""
    await api.create(pod("p", service_account_name="limited"))
    variable = {"name": "V", "valueFrom": {"secretKeyRef": {"name": "b", "key": "k"}}}

    def adding(variable: dict[str, Any]) -> Any:
        container = {"name": "e", "image": "i", "env": [variable]}
        body = {"spec": {"ephemeralContainers": [container]}}
        return api.patch(Pod, "p", body, "strategic", subresource="ephemeralcontainers")

    error = await refused(Forbidden, adding(variable))
    assert (
        'ephemeral container e with envVar V referencing secret.secretName="b" is not allowed'
        in error.message
    )
    variable["valueFrom"]["secretKeyRef"]["name"] = "a"  # type: ignore[index]
    await adding(variable)
