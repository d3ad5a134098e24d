"""Bugs that are put into controllers on purpose: each must show as another end.

A bug is a patch. Some show in any run of the scenario, most under a fault alone: a controller that waits for
changes works until it begins anew.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import pytest

from orchestrator.api.core.v1 import Service
from orchestrator.client import Controller, Key
from orchestrator.client.pacing import Pacing
from orchestrator.client.subscription import Subscription
from orchestrator.controllers import volume_protection as protection
from orchestrator.controllers.bootstrap_tokens import BootstrapSigner
from orchestrator.controllers.certificates import CertificateCleaner
from orchestrator.controllers.cluster_role_aggregation import ClusterRoleAggregationController
from orchestrator.controllers.cron_job import CronJobController
from orchestrator.controllers.disruption import DisruptionController
from orchestrator.controllers.flow_schemas import FlowSchemaController
from orchestrator.controllers.garbage_collector import GarbageCollector
from orchestrator.controllers.job import controller as job
from orchestrator.controllers.load_balancer import LoadBalancerController
from orchestrator.controllers.namespace import NamespaceController, Remaining
from orchestrator.controllers.pod_gc import PodGarbageCollector
from orchestrator.controllers.replicaset import ReplicaSetController
from orchestrator.controllers.service_account import RootCaPublisher, ServiceAccountController
from orchestrator.controllers.service_addresses import (
    ServiceCidrController,
)
from orchestrator.controllers.stateful_set import StatefulSetController
from orchestrator.controllers.token_secrets import TokenSecretController
from orchestrator.controllers.ttl_after_finished import TtlAfterFinishedController
from orchestrator.controllers.volumes import AttachDetachController
from orchestrator.machinery.bootstrap_tokens import is_token
from tests.crashes.running import KILLED, MISSED, STALE, Pattern

Patch = Callable[[pytest.MonkeyPatch], None]


class Bug(NamedTuple):
    """What is wrong, in which controller's scenario and how it shows; None: without any fault."""

    what: str
    controller: str
    patch: Patch
    pattern: Pattern | None = None
    point: int = 0


def _set(target: Any, name: str, value: Any) -> Patch:
    return lambda patch: patch.setattr(target, name, value)


def _no_keys(_self: Any, *_args: Any) -> Iterable[Key]:
    return ()


def _forgets(controller: type[Controller]) -> Patch:
    """Begins anew without looking at what there is."""
    return _set(controller, "initial_keys", _no_keys)


def _deaf(controller: type[Controller]) -> Patch:
    """Hears of its own kind alone."""
    return _set(controller, "watches", lambda _self: {})


async def _leave(_client: Any, obj: Any, _finalizer: str) -> Any:
    """A finalizer that is not written, or not taken."""
    return obj


async def _keep_address(_self: Any, service: Service) -> Service:
    return service


async def _empty_already(*_args: Any) -> Any:
    return Remaining(content=(), finalizers=(), failures=())


def _signs_once(_self: Any, change: Any) -> Iterable[Key]:
    new = change.new is not None and change.old is None and is_token(change.latest)
    return (Key("kube-public", "cluster-info"),) if new else ()


def _sees_only_new(_self: Any, change: Any) -> Iterable[Key]:
    metadata = change.latest.metadata
    return (Key(metadata.namespace, metadata.name),) if change.old is None else ()


def _deliver_anything(self: Any, message: Any) -> bool:
    """A message that is missing is not missed."""
    if message.channel != self._channel:
        return False
    self._heard_at = self._ctx.clock.monotonic()
    self._sequence = message.sequence
    self._on_events(message)
    return True


async def _nothing(*_args: Any, **_named: Any) -> None:
    return None


BUGS: Final = (
    # What a controller must remember though it begins anew.
    Bug(
        "forgets the sets that there are", "replicaset", _forgets(ReplicaSetController), KILLED, 23
    ),
    Bug(
        "forgets the sets that there are", "statefulset", _forgets(StatefulSetController), KILLED, 1
    ),
    Bug("forgets namespaces that are going", "namespace", _forgets(NamespaceController), KILLED, 1),
    Bug("forgets requests that are to go", "csrcleaner", _forgets(CertificateCleaner), KILLED, 2),
    Bug(
        "forgets ended Jobs", "ttl-after-finished", _forgets(TtlAfterFinishedController), KILLED, 4
    ),
    # What it must hear, and see as it is.
    Bug(
        "misses no lost message",
        "endpointslice",
        _set(Subscription, "deliver", _deliver_anything),
        MISSED,
        1,
    ),
    Bug(
        "does not wait to see its own writes",
        "job",
        _set(Pacing, "_sees_own_writes", lambda *_: True),
        STALE,
        1,
    ),
    Bug("hears of no deleted account", "serviceaccount", _deaf(ServiceAccountController)),
    Bug("hears of no changed ConfigMap", "root-ca-certificate-publisher", _deaf(RootCaPublisher)),
    Bug("hears of no pod", "disruption", _deaf(DisruptionController)),
    Bug("hears of no priority level", "flow-schema-status", _deaf(FlowSchemaController)),
    Bug("hears of no deleted account", "serviceaccount-token", _deaf(TokenSecretController)),
    Bug(
        "does not hear of tokens that go",
        "bootstrap-signer",
        _set(BootstrapSigner, "own_keys", _signs_once),
    ),
    Bug(
        "does not hear of roles that change",
        "clusterrole-aggregation",
        _set(ClusterRoleAggregationController, "own_keys", _sees_only_new),
    ),
    # Finalizers.
    Bug(
        "takes no finalizer from counted pods",
        "job",
        _set(job, "FINALIZER", "nobody.example.com/x"),
    ),
    Bug(
        "does not hold a service with an address",
        "service-lb",
        _set(LoadBalancerController, "_held", _keep_address),
    ),
    Bug(
        "lets claims go that pods use",
        "pvc-protection",
        _set(protection, "holds", lambda _pod, _claim: False),
    ),
    Bug("never lets a claim go", "pvc-protection", _set(protection, "remove_finalizer", _leave)),
    Bug("never lets a class go", "vac-protection", _set(protection, "remove_finalizer", _leave)),
    Bug(
        "never lets a range go",
        "service-cidr",
        _set(ServiceCidrController, "_is_needed", lambda *_: True),
    ),
    # What it leaves undone, or does too early.
    Bug(
        "lets a namespace go before it is empty",
        "namespace",
        _set(NamespaceController, "_delete_content", _empty_already),
    ),
    Bug(
        "deletes nothing whose owner is gone",
        "garbage-collector",
        _set(GarbageCollector, "_delete", _nothing),
    ),
    Bug("keeps all ended Jobs", "cronjob", _set(CronJobController, "_cut", _nothing)),
    Bug(
        "leaves the pods of a node that is gone",
        "podgc",
        _set(PodGarbageCollector, "_collect_orphans", _nothing),
    ),
    Bug("never detaches", "attachdetach", _set(AttachDetachController, "_detach", _nothing)),
)
