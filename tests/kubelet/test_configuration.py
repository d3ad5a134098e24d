"""KubeletConfigurations: what they say of a node, and what is wrong with one that is refused."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.cluster import node_spec
from orchestrator.kubelet.backoff import next_delay
from orchestrator.kubelet.configuration import InvalidKubeletConfiguration, node_fields
from orchestrator.kubelet.image_policy import ImagePolicy
from tests.kubelet.stories import container_of
from tests.manifests import pod


def test_a_configuration_says_what_a_node_is() -> None:
    """As a file of kubelet's would; what it does not say is left to the defaults."""
    fields = node_fields(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "evictionHard": {"memory.available": "10%"},
            "evictionSoft": {"nodefs.available": "20%"},
            "evictionSoftGracePeriod": {"nodefs.available": "1m30s"},
            "evictionMinimumReclaim": {"memory.available": "64Mi"},
            "evictionMaxPodGracePeriod": 30,
            "imageGCHighThresholdPercent": 70,
            "imageGCLowThresholdPercent": 60,
            "imageMinimumGCAge": "3m",
            "imageMaximumGCAge": "24h",
            "evictionPressureTransitionPeriod": "1m",
            "crashLoopBackOff": {"maxContainerRestartPeriod": "30s"},
            "maxPods": 7,
        },
        {"memory": "1Gi"},
    )
    spec = node_spec("n", 0, **fields)
    assert spec.eviction_hard == {"memory.available": "10%"}
    assert spec.eviction_soft_grace_period == {"nodefs.available": "1m30s"}
    assert (spec.eviction_max_pod_grace_period, spec.eviction_pressure_transition_period) == (
        30,
        60,
    )
    assert spec.eviction_minimum_reclaim == {"memory.available": "64Mi"}
    assert spec.image_policy == ImagePolicy(70, 60, 180, 86_400)
    assert spec.max_container_restart_period == 30
    assert spec.capacity == {"memory": "1Gi", "pods": "7"}
    plain = node_spec("n", 0, **node_fields({}))
    assert plain == node_spec("n", 0)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"cgroupDriver": "systemd"}, "unknown field `cgroupDriver`"),
        ({"kind": "KubeProxyConfiguration"}, "kind: Invalid enum value 'KubeProxyConfiguration'"),
        ({"evictionHard": {"tea.available": "1"}}, "evictionHard: unknown signal 'tea.available'"),
        ({"evictionSoft": {"memory.available": "1Gi"}}, "grace period must be specified"),
        ({"imageGCHighThresholdPercent": 101}, "imageGCHighThresholdPercent: .*0 and 100.*got 101"),
        ({"imageGCLowThresholdPercent": 90}, "imageGCLowThresholdPercent: must be less than .*85"),
        ({"imageMinimumGCAge": "-1m"}, "imageMinimumGCAge: must not be negative"),
        ({"imageMaximumGCAge": "1m"}, "imageMaximumGCAge: must be greater than .*120 seconds"),
        ({"maxPods": -1}, "maxPods: must not be negative, got -1"),
        ({"evictionMaxPodGracePeriod": -2}, "evictionMaxPodGracePeriod: must not be negative"),
        ({"evictionPressureTransitionPeriod": "soon"}, "evictionPressureTransitionPeriod: .*soon"),
        *(
            (
                {"crashLoopBackOff": {"maxContainerRestartPeriod": text}},
                rf"\(got: {seconds} seconds\) must be set between 1s and 300s",
            )
            for text, seconds in (
                ("0s", "0"),
                ("301s", "301"),
                ("300.9s", "300.9"),
                ("999ms", "0.999"),
            )
        ),
    ],
)
def test_a_wrong_configuration_is_refused(document: dict[str, Any], fault: str) -> None:
    """The field is named, and what would be right."""
    with pytest.raises(InvalidKubeletConfiguration, match=fault):
        node_fields(document)


@pytest.mark.parametrize(
    ("most", "delays"),
    [
        (300.0, [0, 10, 20, 40, 80, 160, 300, 300]),
        (60.0, [0, 10, 20, 40, 60, 60]),
        (3.0, [0, 3, 3]),
    ],
)
def test_a_back_off_doubles_up_to_the_nodes_maximum(most: float, delays: list[float]) -> None:
    """A maximum below the first delay is the first delay, too; twice the maximum of running forgets all."""
    found: list[float] = []
    delay: float | None = None
    for _ in delays:
        delay = next_delay(delay, 1.0, most)
        found.append(delay)
    assert found == delays
    assert next_delay(delay, 2 * most, most) == 0.0
    assert next_delay(delay, 2 * most - 1, most) > 0.0


async def test_a_node_may_try_again_sooner() -> None:
    """A container that fails at once begins again every three seconds there."""
    fields = node_fields({"crashLoopBackOff": {"maxContainerRestartPeriod": "3s"}})
    fails = {"run-seconds": 1, "exit-code": 1}
    async with Cluster([node_spec("node-0", 0, **fields)]) as cluster:
        await cluster.apply([pod("p", simulation=fails)])
        await cluster.clock.sleep(60)
        assert 10 <= (await container_of(cluster, "p")).restart_count <= 15
