"""Persistent volumes and claims: they begin Pending."""

from typing import Final, TypeAlias

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeStatus,
    TypedLocalObjectReference,
    TypedObjectReference,
)
from orchestrator.apiserver.defaults.change import put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class VolumeStrategy(Strategy):
    """What is special about persistent volumes."""

    def prepare_for_create(self, new: PersistentVolume, env: Environment) -> PersistentVolume:
        """Not bound to any claim yet."""
        status = PersistentVolumeStatus(phase="Pending", last_phase_transition_time=env.time())
        return replace(new, status=status)

    def prepare_for_status_update(
        self, new: PersistentVolume, old: PersistentVolume, env: Environment
    ) -> PersistentVolume:
        """A change of the phase is dated, unless its writer says when it was."""
        status, before = (
            new.status or PersistentVolumeStatus(),
            old.status or PersistentVolumeStatus(),
        )
        since, known = status.last_phase_transition_time, before.last_phase_transition_time
        if status.phase == before.phase:
            dated = since or known
        else:
            dated = since if since and since != known else env.time()
        new = replace(new, status=replace(status, last_phase_transition_time=dated))
        return super().prepare_for_status_update(new, old, env)  # type: ignore[no-any-return]


class ClaimStrategy(Strategy):
    """What is special about claims."""

    def prepare_for_create(
        self, new: PersistentVolumeClaim, env: Environment
    ) -> PersistentVolumeClaim:
        """Not bound to any volume yet."""
        spec = _with_both_sources(_known_source(_in_namespace(new.spec)))
        return replace(new, spec=spec, status=PersistentVolumeClaimStatus(phase="Pending"))

    def prepare_for_update(
        self, new: PersistentVolumeClaim, old: PersistentVolumeClaim, env: Environment
    ) -> PersistentVolumeClaim:
        """The same of its source, but that what a claim has stays as it is."""
        new = self.with_status_of(new, old)
        spec, before = new.spec, old.spec
        if before is None or before.data_source_ref is None:
            spec = _in_namespace(spec)
        if before is None or (before.data_source is None and before.data_source_ref is None):
            spec = _known_source(spec)
        return put(new, spec=_with_both_sources(spec))


# --- where a claim's data comes from -------------------------------------------------------

_KNOWN_SOURCES: Final = (
    ("PersistentVolumeClaim", ""),
    ("VolumeSnapshot", "snapshot.storage.k8s.io"),
)

Spec: TypeAlias = PersistentVolumeClaimSpec | None


def _in_namespace(spec: Spec) -> Spec:
    """Sources in other namespaces are switched off in Kubernetes as it comes, and are forgotten."""
    if spec is None or spec.data_source_ref is None or not spec.data_source_ref.namespace:
        return spec
    return replace(spec, data_source_ref=None)


def _known_source(spec: Spec) -> Spec:
    """The older field says nothing but claims and snapshots; all else in it was never looked at."""
    if spec is None or spec.data_source is None or spec.data_source_ref is not None:
        return spec
    source = spec.data_source
    known = (source.kind, source.api_group or "") in _KNOWN_SOURCES
    return spec if known else replace(spec, data_source=None)


def _with_both_sources(spec: Spec) -> Spec:
    """Of two fields for one thing the one that is missing follows the other."""
    if spec is None:
        return spec
    source, ref = spec.data_source, spec.data_source_ref
    if source is not None and ref is None:
        ref = TypedObjectReference(api_group=source.api_group, kind=source.kind, name=source.name)
        return replace(spec, data_source_ref=ref)
    if ref is not None and source is None and not ref.namespace:
        source = TypedLocalObjectReference(api_group=ref.api_group, kind=ref.kind, name=ref.name)
        return replace(spec, data_source=source)
    return spec
