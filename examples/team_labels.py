"""A validating webhook beside a controller: Deployments name their team, and each team's are counted.

`check` refuses a Deployment without the label `team`; in a cluster in this process it is the webhook itself, and
behind an HTTPS server it is what that answers. `TeamCounter` writes how many Deployments each team has into the
ConfigMap `teams` of their namespace.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Controller, Key, create_or_update

TEAM = "team"
URL = "https://teams.default.svc/check"
CONFIGURATION = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "teams"},
    "webhooks": [
        {
            "name": "teams.example.dev",
            "clientConfig": {
                "service": {"name": "teams", "namespace": "default", "path": "/check"}
            },
            "rules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["deployments"],
                }
            ],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
    ],
}


async def check(review: Mapping[str, Any]) -> dict[str, Any]:
    """The answered AdmissionReview."""
    request = review["request"]
    team = (request["object"]["metadata"].get("labels") or {}).get(TEAM)
    response: dict[str, Any] = {"uid": request["uid"], "allowed": bool(team)}
    if not team:
        response["status"] = {
            "message": f"say whose it is: the label {TEAM} is missing",
            "code": 422,
        }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


class TeamCounter(Controller):
    """Counts Deployments by team. It has one key for each namespace."""

    name = "team-counter"
    kind = Deployment

    def own_keys(self, change: Change[Deployment]) -> Iterable[Key]:
        """The namespace; several changes come together."""
        return (Key(change.latest.metadata.namespace, "teams"),)

    def initial_keys(self) -> Iterable[Key]:
        """The namespaces that have Deployments."""
        found = self.cache(Deployment).list()
        return dict.fromkeys(Key(each.metadata.namespace, "teams") for each in found)

    async def reconcile(self, key: Key) -> None:
        """Count, and write what differs."""
        found = self.cache(Deployment).list(key.namespace)
        teams = Counter(each.metadata.labels.get(TEAM, "nobody") for each in found)
        data = {team: str(count) for team, count in sorted(teams.items())}
        wanted = ConfigMap(metadata=ObjectMeta(name=key.name, namespace=key.namespace))
        await create_or_update(self.client, wanted, lambda there: replace(there, data=data))
