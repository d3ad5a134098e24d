"""Volumes of CSI drivers are attached to the nodes whose pods use them, and detached when none does.

Follows kube-controller-manager's attach/detach controller: a VolumeAttachment asks the driver's attacher, whose
status answers. The simulated disk's attacher is here, and answers at once; other drivers bring their own.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    CSIPersistentVolumeSource,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSINodeDriver,
    CSINodeSpec,
    StorageClass,
    VolumeAttachment,
    VolumeAttachmentSource,
    VolumeAttachmentSpec,
    VolumeAttachmentStatus,
)
from orchestrator.client import Change, Key, KeyFunction, Source, key_of, write_status
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.controllers.volume_protection import claims_of, uses
from orchestrator.machinery.conditions import is_true
from orchestrator.machinery.owners import owner_reference
from orchestrator.machinery.volumes import SIMULATED_DRIVER, attachment_name, unique_name
from orchestrator.protocol import AlreadyExists, NotFound

_SHARED: Final = frozenset(("ReadWriteMany", "ReadOnlyMany"))
# How soon a pod whose volume is attached elsewhere is looked at again.
_RETRY_SECONDS: Final = 15.0
_MOST_UNMOUNTING: Final = 360.0  # seconds that a node which is not well has to let a volume go
_OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service"


def may_be_shared(volume: PersistentVolume) -> bool:
    """Whether it may be attached to several nodes; one that says nothing may."""
    modes = volume.spec.access_modes if volume.spec is not None else ()
    return not modes or bool(_SHARED.intersection(modes))


class AttachDetachController(KubernetesController):
    """Keeps the VolumeAttachments of each volume."""

    name = "attachdetach"
    account = "attachdetach-controller"
    dormant = True
    kind = PersistentVolume

    def prepare(self) -> None:
        """Nobody has been told anything yet."""
        self._told: dict[str, None] = {}  # pods that know that their volume is attached
        self._refused: dict[
            tuple[str, str], None
        ] = {}  # volumes and nodes that wait for each other
        self._unused_since: dict[str, float] = {}  # attachments to nodes that are not well

    def watches(self) -> Mapping[Any, Source]:
        """Pods and claims concern the volumes that they lead to."""
        return {
            Pod: self._of_pod,
            PersistentVolumeClaim: _of_claim,
            VolumeAttachment: _of_attachment,
            CSIDriver: lambda _: (),
            Node: self._of_node,
        }

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods by claim, attachments by volume."""
        return {
            Pod: {"claim": claims_of},
            VolumeAttachment: {"volume": _volume_index, "node": _node_index},
        }

    def _of_node(self, change: Change[Node]) -> Iterable[Key]:
        """What is attached to a node waits for its pods to let it go."""
        old, new = change.old, change.new
        if old is not None and new is not None and _used_on(old) == _used_on(new):
            return
        attached = self.cache(VolumeAttachment).by_index("node", change.latest.metadata.name)
        for each in attached:
            yield from _of_attachment(Change(old=None, new=each))

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        claims = claims_of(change.latest)
        if not claims:
            return ()
        before = change.old is not None and uses(change.old)
        if change.new is not None and before == uses(change.new):
            return ()
        found = (self.cache(PersistentVolumeClaim).get(*each.split("/", 1)) for each in claims)
        return [key for each in found if each is not None for key in _volume_of(each)]

    async def reconcile(self, key: Key) -> float | None:
        """Attach one volume where it is used, detach it elsewhere."""
        volume = self.cache(PersistentVolume).get(*key)
        attached = list(self.cache(VolumeAttachment).by_index("volume", key.name))
        pods = self._pods_of(volume) if volume is not None else []
        nodes = dict.fromkeys(pod.spec.node_name for pod in pods if pod.spec is not None)
        kept = [each for each in attached if _node_of(each) in nodes]
        unused = [e for e in attached if e not in kept and e.metadata.deletion_timestamp is None]
        if volume is None or volume.spec is None:
            # Of a volume that nobody knows the original's controller knows no attachment.
            return None
        waits = [
            seconds
            for each in unused
            if (seconds := await self._give_up(each, volume.spec.csi)) is not None
        ]
        self._tell_attached(volume, pods, kept)
        if not self._needs_attaching(volume.spec.csi):
            return None
        has = {_node_of(each) for each in kept}
        # Detaching takes until the attachment is gone.
        busy = [each for each in attached if each.metadata.deletion_timestamp is not None]
        for node in nodes:
            if node in has:
                continue
            if (has or busy or waits) and not may_be_shared(volume):
                self._tell_used(volume, node, pods, has)
                waits.append(_RETRY_SECONDS)
                continue
            await self._attach(volume, node)
            has.add(node)
        return min(waits, default=None)

    async def _give_up(
        self, attachment: VolumeAttachment, source: CSIPersistentVolumeSource | None
    ) -> float | None:
        """Detach what nobody uses; or answer the seconds after which to look again, while the node says that it is
        mounted there: for ever if the node is well, and not at all if it is said to be out of service.
        """
        name, now = attachment.metadata.name, self.ctx.clock.monotonic()
        node = self.cache(Node).get("", _node_of(attachment))
        mounted = source is not None and node is not None and unique_name(source) in _used_on(node)
        if node is not None and mounted and not _is_out_of_service(node):
            since = self._unused_since.setdefault(name, now)
            if is_ready(node):
                return _RETRY_SECONDS
            if now - since < _MOST_UNMOUNTING:
                return min(_RETRY_SECONDS, since + _MOST_UNMOUNTING - now)
        self._unused_since.pop(name, None)
        await self._detach(attachment)
        return None

    def _pods_of(self, volume: PersistentVolume) -> list[Pod]:
        """The pods that use it, each on a node."""
        reference = volume.spec.claim_ref if volume.spec is not None else None
        if reference is None:
            return []
        claim = f"{reference.namespace}/{reference.name}"
        pods = self.cache(Pod).by_index("claim", claim)
        return sorted(filter(uses, pods), key=lambda pod: pod.metadata.name)

    def _needs_attaching(self, source: CSIPersistentVolumeSource | None) -> bool:
        """Whether it is of a driver that attaches; one that is not described does."""
        if source is None:
            return False
        driver = self.cache(CSIDriver).get("", source.driver)
        return driver is None or driver.spec.attach_required is not False

    async def _attach(self, volume: PersistentVolume, node: str) -> None:
        assert volume.spec is not None
        assert volume.spec.csi is not None
        source = volume.spec.csi
        attachment = VolumeAttachment(
            metadata=ObjectMeta(name=attachment_name(source, node)),
            spec=VolumeAttachmentSpec(
                attacher=source.driver,
                node_name=node,
                source=VolumeAttachmentSource(persistent_volume_name=volume.metadata.name),
            ),
        )
        self._refused.pop((volume.metadata.name, node), None)
        with suppress(AlreadyExists):  # the cache is behind
            await self.client.create(attachment)

    async def _detach(self, attachment: VolumeAttachment) -> None:
        metadata = attachment.metadata
        with suppress(NotFound):
            await self.client.delete(VolumeAttachment, metadata.name, uid=metadata.uid)

    # --- what pods hear --------------------------------------------------------------------

    def _tell_attached(
        self, volume: PersistentVolume, pods: list[Pod], kept: list[VolumeAttachment]
    ) -> None:
        """Each pod once, though the attacher's answer is heard of several times."""
        ready = {_node_of(each) for each in kept if each.status and each.status.attached}
        for pod in pods:
            about = f"{volume.metadata.name}/{pod.metadata.uid}"
            if pod.spec is not None and pod.spec.node_name in ready and about not in self._told:
                self._told[about] = None
                message = f'AttachVolume.Attach succeeded for volume "{volume.metadata.name}" '
                self.events.event(pod, "Normal", "SuccessfulAttachVolume", message)
        users = {f"{volume.metadata.name}/{pod.metadata.uid}" for pod in pods}
        for about in [each for each in self._told if each.startswith(f"{volume.metadata.name}/")]:
            if about not in users:
                del self._told[about]

    def _tell_used(
        self, volume: PersistentVolume, node: str, pods: list[Pod], has: Iterable[str]
    ) -> None:
        """The pods of a node that wait hear once by whom the volume is used."""
        if (volume.metadata.name, node) in self._refused:
            return
        self._refused[volume.metadata.name, node] = None
        users = [p.metadata.name for p in pods if p.spec is not None and p.spec.node_name in has]
        why = f"Volume is already used by pod(s) {', '.join(users)}"
        if not users:
            why = "Volume is already exclusively attached to one node and can't be attached to another"
        message = f'Multi-Attach error for volume "{volume.metadata.name}" {why}'
        for pod in pods:
            if pod.spec is not None and pod.spec.node_name == node:
                self.events.event(pod, "Warning", "FailedAttachVolume", message)


