"""Claims of pods' ephemeral volumes: made from the template in the pod, owned by the pod, gone with it.

Follows kube-controller-manager's ephemeral-volume controller. A claim of that name that is not the pod's is
never touched: the pod waits, and an event says why.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.api.core.v1 import PersistentVolumeClaim, Pod, Volume
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key, OfMetadata, Source, TemporaryError, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.owners import is_controlled_by, owner_reference
from orchestrator.protocol import ApiError

_RETRY_SECONDS = 5.0


@OfMetadata
def _new_with_template(change: Change[Any]) -> Iterable[Key]:
    """A pod's volumes never change, so each pod is looked at once."""
    pod = change.new
    if change.old is not None or pod is None or not templates_of(pod):
        return ()
    return (key_of(pod),)


class EphemeralVolumeController(KubernetesController):
    """Makes what pods ask for by `ephemeral.volumeClaimTemplate`."""

    name = "ephemeral-volume"
    event_source = "ephemeral_volume"
    account = "ephemeral-volume-controller"
    kind = Pod
    own_keys = _new_with_template  # type: ignore[assignment]  # of the metadata alone, so no method

    def initial_keys(self) -> Iterable[Key]:
        """The pods that have such volumes."""
        return [key_of(pod) for pod in self.cache(Pod).list() if templates_of(pod)]

    def watches(self) -> Mapping[Any, Source]:
        """A claim that goes is made again while its pod is there."""
        return {PersistentVolumeClaim: _owner_of_what_went}

    async def reconcile(self, key: Key) -> float | None:
        """Make the claims of one pod that are missing."""
        pod = self.cache(Pod).get(*key)
        if pod is None or pod.metadata.deletion_timestamp is not None:
            return None
        for volume in templates_of(pod):
            name = f"{key.name}-{volume.name}"
            claim = self.cache(PersistentVolumeClaim).get(key.namespace, name)
            if claim is None:
                claim = await self._make(pod, volume, name)
            if claim is not None and not is_controlled_by(claim, pod):
                why = f"PVC {key.namespace}/{name} was not created for pod {'/'.join(key)} (pod is not owner)"
                self._tell(pod, volume, why)
                raise TemporaryError(f"pod {'/'.join(key)}: {why}", seconds=_RETRY_SECONDS)
        return None

    async def _make(self, pod: Pod, volume: Volume, name: str) -> PersistentVolumeClaim | None:
        assert volume.ephemeral is not None
        template = volume.ephemeral.volume_claim_template
        assert template is not None
        metadata = ObjectMeta(
            name=name,
            namespace=pod.metadata.namespace,
            annotations=template.metadata.annotations,
            labels=template.metadata.labels,
            owner_references=(owner_reference(pod, controller=True),),
        )
        try:
            await self.client.create(PersistentVolumeClaim(metadata=metadata, spec=template.spec))
        except ApiError as error:
            self._tell(pod, volume, f"create PVC {name}: {error}")
            raise
        return None

    def _tell(self, pod: Pod, volume: Volume, why: str) -> None:
        message = f"ephemeral volume {volume.name}: {why}"
        self.events.event(pod, "Warning", "FailedBinding", message)


def templates_of(pod: Pod) -> list[Volume]:
    """The volumes of a pod for which claims are made."""
    volumes = pod.spec.volumes if pod.spec is not None else ()
    return [volume for volume in volumes if volume.ephemeral is not None]


def _owner_of_what_went(change: Change[PersistentVolumeClaim]) -> Iterable[Key]:
    if change.new is not None:
        return ()
    metadata = change.latest.metadata
    return [
        Key(metadata.namespace, each.name)
        for each in metadata.owner_references
        if each.kind == "Pod" and each.controller
    ]
