"""The server of external metrics that the recorded cluster had: what a metric is called says its values.

`v30` has the value 30, `two10x20` the values 10 and 20, a name that begins with `err` is refused, and others have none.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from actors import Actor
from orchestrator import Cluster
from orchestrator.apiserver.elsewhere import FORWARDERS, Forward
from orchestrator.machinery.times import format_time
from orchestrator.protocol import Unclassified
from tests.stories.stories import Story

_VALUES: Final = re.compile(r"v(\d+)|two(\d+)x(\d+)")
_API_SERVICE: Final[Mapping[str, Any]] = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
    "spec": {
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "m", "namespace": "metrics", "port": 17660},
    },
}


class ExternalMetrics(Actor):
    """Answers in the place of the front that reaches other servers."""

    def started(self) -> None:
        """It can be found."""
        self.ctx.join(FORWARDERS)

    def on_forward(self, message: Forward) -> Any:
        """The values of a metric."""
        name = message.asked.resource
        if name.startswith("err"):
            deferred = self.ctx.defer()
            deferred.fail(Unclassified(f"the metric {name} is not known"))
            return deferred
        found = _VALUES.fullmatch(name)
        at = format_time(self.ctx.clock.now())
        values = [each for each in found.groups() if each] if found is not None else []
        return {"items": [{"timestamp": at, "value": each} for each in values]}


async def serve_metrics(cluster: Cluster, story: Story) -> None:
    """Have the server, if a story's autoscaler asks for external metrics."""
    asked = [step.get("obj", step.get("body")) for step in story.steps]
    metrics = [
        metric
        for each in asked
        if each is not None
        for metric in each.get("spec", {}).get("metrics", ())
    ]
    if any(each["type"] == "External" for each in metrics):
        cluster.system.spawn(ExternalMetrics, "external-metrics")
        await cluster.apply([_API_SERVICE])