class AttachmentReporter(KubernetesController):
    """Each node's status says what is attached to it."""

    name = "attached-volumes"
    account = "attachdetach-controller"
    dormant = True
    kind = VolumeAttachment

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """The node."""
        return (Key("", _node_of(change.latest)),)

    def initial_keys(self) -> Iterable[Key]:
        """The nodes of all there are."""
        return [Key("", _node_of(each)) for each in self.cache(VolumeAttachment).list()]

    def watches(self) -> Mapping[Any, Source]:
        """What others have written into a node's status; volumes are looked up."""
        return {Node: _of_other_status, PersistentVolume: lambda _: ()}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Attachments by node."""
        return {VolumeAttachment: {"node": _node_index}}

    async def reconcile(self, key: Key) -> float | None:
        """Write one node's, if it says anything else."""
        node = self.cache(Node).get(*key)
        if node is None:
            return None
        names = sorted(self._attached_to(key.name))
        said = node.status.volumes_attached if node.status is not None else ()
        if [each.name for each in said] != names:
            attached = [{"name": name, "devicePath": ""} for name in names]
            body = {"status": {"volumesAttached": attached}}
            with suppress(NotFound):
                await self.client.patch(Node, key.name, body, subresource="status")
        return None

    def _attached_to(self, node: str) -> Iterable[str]:
        for each in self.cache(VolumeAttachment).by_index("node", node):
            if each.metadata.deletion_timestamp is not None or not each.status:
                continue
            for name in _volume_index(each) if each.status.attached else ():
                volume = self.cache(PersistentVolume).get("", name)
                if volume is not None and volume.spec is not None and volume.spec.csi is not None:
                    yield unique_name(volume.spec.csi)


