"""The actor that keeps the nodes' rules in step with NetworkPolicies, pods and namespaces."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from actors import Timer
from orchestrator.api.core.v1 import Namespace, Pod
from orchestrator.api.networking.v1 import NetworkPolicy
from orchestrator.client import Change, Reflector, Watcher
from orchestrator.protocol import AUTHENTICATED, MASTERS, ApiRef, Identity
from orchestrator.proxy.policies.decisions import Isolation, isolations

# Changes of so long become one set of rules.
SYNC_SECONDS: Final = 0.1
_IDENTITY: Final = Identity("system:network-policies", (MASTERS, AUTHENTICATED))


class PolicyWatcher(Watcher):
    """Tells `enforce` what each node's pods let pass, whenever that may have changed.

    While there is no NetworkPolicy it looks at nothing else.
    """

    def __init__(
        self, api: ApiRef, enforce: Callable[[Mapping[str, tuple[Isolation, ...]]], None]
    ) -> None:
        super().__init__(api, _IDENTITY)
        self._enforce = enforce
        self._timer: Timer | None = None
        self._pods: Reflector[Pod] | None = None
        self._namespaces: Reflector[Namespace]

    def started(self) -> None:
        """Watch policies."""
        self._policies = self.reflect(NetworkPolicy, on_change=self._changed)

    def _changed(self, _change: Change[Any]) -> None:
        if self._pods is None:
            self._pods = self.reflect(Pod, on_change=self._changed)
            self._namespaces = self.reflect(Namespace, on_change=self._changed)
        if self._timer is None:
            self._timer = self.ctx.call_after(SYNC_SECONDS, self._sync)

    def _sync(self) -> None:
        self._timer = None
        if self._pods is None or not (self._pods.synced and self._namespaces.synced):
            self._timer = self.ctx.call_after(SYNC_SECONDS, self._sync)
            return
        policies = self._policies.cache.list()
        pods, namespaces = self._pods.cache.list(), self._namespaces.cache.list()
        self._enforce(isolations(policies, pods, namespaces))
