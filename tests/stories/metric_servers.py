"""The server of custom and external metrics that the recorded cluster had: what a metric is called says its values.

`v30` has the value 30, `two10x20` the values 10 and 20, a name that begins with `err` is refused, and others have none.
Of pods each has the first of them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from actors import Actor
from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.apiserver.elsewhere import FORWARDERS, Forward
from orchestrator.client import Client
from orchestrator.machinery.times import format_time
from orchestrator.protocol import GetElsewhere, Unclassified
from tests.stories.stories import Story

_VALUES: Final = re.compile(r"v(\d+m?)|two(\d+)x(\d+)")
_NAMED: Final = re.compile(rf"{_VALUES.pattern}|err.*|none")  # of stories with such a server
_SERVED: Final = {
    "External": "v1beta1.external",
    "Object": "v1beta2.custom",
    "Pods": "v1beta2.custom",
}


class MetricServer(Actor):
    """Answers in the place of the front that reaches other servers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def started(self) -> None:
        """It can be found."""
        self.ctx.join(FORWARDERS)

    async def on_forward(self, message: Forward) -> Any:
        """The values of a metric."""
        asked = message.asked
        name = asked.subresource or asked.resource
        if name.startswith("err"):
            raise Unclassified(f"the metric {name} is not known")
        found = _VALUES.fullmatch(name)
        values = [each for each in found.groups() if each] if found is not None else []
        at = format_time(self.ctx.clock.now())
        of = await self._described(asked, len(values))
        return {
            "items": [
                {"describedObject": {"name": each}, "timestamp": at, "value": value}
                for each, value in zip(
                    of, values[:1] * len(of) if asked.name == "*" else values, strict=True
                )
            ]
        }

    async def _described(self, asked: GetElsewhere, count: int) -> list[str]:
        if asked.name != "*":
            return [asked.name] * count
        selector = asked.query.get("labelSelector", "")
        pods = await self._client.list(Pod, namespace=asked.namespace, label_selector=selector)
        return [pod.metadata.name for pod in pods] if count else []


def _api_service(name: str) -> Mapping[str, Any]:
    version, _, group = f"{name}.metrics.k8s.io".partition(".")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "m", "namespace": "metrics", "port": 17660},
        },
    }


async def serve_metrics(cluster: Cluster, story: Story) -> None:
    """Have the server, if a story's autoscaler asks for such metrics."""
    asked = [step.get("obj", step.get("body")) for step in story.steps]
    metrics = (m for each in asked if each for m in each.get("spec", {}).get("metrics", ()))
    served = {_SERVED[each["type"]] for each in metrics if _is_served(each)}
    if served:
        cluster.system.spawn(lambda: MetricServer(cluster.client), "metric-server")
        await cluster.apply([_api_service(each) for each in sorted(served)])


def _is_served(metric: Mapping[str, Any]) -> bool:
    kind = metric["type"]
    if kind not in _SERVED:
        return False
    return _NAMED.fullmatch(metric[kind.lower()]["metric"]["name"]) is not None
