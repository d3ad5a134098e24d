"""Images that nobody uses leave their node: when its disk gets full, when it is short of it, when they are old."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Node, Pod
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.image_collection import format_size
from orchestrator.kubelet.image_policy import ImagePolicy
from tests.kubelet.stories import pod_with

_DISK = {"ephemeral-storage": "100Gi"}


def _pod(name: str, image: str, size: str, **spec: Any) -> dict[str, Any]:
    return pod_with(name, {"image": image}, simulation={"image-size": size}, **spec)


async def _images(cluster: Cluster) -> dict[str, int | None]:
    """By the last part of their names; the node tells of them every five minutes."""
    node = await cluster.client.get(Node, "node-0")
    assert node.status is not None
    return {each.names[1].rpartition("/")[2]: each.size_bytes for each in node.status.images}


async def _told(cluster: Cluster, reason: str) -> list[str]:
    events = await cluster.client.list(Event, namespace="default")
    return [each.message for each in events if each.reason == reason]


async def test_a_full_disk_loses_the_images_that_were_used_longest_ago() -> None:
    """Down to the low threshold, and no more; what somebody uses stays, whatever it takes."""
    async with Cluster([node_spec("node-0", 0, capacity=_DISK)]) as cluster:
        await cluster.apply([_pod("first", "old:1", "30Gi")])
        await cluster.clock.sleep(400)
        await cluster.client.delete(Pod, "first", namespace="default")
        await cluster.apply([_pod("second", "newer:1", "20Gi"), _pod("stays", "used:1", "36Gi")])
        await cluster.clock.sleep(400)
        await cluster.client.delete(Pod, "second", namespace="default")
        await cluster.clock.sleep(700)
        gi = 1 << 30
        assert await _images(cluster) == {"newer:1": 20 * gi, "used:1": 36 * gi}
        assert not await _told(cluster, "FreeDiskSpaceFailed")


async def test_a_disk_that_stays_full_is_told() -> None:
    """By images that are in use, or have just come; the second time that it was in vain is another event."""
    async with Cluster([node_spec("node-0", 0, capacity=_DISK)]) as cluster:
        await cluster.apply([_pod("p", "huge:1", "90Gi")])
        await cluster.clock.sleep(320)
        (said,) = await _told(cluster, "FreeDiskSpaceFailed")
        assert said == (
            "Insufficient free disk space on the node's image filesystem (90% of 100.0 GiB used). Failed "
            "to free sufficient space by deleting unused images (freed 0 bytes). Investigate disk usage, "
            "as it could be used by active images, logs, volumes, or other data."
        )
        assert not await _told(cluster, "ImageGCFailed")
        await cluster.clock.sleep(300)
        assert await _told(cluster, "ImageGCFailed") == [said]


async def test_an_image_that_is_too_old_goes_though_there_is_room() -> None:
    """Once the kubelet has looked for that long."""
    policy = ImagePolicy(most_age=1000)
    async with Cluster([node_spec("node-0", 0, image_policy=policy)]) as cluster:
        await cluster.apply([_pod("p", "old:1", "1Mi"), _pod("q", "used:1", "1Mi")])
        await cluster.clock.sleep(10)
        await cluster.client.delete(Pod, "p", namespace="default")
        await cluster.clock.sleep(880)
        assert set(await _images(cluster)) == {"old:1", "used:1"}
        await cluster.clock.sleep(700)
        assert set(await _images(cluster)) == {"used:1"}


async def test_a_node_short_of_disk_gives_up_images_before_pods() -> None:
    """No pod has to go, and the image has to be pulled again by who wants it next."""
    spec = node_spec(
        "node-0",
        0,
        capacity=_DISK,
        eviction_hard={"imagefs.available": "10%"},
        eviction_minimum_reclaim={"imagefs.available": "5Gi"},
    )
    async with Cluster([spec]) as cluster:
        await cluster.apply([_pod("gone", "big:1", "50Gi"), _pod("stays", "used:1", "30Gi")])
        await cluster.clock.sleep(450)  # seen at 300, and old enough by now
        await cluster.client.delete(Pod, "gone", namespace="default")
        await cluster.clock.sleep(10)
        await cluster.apply([_pod("late", "more:1", "15Gi")])
        await cluster.clock.sleep(30)
        assert (await _told(cluster, "EvictionThresholdMet")) == [
            "Attempting to reclaim ephemeral-storage"
        ]
        assert set(await _images(cluster)) == {"used:1", "more:1"}
        for name in ("stays", "late"):
            found = await cluster.client.get(Pod, name, namespace="default")
            assert found.status is not None
            assert found.status.phase == "Running"
        never = _pod("never", "big:1", "50Gi")
        never["spec"]["containers"][0]["imagePullPolicy"] = "Never"
        never["spec"]["tolerations"] = [{"operator": "Exists"}]
        await cluster.clock.sleep(320)
        await cluster.apply([never])
        await cluster.clock.sleep(5)
        found = await cluster.client.get(Pod, "never", namespace="default")
        assert found.status is not None
        (status,) = found.status.container_statuses
        assert status.state is not None
        assert status.state.waiting is not None
        assert status.state.waiting.reason == "ErrImageNeverPull"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (4 << 40, "4.0 TiB"),
        (1 << 60, "1048576.0 TiB"),
    ],
)
def test_sizes_are_written_as_the_kubelet_writes_them(size: int, text: str) -> None:
    """In powers of 1024, to a tenth."""
    assert format_size(size) == text
