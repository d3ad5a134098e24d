"""Tokens that lie in Secrets: each day that one is shown is noted on its Secret, and some count as invalid."""

from typing import Any

from orchestrator.api.core.v1 import Secret
from orchestrator.apiserver.authentication.claims import Objects, TokenError
from orchestrator.machinery.legacy_tokens import INVALID_SINCE, LAST_USED, holds, marked_on
from orchestrator.protocol import Patch


def note_use(secret: Secret, account: str, token: str, objects: Objects) -> None:
    """A token bound to a Secret is shown, of an account of that name. Raises TokenError.

    One that was asked for, and does not lie in the Secret, is no matter of this.
    """
    if not holds(secret, token):
        return
    metadata = secret.metadata
    day = marked_on(secret, objects.now())
    if day:
        mark: dict[str, Any] = {"metadata": {"uid": metadata.uid, "labels": {LAST_USED: day}}}
        objects.later(
            Patch(
                resource=objects.resource_of("v1", "Secret"),
                name=metadata.name,
                namespace=metadata.namespace,
                patch_type="merge",
                body=mark,
                field_manager="kube-apiserver",
            )
        )
    if metadata.labels.get(INVALID_SINCE):
        namespace = metadata.namespace
        raise TokenError(
            f"the token in secret {namespace}/{metadata.name} for service account {namespace}/{account} has been "
            "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove "
            f"the '{INVALID_SINCE}' label from the secret to temporarily allow use of this token"
        )
