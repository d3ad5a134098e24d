"""Every active namespace has a `default` ServiceAccount and the cluster's CA certificate."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import ConfigMap, Namespace, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key, Wiring
from orchestrator.controllers.base import KubernetesController
from orchestrator.protocol import AlreadyExists

DEFAULT: Final = "default"


class ServiceAccountController(KubernetesController):
    """Creates `default` in each active namespace, again when it is deleted."""

    name = "serviceaccount"
    account = "service-account-controller"
    kind = Namespace

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A service account concerns its namespace."""
        return {ServiceAccount: _namespace_of}

    async def reconcile(self, key: Key) -> float | None:
        """Create what is missing."""
        namespace = self.cache(Namespace).get("", key.name)
        if not is_active(namespace) or self.cache(ServiceAccount).get(key.name, DEFAULT):
            return None
        metadata = ObjectMeta(name=DEFAULT, namespace=key.name)
        try:
            await self.client.create(ServiceAccount(metadata=metadata))
        except AlreadyExists:
            return None  # the cache is behind
        return None


REST_SECONDS: Final = 1.0  # between two writes of the same into what somebody else changes
ROOT_CA: Final = "kube-root-ca.crt"
# Where a server that listens says which authority its certificates are of.
AUTHENTICATION: Final = "extension-apiserver-authentication"
OWN_AUTHORITY: Final = (
    "requestheader-client-ca-file"  # the cluster's: client-ca-file may hold others' too
)
_SYSTEM: Final = "kube-system"
_DESCRIPTION: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters."
)


class RootCaPublisher(KubernetesController):
    """Keeps the ConfigMap `kube-root-ca.crt` in each active namespace.

    It holds the authority that signs the API server's certificate; nothing, as long as no server listens.
    """

    name = "root-ca-certificate-publisher"
    account = "root-ca-cert-publisher"
    kind = Namespace

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        self._put: dict[str, tuple[str, float]] = {}  # what was put right last, by namespace

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A ConfigMap of that name concerns its namespace, a new authority all of them."""
        return {ConfigMap: self._concerned}

    def _concerned(self, change: Change[Any]) -> Iterable[Key]:
        metadata = change.latest.metadata
        if metadata.name == ROOT_CA:
            return (Key("", metadata.namespace),)
        if metadata.name == AUTHENTICATION and metadata.namespace == _SYSTEM:
            return tuple(Key("", each.metadata.name) for each in self.cache(Namespace).list())
        return ()

    def _authority(self) -> str:
        known = self.cache(ConfigMap).get(_SYSTEM, AUTHENTICATION)
        return "" if known is None else known.data.get(OWN_AUTHORITY, "")

    async def reconcile(self, key: Key) -> float | None:
        """Create it where it is missing, put it right where it was changed."""
        if not is_active(self.cache(Namespace).get("", key.name)):
            return None
        authority = self._authority()
        data = {"ca.crt": authority}
        present = self.cache(ConfigMap).get(key.name, ROOT_CA)
        if present is None:
            metadata = ObjectMeta(
                name=ROOT_CA,
                namespace=key.name,
                annotations={"kubernetes.io/description": _DESCRIPTION},
            )
            try:
                await self.client.create(ConfigMap(metadata=metadata, data=data))
            except AlreadyExists:
                return None
        elif present.data != data:
            if rest := self._rest(key.name, authority):
                return rest
            await self.client.update(replace(present, data=data))
        return None

    def _rest(self, namespace: str, authority: str) -> float:
        """How long to wait before the same is written again: somebody may want other contents, and write at once."""
        now = self.ctx.clock.now()
        known, at = self._put.get(namespace, ("", 0.0))
        if known == authority and now - at < REST_SECONDS:
            return REST_SECONDS - (now - at)
        self._put[namespace] = authority, now
        return 0.0


def is_active(namespace: Namespace | None) -> bool:
    """Whether the namespace is there and not being deleted."""
    return namespace is not None and namespace.metadata.deletion_timestamp is None


def _namespace_of(change: Change[Any]) -> Iterable[Key]:
    return (Key("", change.latest.metadata.namespace),)
