"""Bootstrap tokens: deleted when they expire, and what `cluster-info` is signed with.

Follows kube-controller-manager's token cleaner and bootstrap signer. A token without `expiration` stays; one
whose expiration cannot be read counts as expired. A joining node checks the signature of the ConfigMap
`kube-public/cluster-info` by the token that it was given, before it believes who the cluster is.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import ConfigMap, Secret
from orchestrator.client import Change, Key, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.bootstrap_tokens import (
    NAMESPACE,
    detached_signature,
    expires_at,
    is_token,
    signing_key,
)
from orchestrator.protocol import Conflict, NotFound

CLUSTER_INFO: Final = Key("kube-public", "cluster-info")
KUBECONFIG: Final = "kubeconfig"
SIGNATURE: Final = "jws-kubeconfig-"


class TokenCleaner(KubernetesController):
    """Deletes what has expired."""

    name = "token-cleaner"
    account = "token-cleaner"
    dormant = True
    kind = Secret

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A token."""
        return (key_of(change.latest),) if is_token(change.latest) else ()

    def initial_keys(self) -> Iterable[Key]:
        """The tokens that there are."""
        return [key_of(each) for each in self.cache(Secret).list(NAMESPACE) if is_token(each)]

    async def reconcile(self, key: Key) -> float | None:
        """Delete one token, or wait for its end."""
        secret = self.cache(Secret).get(*key)
        if secret is None or not is_token(secret):
            return None
        at = expires_at(secret)
        if at is None:
            return None
        left = at - self.ctx.clock.now()
        if left > 0:
            return left
        with suppress(NotFound):
            await self.client.delete(
                Secret, key.name, namespace=key.namespace, uid=secret.metadata.uid
            )
        return None


class BootstrapSigner(KubernetesController):
    """Keeps a signature of `cluster-info` for each token that may sign. It has one key."""

    name = "bootstrap-signer"
    account = "bootstrap-signer"
    dormant = True
    kind = Secret

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A token that comes, changes or goes."""
        return (CLUSTER_INFO,) if is_token(change.latest) else ()

    def initial_keys(self) -> Iterable[Key]:
        """The one that there is."""
        return (CLUSTER_INFO,)

    def watches(self) -> Mapping[Any, Source]:
        """Of ConfigMaps, the one that is signed."""
        return {ConfigMap: _of_cluster_info}

    async def reconcile(self, key: Key) -> float | None:
        """Sign the ConfigMap where signatures are missing, wrong, or of tokens that are gone."""
        info = self.cache(ConfigMap).get(*key)
        if info is None or KUBECONFIG not in info.data:
            return None
        data = {name: text for name, text in info.data.items() if not name.startswith(SIGNATURE)}
        now = self.ctx.clock.now()
        for secret in self.cache(Secret).list(NAMESPACE):
            signer = signing_key(secret, now) if is_token(secret) else None
            if signer is not None:
                signature = detached_signature(info.data[KUBECONFIG], *signer)
                data[SIGNATURE + signer[0]] = signature
        if data != info.data:
            with suppress(Conflict, NotFound):  # its change is heard of
                await self.client.update(replace(info, data=data))
        return None


def _of_cluster_info(change: Change[ConfigMap]) -> Iterable[Key]:
    key = key_of(change.latest)
    return (key,) if key == CLUSTER_INFO and change.new is not None else ()
