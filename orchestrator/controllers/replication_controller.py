"""ReplicationControllers: what ReplicaSets were before selectors had expressions, kept the same way."""

from typing import Any

from orchestrator.api.apps.v1 import ReplicaSetStatus
from orchestrator.api.core.v1 import (
    ReplicationController,
    ReplicationControllerCondition,
    ReplicationControllerStatus,
)
from orchestrator.controllers.replicaset import ReplicaSetController
from orchestrator.machinery.labels import Selector, of_pairs


class ReplicationControllerController(ReplicaSetController):
    """Keeps each ReplicationController's number of pods."""

    name = "replicationcontroller"
    event_source = "replication-controller"
    account = "replication-controller"
    dormant = True
    kind = ReplicationController

    def selector(self, owner: Any) -> Selector:
        """Pairs of labels."""
        return of_pairs(owner.spec.selector)

    def written(self, status: ReplicaSetStatus) -> Any:
        """The same counts, without the terminating pods that the older kind does not count."""
        return ReplicationControllerStatus(
            replicas=status.replicas,
            fully_labeled_replicas=status.fully_labeled_replicas,
            ready_replicas=status.ready_replicas,
            available_replicas=status.available_replicas,
            observed_generation=status.observed_generation,
            conditions=tuple(
                ReplicationControllerCondition(
                    type=each.type,
                    status=each.status,
                    reason=each.reason,
                    message=each.message,
                    last_transition_time=each.last_transition_time,
                )
                for each in status.conditions
            ),
        )
