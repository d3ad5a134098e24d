"""Tokens of service accounts that stand in Secrets: for whoever asks for one that lasts.

Follows kube-controller-manager's tokens controller: a Secret of the type `kubernetes.io/service-account-token`
that names its account gets a token, the authority and the namespace; one whose account is gone goes, too. The
token is bound to the Secret: it is worth nothing when that is gone.
"""

import base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.authentication.v1 import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
)
from orchestrator.api.core.v1 import ConfigMap, Secret, ServiceAccount
from orchestrator.api.scheme import resource_of
from orchestrator.client import Change, Key, Source, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.service_account import ROOT_CA
from orchestrator.protocol import Create, NotFound

TYPE: Final = "kubernetes.io/service-account-token"
NAME: Final = "kubernetes.io/service-account.name"
UID: Final = "kubernetes.io/service-account.uid"
TOKEN: Final = "token"
_AUTHORITY: Final = "ca.crt"
_NAMESPACE: Final = "namespace"
# The longest that the server issues: such tokens last as long as their Secret.
_SECONDS: Final = 1 << 32


class ServiceAccountTokensController(KubernetesController):
    """Fills such Secrets."""

    name = "serviceaccount-token"
    account = ""  # it writes as the manager itself, as the original does
    kind = Secret

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A Secret of that type."""
        return (key_of(change.latest),) if change.latest.type == TYPE else ()

    def initial_keys(self) -> Iterable[Key]:
        """Those that there are."""
        return [key_of(each) for each in self.cache(Secret).list() if each.type == TYPE]

    def watches(self) -> Mapping[Any, Source]:
        """An account that comes or goes concerns the Secrets that name it, an authority those of its namespace."""
        return {ServiceAccount: self._of_account, ConfigMap: self._of_authority}

    def _of_account(self, change: Change[ServiceAccount]) -> Iterable[Key]:
        if change.old is not None and change.new is not None:
            return ()
        metadata = change.latest.metadata
        return [
            key_of(each)
            for each in self._tokens(metadata.namespace)
            if each.metadata.annotations.get(NAME) == metadata.name
        ]

    def _of_authority(self, change: Change[ConfigMap]) -> Iterable[Key]:
        metadata = change.latest.metadata
        if metadata.name != ROOT_CA:
            return ()
        return [key_of(each) for each in self._tokens(metadata.namespace)]

    def _tokens(self, namespace: str) -> list[Secret]:
        return [each for each in self.cache(Secret).list(namespace) if each.type == TYPE]

    async def reconcile(self, key: Key) -> float | None:
        """Fill one Secret, or delete it with its account."""
        secret = self.cache(Secret).get(*key)
        if secret is None or secret.type != TYPE or secret.metadata.deletion_timestamp is not None:
            return None
        metadata = secret.metadata
        account = await self._account_of(secret)
        if account is None:
            with suppress(NotFound):
                await self.client.delete(
                    Secret, key.name, namespace=key.namespace, uid=metadata.uid
                )
            return None
        data = {**secret.data, **self._missing(secret)}
        if not data.get(TOKEN):
            data[TOKEN] = _encoded(await self._token(account, secret))
        if data != secret.data:
            annotations = {**metadata.annotations, UID: account.metadata.uid}
            metadata = replace(metadata, annotations=annotations)
            with suppress(NotFound):
                await self.client.update(replace(secret, metadata=metadata, data=data))
        return None

    async def _account_of(self, secret: Secret) -> ServiceAccount | None:
        """The account, by a live look: a Secret may come right after it."""
        metadata = secret.metadata
        name, uid = metadata.annotations.get(NAME, ""), metadata.annotations.get(UID, "")
        try:
            account = await self.client.get(ServiceAccount, name, namespace=metadata.namespace)
        except NotFound:
            return None
        return account if uid in ("", account.metadata.uid) else None

    def _missing(self, secret: Secret) -> dict[str, str]:
        """The namespace, and the authority of a server that listens."""
        found = {}
        if not secret.data.get(_NAMESPACE):
            found[_NAMESPACE] = _encoded(secret.metadata.namespace)
        published = self.cache(ConfigMap).get(secret.metadata.namespace, ROOT_CA)
        authority = published.data.get(_AUTHORITY, "") if published is not None else ""
        if authority:
            found[_AUTHORITY] = _encoded(authority)
        return found

    async def _token(self, account: ServiceAccount, secret: Secret) -> str:
        """A token that is bound to the Secret."""
        reference = BoundObjectReference(
            api_version=Secret.api_version,
            kind=Secret.kind,
            name=secret.metadata.name,
            uid=secret.metadata.uid,
        )
        spec = TokenRequestSpec(bound_object_ref=reference, expiration_seconds=_SECONDS)
        request = Create(
            resource=resource_of(ServiceAccount),
            object=TokenRequest(spec=spec),
            name=account.metadata.name,
            namespace=account.metadata.namespace,
            subresource="token",
            identity=self.client.identity,
        )
        answer: TokenRequest = await self.client.api.ask(request)
        assert answer.status is not None
        return answer.status.token


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
