"""Volumes whose policy is `Recycle`: a pod empties them, then they are available again.

Follows kube-controller-manager's recyclers of `hostPath` and `nfs` and the pod that it makes for them. What happens to
the pod is not repeated as events of the volume.
"""

from contextlib import suppress
from typing import Final

from orchestrator.api.core.v1 import (
    Container,
    HostPathVolumeSource,
    ObjectReference,
    PersistentVolume,
    Pod,
    PodSpec,
    PodStatus,
    Volume,
    VolumeMount,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Client
from orchestrator.controllers.pods import has_ended
from orchestrator.controllers.volume_protection import claims_of
from orchestrator.controllers.volumes.matching import size_of
from orchestrator.machinery.quantities import nano
from orchestrator.protocol import AlreadyExists, NotFound

LOOK_SECONDS: Final = 1.0  # between two looks at the pod
RETRY_SECONDS: Final = 15.0  # after one that failed
_NAMESPACE: Final = "default"
_IMAGE: Final = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6"
_SCRUB: Final = (
    'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'
)
_LEAST_SECONDS: Final = {"host": 60, "nfs": 300}  # that the pod has
_SECONDS_A_GIBIBYTE: Final = 30


def is_recyclable(volume: PersistentVolume) -> bool:
    """Whether anybody knows how to empty the volume."""
    spec = volume.spec
    return spec is not None and (spec.host_path is not None or spec.nfs is not None)


def recycler_of(volume: PersistentVolume) -> Pod:
    """The pod that empties a volume; it has a time limit by the volume's size."""
    spec = volume.spec
    assert spec is not None
    least = _LEAST_SECONDS["nfs" if spec.host_path is None else "host"]
    limit = size_of(volume) // nano("1Gi") * _SECONDS_A_GIBIBYTE
    host = spec.host_path
    path = None if host is None else HostPathVolumeSource(path=host.path)
    container = Container(
        name="pv-recycler",
        image=_IMAGE,
        command=("/bin/sh",),
        args=("-c", _SCRUB),
        volume_mounts=(VolumeMount(name="vol", mount_path="/scrub"),),
    )
    return Pod(
        metadata=ObjectMeta(name=f"recycler-for-{volume.metadata.name}", namespace=_NAMESPACE),
        spec=PodSpec(
            active_deadline_seconds=max(least, limit),
            restart_policy="Never",
            volumes=(Volume(name="vol", host_path=path, nfs=spec.nfs if host is None else None),),
            containers=(container,),
        ),
    )


async def recycle(client: Client, volume: PersistentVolume) -> str | None:
    """Let a pod empty the volume: None while it does, then why it failed, or nothing ("") when it is empty."""
    wanted = recycler_of(volume)
    name = wanted.metadata.name
    try:
        pod = await client.get(Pod, name, namespace=_NAMESPACE)
    except NotFound:
        with suppress(AlreadyExists):  # made since
            await client.create(wanted)
        return None
    if pod.metadata.deletion_timestamp is not None or not has_ended(pod):
        return None
    await client.delete(Pod, name, namespace=_NAMESPACE, uid=pod.metadata.uid)
    status = pod.status or PodStatus()
    if status.phase == "Succeeded":
        return ""
    why = status.message or "pod failed, pod.Status.Message unknown"
    return f"Recycle failed: failed to recycle volume: {why}"


async def users_of(client: Client, reference: ObjectReference) -> list[str]:
    """`namespace/name` of the pods that still name the claim and have not ended, in order."""
    namespace = reference.namespace
    claim = f"{namespace}/{reference.name}"
    pods = await client.list(Pod, namespace=namespace)
    return sorted(
        f"{namespace}/{pod.metadata.name}"
        for pod in pods
        if not has_ended(pod) and claim in claims_of(pod)
    )
