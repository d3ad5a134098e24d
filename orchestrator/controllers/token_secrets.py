"""Secrets of the type `kubernetes.io/service-account-token` hold a token, as long as their account is there.

They are how tokens were had before one could be asked for, and tools still make them. The token is bound to
its Secret and ends with it; it has no other end that anybody will see.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.authentication.v1 import BoundObjectReference, TokenRequestSpec
from orchestrator.api.core.v1 import ConfigMap, Secret, ServiceAccount
from orchestrator.client import Change, Key
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.service_account import AUTHENTICATION, OWN_AUTHORITY
from orchestrator.machinery.legacy_tokens import ACCOUNT_NAME, ACCOUNT_UID, TYPE
from orchestrator.machinery.objects import with_annotations
from orchestrator.protocol import Conflict, NotFound

_MOST_SECONDS: Final = 1 << 32


class TokenSecretController(KubernetesController):
    """Fills such Secrets, and deletes those whose account is gone or is another."""

    name = "serviceaccount-token"
    account = ""  # the program itself issues tokens
    kind = Secret
    dormant = True

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """A Secret of another type is nobody's here."""
        secret = change.latest
        if secret.type == TYPE:
            yield Key(secret.metadata.namespace, secret.metadata.name)

    def initial_keys(self) -> Iterable[Key]:
        """All Secrets of the type."""
        for secret in self.cache(Secret).list():
            if secret.type == TYPE:
                yield Key(secret.metadata.namespace, secret.metadata.name)

    def watches(self) -> Mapping[Any, Any]:
        """An account concerns its Secrets."""
        return {ServiceAccount: self._of_account, ConfigMap: lambda _change: ()}

    def _of_account(self, change: Change[Any]) -> Iterable[Key]:
        metadata = change.latest.metadata
        for secret in self.cache(Secret).list(metadata.namespace):
            if (
                secret.type == TYPE
                and secret.metadata.annotations.get(ACCOUNT_NAME) == metadata.name
            ):
                yield Key(metadata.namespace, secret.metadata.name)

    async def reconcile(self, key: Key) -> float | None:
        """Fill one Secret, or delete it."""
        secret = self.cache(Secret).get(*key)
        if secret is None or secret.type != TYPE or secret.metadata.deletion_timestamp is not None:
            return None
        account = await self._account(secret)
        if account is None:
            await self._delete(secret)
            return None
        data = await self._data(secret, account)
        annotations = {ACCOUNT_NAME: account.metadata.name, ACCOUNT_UID: account.metadata.uid}
        filled = with_annotations(secret, annotations)
        if data != secret.data or filled is not secret:
            try:
                await self.client.update(replace(filled, data=data))
            except (Conflict, NotFound):
                return None  # its change is heard of
        return None

    async def _account(self, secret: Secret) -> ServiceAccount | None:
        """The account that the Secret names, after a live look; None if there is none, or another."""
        annotations = secret.metadata.annotations
        name, uid = annotations.get(ACCOUNT_NAME, ""), annotations.get(ACCOUNT_UID)
        if not name:
            return None
        try:
            found = await self.client.get(ServiceAccount, name, namespace=secret.metadata.namespace)
        except NotFound:
            return None
        return found if uid in (None, "", found.metadata.uid) else None

    async def _data(self, secret: Secret, account: ServiceAccount) -> dict[str, str]:
        data = dict(secret.data)
        metadata = secret.metadata
        data.setdefault("namespace", _encoded(metadata.namespace))
        authority = self._authority()
        if authority:
            data["ca.crt"] = _encoded(authority)
        if not data.get("token"):
            bound = BoundObjectReference(
                api_version="v1", kind="Secret", name=metadata.name, uid=metadata.uid
            )
            spec = TokenRequestSpec(bound_object_ref=bound, expiration_seconds=_MOST_SECONDS)
            data["token"] = _encoded(await self.client.token(account, spec))
        return data

    def _authority(self) -> str:
        known = self.cache(ConfigMap).get("kube-system", AUTHENTICATION)
        return "" if known is None else known.data.get(OWN_AUTHORITY, "")

    async def _delete(self, secret: Secret) -> None:
        metadata = secret.metadata
        try:
            await self.client.delete(
                Secret, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        except (Conflict, NotFound):
            return


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
