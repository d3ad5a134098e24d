"""The page about controllers: its code runs as it stands there."""

import re
from pathlib import Path
from typing import Any

from orchestrator import Cluster
from orchestrator.api.core.v1 import (
    ConfigMap,
    Event,
    Namespace,
    Service,
    ServicePort,
    ServiceSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta

PAGE = Path("docs/controllers.md")


def _page() -> dict[str, Any]:
    """What the page's blocks define, one after the other in one module."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    shortest, example, its_test, *_others = blocks
    assert len(shortest.splitlines()) < 20
    names: dict[str, Any] = {"__name__": "page"}
    for block in (shortest, example, its_test):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


async def test_the_example_passes_its_own_test(cluster: Cluster) -> None:
    """With a child, a finalizer, and the end of both."""
    await _page()["test_an_inventory_lists_the_pods"](cluster)
    goodbyes = [e for e in await cluster.client.list(Event) if e.reason == "Goodbye"]
    assert [e.involved_object.name for e in goodbyes] == ["stock"]


async def test_the_shortest_one_works(cluster: Cluster) -> None:
    """In the namespace that it is about, and in no other."""
    await cluster.run_controller(_page()["Internal"])
    await cluster.client.create(Namespace(metadata=ObjectMeta(name="private")))
    spec = ServiceSpec(type="LoadBalancer", ports=(ServicePort(port=80),))
    for namespace in ("private", "default"):
        await cluster.client.create(
            Service(metadata=ObjectMeta(name="web", namespace=namespace), spec=spec)
        )
    await cluster.clock.sleep(5)
    found = await cluster.client.list(Service)
    types = {
        s.metadata.namespace: s.spec.type for s in found if s.spec and s.metadata.name == "web"
    }
    assert types == {"private": "ClusterIP", "default": "LoadBalancer"}


async def test_a_selector_that_is_none_is_not_tried_again(cluster: Cluster) -> None:
    """As the page says of PermanentError."""
    page = _page()
    ref = await cluster.run_controller(page["Inventory"])
    asked = ObjectMeta(name="stock", annotations={page["SELECTOR"]: "app in"})
    await cluster.client.create(ConfigMap(metadata=asked))
    await cluster.clock.sleep(600)
    actor: Any = ref.actor
    assert actor.statistics().failures <= 2  # once more when its own finalizer has come
    assert actor.statistics().delayed == 0