class SimulatedAttacher(KubernetesController):
    """Says that simulated disks are attached."""

    name = "simulated-attacher"
    account = ""
    identity = API_SERVER
    dormant = True
    kind = VolumeAttachment

    async def reconcile(self, key: Key) -> float | None:
        """Answer one attachment."""
        found = self.cache(VolumeAttachment).get(*key)
        if found is None or found.spec.attacher != SIMULATED_DRIVER:
            return None
        status = found.status or VolumeAttachmentStatus()
        if not status.attached:
            await write_status(self.client, found, replace(status, attached=True))
        return None


class CsiNodeController(KubernetesController):
    """Each node says that it has the simulated disks' driver, in clusters with classes of storage.

    In Kubernetes each kubelet says so for itself; here the first StorageClass makes all say it.
    """

    name = "csi-nodes"
    account = ""
    identity = API_SERVER
    dormant = True
    kind = StorageClass

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """That there is a class is all that counts."""
        return ()

    def initial_keys(self) -> Iterable[Key]:
        """All nodes."""
        return [key_of(node) for node in self.cache(Node).list()]

    def watches(self) -> Mapping[Any, Source]:
        """A node concerns what it says, and the other way round."""
        return {Node: _came, CSINode: _went}

    async def reconcile(self, key: Key) -> float | None:
        """Write what one node says, if it does not say it."""
        node = self.cache(Node).get(*key)
        if node is None or self.cache(CSINode).get(*key) is not None:
            return None
        owner = owner_reference(node, controller=False, block_owner_deletion=False)
        driver = CSINodeDriver(name=SIMULATED_DRIVER, node_id=key.name)
        said = CSINode(
            metadata=ObjectMeta(name=key.name, owner_references=(owner,)),
            spec=CSINodeSpec(drivers=(driver,)),
        )
        with suppress(AlreadyExists):
            await self.client.create(said)
        return None


def _came(change: Change[Any]) -> Iterable[Key]:
    return (key_of(change.latest),) if change.old is None else ()


def _went(change: Change[Any]) -> Iterable[Key]:
    return (key_of(change.latest),) if change.new is None else ()


def _volume_of(claim: PersistentVolumeClaim) -> Iterable[Key]:
    name = claim.spec.volume_name if claim.spec is not None else ""
    return (Key("", name),) if name else ()


def _of_claim(change: Change[PersistentVolumeClaim]) -> Iterable[Key]:
    return _volume_of(change.latest)


def _volume_index(attachment: VolumeAttachment) -> Iterable[str]:
    source = attachment.spec.source
    return (source.persistent_volume_name,) if source.persistent_volume_name else ()


def _node_index(attachment: VolumeAttachment) -> Iterable[str]:
    return (attachment.spec.node_name,)


def _used_on(node: Node) -> tuple[str, ...]:
    return node.status.volumes_in_use if node.status is not None else ()


def _of_other_status(change: Change[Node]) -> Iterable[Key]:
    """A node whose volumes somebody has written."""
    said = [
        each.status.volumes_attached if each is not None and each.status is not None else ()
        for each in (change.old, change.new)
    ]
    return (key_of(change.latest),) if said[0] != said[1] else ()


def _of_attachment(change: Change[VolumeAttachment]) -> Iterable[Key]:
    return [Key("", name) for name in _volume_index(change.latest)]


def is_ready(node: Node) -> bool:
    """Whether a node says that it is."""
    return node.status is not None and is_true(node.status.conditions, "Ready")


def _is_out_of_service(node: Node) -> bool:
    return node.spec is not None and any(t.key == _OUT_OF_SERVICE for t in node.spec.taints)


def _node_of(attachment: VolumeAttachment) -> str:
    return attachment.spec.node_name
