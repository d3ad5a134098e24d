"""CVE-2023-2728 and CVE-2024-3177: a pod reads secrets that its account was to keep from it, by a way that
nobody had thought of.
"""

from typing import Any

import pytest

from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import Pod, ServiceAccount
from orchestrator.apiserver.admission import AdmissionRequest
from orchestrator.apiserver.admission.service_account import ServiceAccounts
from orchestrator.protocol import Forbidden
from tests.apiserver.admission.support import Objects, make, request

ACCOUNT = {
    "metadata": {
        "name": "default",
        "namespace": "default",
        "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"},
    },
    "secrets": [{"name": "mine"}],
    "imagePullSecrets": [{"name": "pull"}],
}
VARIABLE = {"name": "V", "valueFrom": {"secretKeyRef": {"name": "other", "key": "k"}}}
FROM = {"envFrom": [{"secretRef": {"name": "other"}}]}
WHY = "is not allowed because service account default does not reference that"


def asked(spec: dict[str, Any], *, ephemeral: bool = False) -> AdmissionRequest:
    """A pod is made, or gets ephemeral containers."""
    pod = make(Pod, {"spec": {"containers": [{"name": "c"}], **spec}})
    if ephemeral:
        return request(pod, "UPDATE", old=pod, subresource="ephemeralcontainers")
    return request(pod)


def judged(asking: AdmissionRequest, **account: Any) -> Any:
    """What becomes of it under an account."""
    plugin = ServiceAccounts()
    assert plugin.handles(asking.operation, asking.resource, asking.subresource)
    return plugin.admit(asking, Objects(from_dict({**ACCOUNT, **account}, ServiceAccount)))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
            f'volume with secret.secretName="other" {WHY} secret',
        ),
        (
            {"initContainers": [{"name": "i", "env": [VARIABLE]}]},
            f'init container i with envVar V referencing secret.secretName="other" {WHY} secret',
        ),
        (
            {"containers": [{"name": "c", **FROM}]},
            f'container c with envFrom referencing secret.secretName="other" {WHY} secret',
        ),
        (
            {"imagePullSecrets": [{"name": "pull"}, {"name": "other"}]},
            f'imagePullSecrets[1].name="other" {WHY} imagePullSecret',
        ),
    ],
)
def test_a_new_pod_names_its_accounts_secrets_alone(spec: dict[str, Any], words: str) -> None:
    """By whichever way; under an account that does not care it names what it wants."""
    with pytest.raises(Forbidden) as caught:
        judged(asked(spec))
    assert str(caught.value) == f'pods "web" is forbidden: {words}'
    judged(asked(spec), metadata={"name": "default", "namespace": "default"})


def test_what_the_account_names_may_be_named() -> None:
    """And so may what has nothing to do with secrets."""
    volumes = [{"name": "v", "secret": {"secretName": "mine"}}, {"name": "e", "emptyDir": {}}]
    assert judged(asked({"volumes": volumes})).spec.service_account_name == "default"


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"env": [VARIABLE]}, 'envVar V referencing secret.secretName="other"'),
        (FROM, 'envFrom referencing secret.secretName="other"'),
    ],
)
def test_a_container_that_is_added_later_is_kept_to_them_too(
    container: dict[str, Any], words: str
) -> None:
    """An ephemeral container is no way around."""
    spec = {"ephemeralContainers": [{"name": "e", **container}]}
    with pytest.raises(Forbidden) as caught:
        judged(asked(spec, ephemeral=True))
    expected = f"ephemeral container e with {words} {WHY} secret"
    assert str(caught.value) == f'pods "web" is forbidden: {expected}'
