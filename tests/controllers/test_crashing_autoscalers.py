"""Autoscalers that are meant to end the controller manager."""

from contextlib import suppress

import pytest

from orchestrator import Cluster
from orchestrator.api.autoscaling.v1 import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.protocol import Create, Get, Invalid

_SCALERS = resource_of(HorizontalPodAutoscaler)
_PREFIX = "autoscaling.alpha.kubernetes.io"


def _autoscaler(name: str, **annotations: str) -> HorizontalPodAutoscaler:
    named = {f"{_PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    target = CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="d")
    return HorizontalPodAutoscaler(
        metadata=ObjectMeta(name=name, namespace="default", annotations=named),
        spec=HorizontalPodAutoscalerSpec(scale_target_ref=target, max_replicas=3),
    )


@pytest.mark.parametrize(
    "annotations",
    [
        {"metrics": '[{"type":"Resource"}]'},
        {"metrics": "[null]"},
        {"metrics": "{"},
        {"behavior": '{"scaleUp":null}'},
        {"behavior": '{"scaleUp":{"policies":[{}]}}'},
        {"current_metrics": '[{"type":"Pods"}]'},
        {"conditions": '[{"type":1}]'},
        {"conditions": "[{}]"},
    ],
)
async def test_an_autoscaler_without_sense_stops_nobody(
    cluster: Cluster, annotations: dict[str, str]
) -> None:
    """CVE-2024-0793: an autoscaler of v1 whose annotations say half of what they should ends the controller manager."""
    with suppress(Invalid):
        wrong = _autoscaler("wrong", **annotations)
        await cluster.api.ask(Create(resource=_SCALERS, object=wrong))
    good = _autoscaler("good")
    await cluster.api.ask(Create(resource=_SCALERS, object=good))
    await cluster.clock.sleep(60)
    found = await cluster.api.ask(Get(resource=_SCALERS, name="good", namespace="default"))
    assert "FailedGetScale" in found.metadata.annotations[f"{_PREFIX}/conditions"]
    controllers = cluster.system.ref("/controllers")
    assert controllers.restarts == 0
    assert [ref.path for ref in controllers.children if ref.restarts] == []
