"""Simulated agnhost answers as the webhooks of Kubernetes' own tests do, over TLS with its pod's certificate."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from orchestrator import Cluster
from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    Endpoints,
    Pod,
    PodSpec,
    Secret,
    SecretVolumeSource,
    Service,
    ServicePort,
    ServiceSpec,
    Volume,
    VolumeMount,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http.pki import generate
from orchestrator.kubelet.runtimes.agnhost.flags import flags_of
from orchestrator.kubelet.runtimes.agnhost.webhook import conversion_webhook
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.services import HttpRequest, Scene
from orchestrator.protocol import ApiError
from tests.conformance.webhook import authority_of

_AT = "/webhook.local.config/certificates"
_FLAGS = (f"--tls-cert-file={_AT}/tls.crt", f"--tls-private-key-file={_AT}/tls.key", "-v=4")
_IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"


def _named(name: str, **more: Any) -> ObjectMeta:
    return ObjectMeta(name=name, namespace="default", **more)


@pytest.fixture
async def asked() -> AsyncIterator[tuple[Cluster, str]]:
    """A cluster with the webhook's pod behind a service; the authority of its certificate."""
    async with Cluster(nodes=1) as cluster:
        await cluster.serve()
        pki = generate(cluster.clock.now(), hosts=("hook.default.svc",))
        files = {
            "tls.crt": pki.server.certificate.decode(),
            "tls.key": pki.server.key.decode(),
        }
        await cluster.client.create(Secret(metadata=_named("certificate"), string_data=files))
        container = Container(
            name="c",
            image=_IMAGE,
            args=("webhook", *_FLAGS, "--port=8444"),
            volume_mounts=(VolumeMount(name="v", mount_path=_AT, read_only=True),),
        )
        source = SecretVolumeSource(secret_name="certificate")
        spec = PodSpec(containers=(container,), volumes=(Volume(name="v", secret=source),))
        await cluster.client.create(Pod(metadata=_named("hook", labels={"a": "b"}), spec=spec))
        ports = (ServicePort(port=443, target_port=8444),)
        service = ServiceSpec(selector={"a": "b"}, ports=ports)
        await cluster.client.create(Service(metadata=_named("hook"), spec=service))
        await cluster.client.wait(Pod, "hook", "condition=Ready", namespace="default")
        await cluster.client.wait(
            Endpoints,
            "hook",
            lambda found: any(each.addresses for each in found.subsets),
            namespace="default",
        )
        yield cluster, authority_of(pki)


def _about(path: str, authority: str) -> dict[str, Any]:
    reference = ServiceReference(name="hook", namespace="default", path=path)
    rule = RuleWithOperations(
        api_versions=("v1",), api_groups=("",), operations=("*",), resources=("configmaps",)
    )
    return {
        "client_config": WebhookClientConfig(service=reference, ca_bundle=authority),
        "rules": (rule,),
        "side_effects": "None",
        "admission_review_versions": ("v1",),
    }


async def test_it_judges_and_changes_what_is_written(asked: tuple[Cluster, str]) -> None:
    """Through the kubelet to the container's port, with the certificate in its volume."""
    cluster, authority = asked
    client = cluster.client
    judge = ValidatingWebhook(name="a.example.com", **_about("/configmaps", authority))
    await client.create(
        ValidatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=(judge,))
    )
    change = MutatingWebhook(name="b.example.com", **_about("/mutating-configmaps", authority))
    await client.create(
        MutatingWebhookConfiguration(metadata=ObjectMeta(name="w"), webhooks=(change,))
    )
    bad = ConfigMap(metadata=_named("bad"), data={"webhook-e2e-test": "webhook-disallow"})
    with pytest.raises(ApiError, match="the configmap contains unwanted key and value"):
        await client.create(bad)
    made = await client.create(ConfigMap(metadata=_named("good"), data={"mutation-start": "yes"}))
    assert made.data == {"mutation-start": "yes", "mutation-stage-1": "yes"}


def test_it_converts_between_two_versions() -> None:
    """One field with a colon in the first is two in the second; to itself is a fault."""
    service, _ = conversion_webhook(flags_of([*_FLAGS, "--port=9443"])[0])
    assert service.listens(9443)
    scene = Scene(World({}, {}), 0.0, 0.0)

    def convert(wanted: str, *objects: dict[str, Any]) -> Any:
        asked = {
            "uid": "u",
            "desiredAPIVersion": f"stable.example.com/{wanted}",
            "objects": objects,
        }
        review = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview"}
        body = msgspec.json.encode({**review, "request": asked})
        answer = service.handler(HttpRequest("POST", "/crdconvert", {}, body), 9443, scene)
        return msgspec.json.decode(answer.body)["response"]

    first = {"apiVersion": "stable.example.com/v1", "hostPort": "h:80"}
    second = {"apiVersion": "stable.example.com/v2", "host": "h", "port": "80"}
    assert convert("v2", first)["convertedObjects"] == [second]
    assert convert("v1", second)["convertedObjects"] == [first]
    assert convert("v1", first)["result"]["status"] == "Failure"
