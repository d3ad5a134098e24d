"""Namespaces: the `kubernetes` finalizer keeps one until all that it holds is gone."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace, NamespaceSpec, NamespaceStatus
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy

FINALIZER: Final = "kubernetes"
NAME_LABEL: Final = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    """What is special about namespaces."""

    ends_once = True

    def prepare_for_create(self, new: Namespace, env: Environment) -> Namespace:
        """Active, and held by the finalizer of the namespace controller."""
        finalizers = new.spec.finalizers if new.spec is not None else ()
        if FINALIZER not in finalizers:
            finalizers = (*finalizers, FINALIZER)
        return replace(
            new, spec=NamespaceSpec(finalizers=finalizers), status=NamespaceStatus(phase="Active")
        )

    def prepare_for_update(self, new: Namespace, old: Namespace, env: Environment) -> Namespace:
        """Only `finalize` changes `spec.finalizers`."""
        return replace(new, spec=old.spec, status=old.status)

    def mark_ending(self, stored: Namespace) -> Namespace:
        """Nothing new begins in it from now on; it has no grace, not even of no seconds."""
        metadata = replace(stored.metadata, deletion_grace_period_seconds=None)
        status = replace(stored.status or NamespaceStatus(), phase="Terminating")
        return replace(stored, metadata=metadata, status=status)

    def is_held(self, stored: Namespace) -> bool:
        """Until the namespace controller has emptied it; where there is nothing to wait for, until the second delete."""
        if stored.metadata.deletion_timestamp is None:
            return True
        return stored.spec is not None and bool(stored.spec.finalizers)
