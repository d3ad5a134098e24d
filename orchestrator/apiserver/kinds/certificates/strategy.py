"""Certificates' requests: who asks is written by the server, what is asked never changes."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.certificates.v1 import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
)
from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.certificates.validation import status_of
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.protocol import Identity

Conditions = tuple[CertificateSigningRequestCondition, ...]


class RequestStrategy(Strategy):
    """An update changes metadata alone; signers and approvers have paths of their own."""

    def attributed(self, new: Any, identity: Identity) -> Any:
        """The request, with who asks in it."""
        spec = replace(
            new.spec,
            username=identity.name or None,
            uid=identity.uid or None,
            groups=identity.groups,
            extra=identity.extra or EMPTY,
        )
        return replace(new, spec=spec)

    def prepare_for_update(self, new: Any, old: Any, env: Environment) -> Any:
        """The old request, with other metadata."""
        return replace(old, metadata=new.metadata)

    def prepare_for_status_update(self, new: Any, old: Any, env: Environment) -> Any:
        """The new status; what an approver has said stays as it is where it is still said."""
        conditions = status_of(new).conditions
        for kind in ("Approved", "Denied"):
            conditions = _preserved(conditions, status_of(old).conditions, kind)
        conditions = dated(conditions, status_of(old).conditions, env)
        return replace(
            old, metadata=new.metadata, status=replace(status_of(new), conditions=conditions)
        )


def prepare_for_approval(
    new: CertificateSigningRequest, old: CertificateSigningRequest, env: Environment
) -> CertificateSigningRequest:
    """The old request with the new conditions."""
    conditions = dated(status_of(new).conditions, status_of(old).conditions, env)
    status = replace(status_of(old), conditions=conditions)
    return replace(old, metadata=new.metadata, status=status)


def _preserved(new: Conditions, old: Conditions, kind: str) -> Conditions:
    before = [each for each in old if each.type == kind]
    if len(before) != sum(each.type == kind for each in new):
        return new  # one came or went, which validation tells
    kept = iter(before)
    return tuple(next(kept) if each.type == kind else each for each in new)


def dated(
    new: Conditions, old: Sequence[CertificateSigningRequestCondition], env: Environment
) -> Conditions:
    """The conditions with the times that their author left out."""
    now = env.time()
    made = []
    for each in new:
        since = each.last_transition_time
        if since is None:
            same = (c for c in old if (c.type, c.status) == (each.type, each.status))
            since = next((c.last_transition_time for c in same if c.last_transition_time), now)
        made.append(
            replace(
                each,
                last_update_time=each.last_update_time or now,
                last_transition_time=since,
            )
        )
    return tuple(made)
