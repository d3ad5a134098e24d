"""What Kubernetes refuses of the kinds of `cluster`."""

from typing import Final

from orchestrator.api.core.v1 import Namespace
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
)
from orchestrator.apiserver.validation.metadata import dns_label, finalizer_name_errors
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.names import qualified_name_errors


def _namespace_errors(namespace: Namespace) -> Errors:
    for name in namespace.spec.finalizers if namespace.spec else ():
        yield from complaints("spec.finalizers", name, qualified_name_errors(name))
        yield from finalizer_name_errors("spec.finalizers", name)


def finalizer_errors(namespace: Namespace) -> Errors:
    """What must still go before the namespace does, written by a path of its own; each is named by its place."""
    for i, name in enumerate(namespace.spec.finalizers if namespace.spec else ()):
        where = f"spec.finalizers[{i}]"
        yield from complaints(where, name, qualified_name_errors(name))
        yield from finalizer_name_errors(where, name)


def _namespace_status_errors(new: Namespace, _old: Namespace) -> Errors:
    phase = (new.status.phase if new.status else None) or ""
    path = "status.Phase"
    if new.metadata.deletion_timestamp is None:
        if phase != "Active":
            yield invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")
    elif phase != "Terminating":
        yield invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")


NAMESPACE_RULES: Final = Rules(
    name=dns_label,
    spec=_namespace_errors,
    status=_namespace_status_errors,
    metadata_again=CHANGE_AND_WHOLE,
)
