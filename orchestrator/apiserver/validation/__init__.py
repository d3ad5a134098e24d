"""What Kubernetes refuses of an object, and in which words.

Belongs here: pure functions from objects (already defaulted) to `Cause`s, with the field paths
and sentences of Kubernetes. Does not: what depends on other objects (admission), conflicts of
versions (the pipeline), custom resources' schemas.

`validate_create`, `validate_update` and `validate_status_update` answer every fault at once, an
empty tuple for none. One file a family of kinds, one row of `KINDS` a kind; a kind without a row
has its metadata checked alone. Verdicts on shared parts are remembered by their identity, and an
update looks only at parts that are not the very objects they were.
"""

from functools import lru_cache
from typing import Any, Final

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.validation import (
    autoscaling,
    claims,
    configs,
    cron_jobs,
    disruption_budgets,
    endpoints,
    events,
    ingresses,
    jobs,
    leases,
    network_policies,
    nodes,
    pods,
    priority_classes,
    quotas,
    rbac,
    services,
    stateful_sets,
    storage,
    workloads,
)
from orchestrator.apiserver.validation.field import FieldError, cause_of
from orchestrator.apiserver.validation.kind import Kind
from orchestrator.apiserver.validation.metadata import metadata_errors, metadata_update_errors
from orchestrator.machinery.names import path_segment_errors
from orchestrator.protocol import Cause, Object

__all__ = ["KINDS", "Kind", "validate_create", "validate_status_update", "validate_update"]

KINDS: Final[dict[type, Kind]] = {
    **autoscaling.KINDS,
    **claims.KINDS,
    **configs.KINDS,
    **cron_jobs.KINDS,
    **disruption_budgets.KINDS,
    **endpoints.KINDS,
    **events.KINDS,
    **ingresses.KINDS,
    **jobs.KINDS,
    **leases.KINDS,
    **network_policies.KINDS,
    **nodes.KINDS,
    **pods.KINDS,
    **priority_classes.KINDS,
    **quotas.KINDS,
    **rbac.KINDS,
    **services.KINDS,
    **stateful_sets.KINDS,
    **storage.KINDS,
    **workloads.KINDS,
}
# What we know nothing of keeps the least that a name in a URL must keep.
_UNKNOWN: Final = Kind(name=path_segment_errors)
_OUTSIDE_SPEC: Final = frozenset({"metadata", "status"})

Faults = tuple[FieldError, ...]


def validate_create(resource: Resource, obj: Object) -> tuple[Cause, ...]:
    """What forbids to create the (defaulted, named, stamped) object."""
    kind = KINDS.get(type(obj), _UNKNOWN)
    # The metadata of a template is named by its own rules; a binding names the pod it is for.
    found = [*metadata_errors(obj.metadata, resource.namespaced, kind.name)]
    found += kind.spec(obj)
    return tuple(map(cause_of, found)) if found else ()


def validate_update(resource: Resource, new: Object, old: Object) -> tuple[Cause, ...]:
    """What forbids to put `new` in the place of `old` (whose status it has)."""
    kind = KINDS.get(type(new), _UNKNOWN)
    found = _metadata_errors(new, old)
    if kind.recheck and not _same_parts(new, old):
        found += kind.spec(new)
    found += kind.update(new, old)
    return tuple(map(cause_of, found)) if found else ()


def validate_status_update(resource: Resource, new: Object, old: Object) -> tuple[Cause, ...]:
    """What forbids the status of `new`, whose other parts are those of `old`."""
    kind = KINDS.get(type(new), _UNKNOWN)
    found = _metadata_errors(new, old)
    found += kind.status(new, old)
    return tuple(map(cause_of, found)) if found else ()


def _metadata_errors(new: Object, old: Object) -> list[FieldError]:
    if new.metadata is old.metadata:
        return []
    return list(metadata_update_errors(new.metadata, old.metadata))


def _same_parts(new: Object, old: Object) -> bool:
    """Whether nothing but metadata and status can be different."""
    for name in _parts(type(new)):  # noqa: SIM110  # a generator would cost twice the loop
        if getattr(new, name) is not getattr(old, name):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _parts(kind: type[Any]) -> tuple[str, ...]:
    fields: tuple[str, ...] = kind.__struct_fields__
    return tuple(name for name in fields if name not in _OUTSIDE_SPEC)
